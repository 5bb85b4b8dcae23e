"""The catalog against a dictionary of rows; damage; bytes."""

import contextlib
import random

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.catalog.partition import month_bounds, month_of, sweep_temporaries
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from tests.datafeeds.catalog.samples import (
    CANDLES,
    LIQUIDATIONS,
    START_MS,
    candles,
    equal,
    hours,
    liquidations,
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


def test_a_bit_that_flips_anywhere_in_a_file_is_damage_or_changes_nothing(catalog):
    catalog.add(CANDLES, candles(range(50)), [hours(0, 50)])
    file = catalog.files(CANDLES)["2024-01"]
    content, rows, chance, refused = file.read_bytes(), catalog.read(CANDLES, *ALL), random.Random(4), 0
    for _ in range(2000):
        broken = bytearray(content)
        for _ in range(chance.choice((1, 1, 5))):
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        file.write_bytes(broken)
        with contextlib.suppress(MarketError):
            assert catalog.covered(CANDLES) == [hours(0, 50)]
        try:
            assert equal(catalog.read(CANDLES, *ALL), rows)
        except MarketError as error:
            refused += 1
            assert "\n" not in str(error)  # noqa: PT017 - any of many sentences
    assert refused > 1000


def test_a_file_moved_to_another_series_is_not_taken_for_its_own(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    other = catalog.folder(CANDLES).parent / "candles-1m"
    catalog.folder(CANDLES).rename(other)
    with pytest.raises(MarketError, match="another series"):
        catalog.read(next(iter(catalog.series())), *ALL)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "binance").write_text("in the way")
    with pytest.raises(MarketError, match="cannot be written"):
        Catalog(tmp_path).add(CANDLES, candles(range(3)), [hours(0, 3)])


def test_leftovers_of_the_killed_are_swept_only_when_old(tmp_path):
    import os

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
