"""Durable rows: exact, each counted once, and no more than the last line lost to a kill."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.sweeps.rows.log import RowLog, read_rows
from runs.sweeps.rows.row import decode, encode
from runs.sweeps.space.candidates import Combination

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def row(number, returns=(0.5, -0.25)):
    combination = Combination(number, f"key{number}", (0.1 * number, "a b", True, (1.0, 2.0)))
    return encode(combination, "", {"sharpe": number / 3.0, "trades": number}, np.array(returns), "sharpe")


def bits(values):
    return [struct.pack("<d", value) for value in values]


@given(st.lists(NUMBERS, max_size=6), NUMBERS)
def test_floats_come_back_to_the_last_bit(returns, metric):
    found = decode(encode(Combination(1, "k", (metric,)), "", {"sharpe": metric}, np.array(returns), "sharpe").line)
    assert bits(found["daily_returns"]) == bits(np.array(returns, dtype=float))
    for value in (found["metrics"]["sharpe"], found["values"][0]):
        assert value == metric or (math.isnan(value) and math.isnan(metric))
        assert math.copysign(1.0, value) == math.copysign(1.0, metric) or math.isnan(metric)


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_noticed(place, value):
    line = bytearray(row(3).line)
    place %= len(line)
    if line[place] != value:
        line[place] = value
        assert decode(bytes(line)) is None


def test_a_torn_tail_is_cut_wherever_it_tears(tmp_path):
    whole, torn = row(1).line + row(2).line, row(3).line
    for length in [*range(0, len(torn), 7), len(torn) - 1, len(torn)]:
        folder = tmp_path / str(length)
        (folder / "rows").mkdir(parents=True)
        (folder / "rows" / "00001.rows").write_bytes(whole + torn[:length])
        row_log = RowLog(folder, "sharpe")
        kept = {"key1", "key2"} | ({"key3"} if length == len(torn) else set())
        assert set(row_log.scores) == kept
        row_log.append([row(3), row(4)])
        row_log.close()
        assert (folder / "rows" / "00001.rows").read_bytes() == whole + (torn if length == len(torn) else b"")
        assert sorted(found["number"] for found in read_rows(folder)) == [1, 2, 3, 4]


def test_a_damaged_line_in_the_middle_is_done_again_and_harms_no_other(tmp_path):
    row_log = RowLog(tmp_path, "sharpe")
    row_log.append([row(1), row(2), row(3)])
    row_log.close()
    (path,) = (tmp_path / "rows").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"number":2', b'"number":7'))
    again = RowLog(tmp_path, "sharpe")
    assert set(again.scores) == {"key1", "key3"}
    assert again.append([row(1), row(2), row(3)]) == 1
    again.close()
    assert sorted(found["number"] for found in read_rows(tmp_path)) == [1, 2, 3]


def test_a_key_counts_once_however_often_it_is_delivered(tmp_path):
    row_log = RowLog(tmp_path, "sharpe")
    assert [row_log.append([row(1), row(1)]), row_log.append([row(1), row(2)])] == [1, 1]
    row_log.close()
    lines = b"".join(path.read_bytes() for path in (tmp_path / "rows").iterdir()).splitlines()
    assert len(lines) == 2
    (tmp_path / "rows" / "00009.rows").write_bytes(row(2).line)  # as if two machines had written it
    assert len(list(read_rows(tmp_path))) == 2


def test_scores_are_the_objectives(tmp_path):
    row_log = RowLog(tmp_path, "sharpe")
    row_log.append([row(1), encode(Combination(2, "bad", ()), "no", {}, np.zeros(0), "sharpe")])
    row_log.close()
    again = RowLog(tmp_path, "sharpe")
    again.close()
    for scores in (row_log.scores, again.scores):
        assert scores["key1"] == pytest.approx(1.0 / 3.0, abs=0.0)
        assert math.isnan(scores["bad"])
