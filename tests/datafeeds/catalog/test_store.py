"""The catalog against a dictionary of rows; damage; bytes."""

import contextlib
import os
import random
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds import parquet_size
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.partition import Partition, month_bounds, month_of, sweep_temporaries, write_partition
from datafeeds.catalog.rows import take
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from datafeeds.series import KINDS
from tests.datafeeds.catalog.samples import (
    CANDLES,
    LIQUIDATIONS,
    POSITIONS,
    START_MS,
    candles,
    equal,
    hours,
    liquidations,
    positions,
)

ALL = (0, 2**53)


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


def test_what_was_added_is_read_back_bit_for_bit_over_months(catalog):
    rows = candles(range(2000))
    catalog.add(CANDLES, rows, [hours(0, 2000)])
    assert sorted(catalog.files(CANDLES)) == ["2024-01", "2024-02", "2024-03"]
    assert equal(catalog.read(CANDLES, *ALL), rows)
    assert equal(catalog.read(CANDLES, *hours(700, 800)), candles(range(700, 800)))
    assert list(catalog.read(CANDLES, *ALL, columns=("close",))) == ["ts", "close"]


def test_an_absent_series_is_empty_and_wholly_missing(catalog):
    assert len(catalog.read(CANDLES, *ALL)["ts"]) == 0
    assert catalog.missing(CANDLES, *hours(0, 5)) == [hours(0, 5)]


def test_a_stretch_answered_without_rows_is_not_missing(catalog):
    catalog.add(CANDLES, candles(range(5)), [hours(0, 5)])
    catalog.add(CANDLES, candles([]), [hours(8, 9)])
    assert catalog.missing(CANDLES, *hours(0, 12)) == [hours(5, 8), hours(9, 12)]
    catalog.add(CANDLES, candles([]), [hours(1500, 1600)])  # a month without any row
    assert catalog.missing(CANDLES, *hours(1500, 1600)) == []


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 400), st.integers(0, 3)), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_order_of_overlapping_pages_leaves_what_a_dictionary_of_rows_would(tmp_path_factory, pages, random):
    catalog, known, answered = Catalog(tmp_path_factory.mktemp("catalog")), {}, set()
    for first, count, seed in pages:
        present = [hour for hour in range(first, first + count) if random.random() < 0.9]
        rows = candles(present, seed)
        catalog.add(CANDLES, rows, [hours(first, first + count)])
        known |= dict.fromkeys(present, seed)
        answered |= set(range(first, first + count))
    stored = catalog.read(CANDLES, *ALL)
    expected = [candles([hour], known[hour]) for hour in sorted(known)]
    assert equal(stored, {name: np.concatenate([row[name] for row in expected] or [stored[name]]) for name in stored})
    missing = {hour for start, end in catalog.missing(CANDLES, *hours(0, 2000)) for hour in range(*span(start, end))}
    assert missing == set(range(2000)) - answered


def span(start, end):
    return (start - START_MS) // 3_600_000, (end - START_MS) // 3_600_000


def test_the_same_content_gives_the_same_bytes_however_it_came(tmp_path):
    one, other = Catalog(tmp_path / "one"), Catalog(tmp_path / "other")
    one.add(CANDLES, candles(range(100)), [hours(0, 100)])
    for first in (50, 0, 25, 75, 25):
        other.add(CANDLES, candles(range(first, first + 25)), [hours(first, first + 25)])
    files = [catalog.files(CANDLES)["2024-01"].read_bytes() for catalog in (one, other)]
    assert files[0] == files[1]


def test_adding_what_is_there_leaves_the_file_alone(catalog):
    catalog.add(CANDLES, candles(range(10)), [hours(0, 10)])
    before = catalog.files(CANDLES)["2024-01"].stat().st_ino
    catalog.add(CANDLES, candles(range(4)), [hours(0, 4)])
    assert catalog.files(CANDLES)["2024-01"].stat().st_ino == before


def test_rows_outside_what_was_asked_are_refused_and_nothing_is_written(catalog):
    with pytest.raises(ReplyError, match="outside"):
        catalog.add(CANDLES, candles(range(10)), [hours(0, 9)])
    assert catalog.series() == []


def test_liquidations_are_kept_each_even_in_one_instant(catalog):
    rows = liquidations([1, 1, 1, 7])
    catalog.add(LIQUIDATIONS, rows, [hours(0, 1)])
    assert equal(catalog.read(LIQUIDATIONS, *ALL), rows)


RECORDS = {
    "liquidations": (LIQUIDATIONS, liquidations),
    "positions": (POSITIONS, lambda at, **_: positions(at, ["a", "bb"])),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_records_of_files_are_kept_over_months_and_answer_no_time(catalog, kind):
    series, make = RECORDS[kind]
    rows = make([5, 5, 8, 40 * 86_400][0 if kind == "liquidations" else 1 :])
    catalog.keep(series, rows)
    assert sorted(catalog.files(series)) == ["2024-01", "2024-02"]
    assert equal(catalog.read(series, *ALL), rows)
    assert catalog.covered(series) == []
    before = {file: file.stat().st_ino for file in catalog.files(series).values()}
    catalog.keep(series, rows)
    assert {file: file.stat().st_ino for file in catalog.files(series).values()} == before
    assert [holding.defects for holding in inventory(catalog, check=True)] == [()]


@settings(max_examples=12)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
@pytest.mark.parametrize("kind", RECORDS)
def test_records_in_any_order_and_parts_leave_the_same_bytes(kind, tmp_path_factory, cuts, random):
    series, make = RECORDS[kind]
    rows = make([*range(0, 3000, 97), 97, 97, 194] if kind == "liquidations" else list(range(0, 3000, 97)))
    one, other = Catalog(tmp_path_factory.mktemp("one")), Catalog(tmp_path_factory.mktemp("other"))
    one.keep(series, rows)
    count = len(rows["ts"])
    parts = [slice(first * 10, first * 10 + length) for first, length in cuts] + [
        slice(0, count // 2),
        slice(count // 2, count),
    ]
    random.shuffle(parts)
    for part in parts:
        other.keep(series, take(rows, part))
    files = [catalog.files(series)["2024-01"].read_bytes() for catalog in (one, other)]
    assert files[0] == files[1]


def test_a_downloaded_record_may_lie_beside_what_was_answered_only_if_a_file_brought_it(catalog):
    with pytest.raises(ReplyError, match="outside"):
        catalog.add(LIQUIDATIONS, liquidations([1, 7200]), [hours(0, 1)])
    catalog.keep(LIQUIDATIONS, liquidations([7200]))
    catalog.add(LIQUIDATIONS, liquidations([1]), [hours(0, 1)])
    assert catalog.covered(LIQUIDATIONS) == [hours(0, 1)]
    assert len(catalog.read(LIQUIDATIONS, *ALL)["ts"]) == 2


def test_liquidations_of_an_older_file_do_not_know_the_columns_that_came_later(catalog, monkeypatch):
    kind, rows = KINDS["liquidations"], liquidations([1, 5])
    older = replace(kind, values=("side", "price", "size"), optional=("price",))
    with monkeypatch.context() as patch:
        patch.setitem(KINDS, "liquidations", older)
        old = Partition({name: rows[name] for name in older.columns}, [hours(0, 1)])
        write_partition(catalog.folder(LIQUIDATIONS) / "2024-01.parquet", LIQUIDATIONS, old)
    read = catalog.read(LIQUIDATIONS, *ALL)
    assert equal({name: read[name] for name in older.columns}, {name: rows[name] for name in older.columns})
    assert np.isnan(read["limit_price"]).all()
    catalog.add(LIQUIDATIONS, rows, [hours(0, 1)])
    assert equal(catalog.read(LIQUIDATIONS, *ALL), rows)


def test_times_are_readable_by_others_as_utc(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    table = pq.read_table(catalog.files(CANDLES)["2024-01"])
    assert str(table.schema.field("ts").type) == "timestamp[ms, tz=UTC]"
    assert table.column("ts")[0].as_py().isoformat() == "2024-01-01T00:00:00+00:00"


def test_damage_is_told_in_one_sentence_that_names_the_file(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    file = catalog.files(CANDLES)["2024-01"]
    whole = file.read_bytes()
    for torn in (b"", whole[: len(whole) // 2], b"PAR1" + whole[4:-40] + b"PAR1"):
        file.write_bytes(torn)
        with pytest.raises(MarketError, match=r"2024-01\.parquet: damaged"):
            catalog.read(CANDLES, *ALL)
        with pytest.raises(MarketError, match="damaged"):
            catalog.covered(CANDLES)


@pytest.mark.parametrize("series", [CANDLES, LIQUIDATIONS, POSITIONS], ids=lambda series: series.kind)
def test_a_bit_that_flips_anywhere_in_a_file_is_damage_or_changes_nothing(catalog, series):
    made = {
        "candles": candles(range(50)),
        "liquidations": liquidations(list(range(50))),
        "positions": positions([0, 9], [*"abcde"]),
    }
    catalog.add(series, made[series.kind], [hours(0, 50)])
    file = catalog.files(series)["2024-01"]
    content, rows, chance, refused = file.read_bytes(), catalog.read(series, *ALL), random.Random(4), 0
    tries = 2000 if series is CANDLES else 200
    for _ in range(tries):
        broken = bytearray(content)
        for _ in range(chance.choice((1, 1, 5))):
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        file.write_bytes(broken)
        with contextlib.suppress(MarketError):
            assert catalog.covered(series) == [hours(0, 50)]
        try:
            assert equal(catalog.read(series, *ALL), rows)
        except MarketError as error:
            refused += 1
            assert "\n" not in str(error)  # noqa: PT017 - any of many sentences
    assert refused > tries / 2


def test_a_file_moved_to_another_series_is_not_taken_for_its_own(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    other = catalog.folder(CANDLES).parent / "candles-1m"
    catalog.folder(CANDLES).rename(other)
    with pytest.raises(MarketError, match="another series"):
        catalog.read(next(iter(catalog.series())), *ALL)


@pytest.mark.parametrize("kind", ["pipe", "device", "nothing"])
def test_pipes_devices_and_links_to_nothing_are_refused_and_not_waited_for(catalog, kind, time_limit):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    file = catalog.files(CANDLES)["2024-01"]
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero" if kind == "device" else "/nowhere")
    time_limit(10)
    for read in (lambda: catalog.read(CANDLES, *ALL), lambda: catalog.covered(CANDLES)):
        with pytest.raises(MarketError, match=r"2024-01\.parquet: damaged"):
            read()
    assert len(inventory(catalog)[0].defects) == 1


def test_a_month_of_more_values_than_any_has_is_refused_before_a_row_is_read(catalog, monkeypatch):
    def read(*_, **__):
        raise AssertionError("its rows were read")

    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    monkeypatch.setattr(parquet_size, "MAX_VALUES", 3 * len(KINDS["candles"].columns) - 1)
    monkeypatch.setattr(pq.ParquetFile, "read", read)
    with pytest.raises(MarketError, match="more than"):
        catalog.read(CANDLES, *ALL)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "binance").write_text("in the way")
    with pytest.raises(MarketError, match="cannot be written"):
        Catalog(tmp_path).add(CANDLES, candles(range(3)), [hours(0, 3)])


def test_leftovers_of_the_killed_are_swept_only_when_old(tmp_path):
    young, old = tmp_path / ".a.parquet.1.x.tmp", tmp_path / ".b.parquet.2.y.tmp"
    for file in (young, old):
        file.write_text("")
    os.utime(old, (0, 0))
    assert sweep_temporaries(tmp_path) == 1
    assert young.exists()
    assert not old.exists()


@given(st.integers(1_230_940_800_000, 4_102_444_799_999))
def test_a_time_lies_in_its_month(ts):
    first, last = month_bounds(month_of(ts))
    assert first <= ts < last
