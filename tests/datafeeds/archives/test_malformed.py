"""Thousands of damaged files: an error of the documented type or rows that can be true, quickly, and nothing else."""

import random
import struct
import time
import zlib

import numpy as np
import pytest

from datafeeds.archives.collection import read_file
from datafeeds.archives.layout import archive_files
from datafeeds.catalog.rows import check_rows
from datafeeds.errors import ReplyError
from datafeeds.series import KINDS
from tests.datafeeds.archives.writing import (
    BYBIT,
    CANDLES,
    DAY,
    FUNDING,
    HEADERS,
    LIQUIDATIONS,
    MARK,
    OPEN_INTEREST,
    RATIO,
    RELABELLED,
    bybit_rows,
    candle_rows,
    file_of,
    funding_rows,
    lines,
    liquidation_rows,
    metric_rows,
    packed,
    random_trades,
    trade_rows,
)

TRADES = random_trades(1, 60)
VALID = {
    "candles": (CANDLES, file_of(CANDLES), False, lines(HEADERS["candles"], candle_rows())),
    "mark": (MARK, file_of(MARK), False, lines("", candle_rows())),
    "open_interest": (OPEN_INTEREST, file_of(OPEN_INTEREST), False, lines(HEADERS["metrics"], metric_rows()[:60])),
    "long_short_ratio": (
        RATIO, file_of(RATIO, RELABELLED), False, lines("", metric_rows(RELABELLED)[:60]),
    ),
    "funding": (FUNDING, archive_files(FUNDING, DAY, DAY + 1)[0], False, lines(HEADERS["funding"], funding_rows())),
    "liquidations": (LIQUIDATIONS, file_of(LIQUIDATIONS), False, lines(HEADERS["liquidations"], liquidation_rows())),
    "trades": (CANDLES, file_of(CANDLES, trades=True), True, lines(HEADERS["aggregated"], trade_rows(TRADES))),
    "bybit": (BYBIT, file_of(BYBIT), False, lines(HEADERS["bybit"], bybit_rows(TRADES))),
}  # fmt: skip
CELLS = [b"", b"nan", b"NaN", b"inf", b"-inf", b"1e999", b"-1", b"0", b"-0.0", b"9" * 19, b"9" * 400, b"text", b"\xff\xfe", b"\x00",
         b'"', b"1,2", b"\n", b"1e308", b"5e-324", b"0x10", b"2024-13-45 99:99:99", b"=1+1", b"\xe2\x80\x8b1", b"true",
         b"-9223372036854775808", str(DAY).encode(), str(DAY * 1000).encode(), str(DAY * 10**6).encode()]  # fmt: skip


def flipped(chance, data):
    content = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def in_cells(chance, data):
    rows = [row.split(b",") for row in data.split(b"\n")]
    for _ in range(chance.choice((1, 1, 1, 4))):
        row = chance.choice(rows[:-1])
        row[chance.randrange(len(row))] = chance.choice(CELLS)
    return b"\n".join(b",".join(row) for row in rows)


def in_columns(chance, data):
    rows = [row.split(b",") for row in data.split(b"\n")]
    one, other = chance.randrange(len(rows[0])), chance.randrange(len(rows[0]))
    start = chance.choice((0, 1, len(rows) // 2))
    for row in rows[start:]:
        if len(row) > max(one, other):
            row[one], row[other] = row[other], row[one]
            if chance.random() < 0.1:
                row.pop(chance.randrange(len(row)))
    return b"\n".join(b",".join(row) for row in rows)


def in_rows(chance, data):
    rows = data.split(b"\n")
    for _ in range(chance.randint(1, 8)):
        row = chance.choice(rows)
        match chance.randrange(4):
            case 0:
                rows.append(row)
            case 1:
                rows.insert(chance.randrange(len(rows)), row)
            case 2 if len(rows) > 1:
                rows.remove(row)
            case _:
                chance.shuffle(rows)
    return b"\n".join(rows)


def in_length(chance, data):
    match chance.randrange(5):
        case 0:
            return data[: chance.randrange(len(data))]
        case 1:
            return data[chance.randrange(len(data)) :]
        case 2:
            return data + data
        case 3:
            return data + chance.randbytes(chance.randint(1, 400))
        case _:
            at = chance.randrange(len(data))
            return data[:at] + data[at + chance.randint(1, 300) :]


TABLES = (flipped, in_cells, in_columns, in_rows, in_length)


def damaged_zip(chance, data):
    """Change a packed file: anywhere, or one field of its headers."""
    if chance.random() < 0.5:
        return chance.choice((flipped, in_length))(chance, data)
    content = bytearray(data)
    at = max(data.rfind(b"PK\x01\x02"), 0) + chance.randrange(46)
    struct.pack_into("<H", content, min(at, len(content) - 2), chance.choice((0, 1, 8, 12, 14, 99, 0x7FFF, 0xFFFF)))
    return bytes(content)


def outcome(path, name, content):
    """Return whether a packed file was read; assert that it is an error of the documented type or rows that can be true."""
    series, file, trades, _ = VALID[name]
    path.write_bytes(content)
    try:
        parsed = read_file(series, file, path, trades)
    except ReplyError as error:
        bad = len(str(error)) > 300 or not str(error).isprintable()
        return pytest.fail(repr(error)) if bad else False
    check_rows(series, parsed.rows)
    assert ((parsed.rows["ts"] >= file.start_ms) & (parsed.rows["ts"] < file.end_ms)).all()
    assert parsed.duplicates >= 0 <= parsed.incomplete
    return True


@pytest.mark.parametrize("name", VALID)
def test_what_is_not_damaged_is_read(tmp_path, name):
    _, file, _, content = VALID[name]
    assert outcome(tmp_path / "file", name, packed(file, content))


@pytest.mark.parametrize("count", [150, pytest.param(650, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", VALID)
def test_a_damaged_table_is_an_error_or_rows_that_can_be_true(tmp_path, name, count):
    _, file, _, content = VALID[name]
    started, read = time.monotonic(), 0
    for seed in range(count):
        chance = random.Random(f"{name} {seed}")
        damaged = content
        for _ in range(chance.choice((1, 1, 2))):
            damaged = chance.choice(TABLES)(chance, damaged) or b"\n"
        read += outcome(tmp_path / "file", name, packed(file, damaged))
    assert 0 < 13 * read < 12 * count  # some damage is none, most is
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("name", VALID)
def test_a_damaged_packed_file_is_an_error_or_the_file(tmp_path, name):
    _, file, _, content = VALID[name]
    whole, refused = packed(file, content), 0
    for seed in range(150):
        refused += not outcome(tmp_path / "file", name, damaged_zip(random.Random(f"{name} {seed}"), whole) or b"\n")
    assert refused > 75


@pytest.mark.parametrize("name", VALID)
def test_a_table_of_nonsense_in_a_right_packet_takes_no_long_time(tmp_path, name):
    _, file, _, content = VALID[name]
    header = content.split(b"\n")[0]
    noise = zlib.compress(np.random.default_rng(1).bytes(200_000))
    heaps = [b"," * 300_000, b"\n" * 300_000, b'"' * 300_000, b"1" * 300_000, header + b"\n" + b"1,\n" * 100_000, noise,
             header + b"\n" + b'"' + b"x" * 300_000, (header + b"\n") * 2000, b"\x00" * 300_000, b"1," * 100_000]  # fmt: skip
    started = time.monotonic()
    assert (
        sum(outcome(tmp_path / "file", name, packed(file, heap)) for heap in heaps) <= 1
    )  # a row many times over is a row
    assert time.monotonic() - started < 10


def test_the_valid_files_are_of_all_kinds():
    assert {series.kind for series, *_ in VALID.values()} == set(KINDS) - {
        "liquidation_totals",
        "positions",
        "accounts",
    }
