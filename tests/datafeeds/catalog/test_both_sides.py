"""Bybit's open interest in catalogs of the format before: stored as longs and shorts together, read as one side."""

import json
import zlib

import numpy as np
import pyarrow.parquet as pq
import pytest

from datafeeds.catalog.importing import import_market
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.market import market_id, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.series import Series
from datafeeds.simulated.market import simulate
from tests.datafeeds.catalog.samples import HOUR_MS, START_MS, candles, hours

ALL = (0, 2**53)
BYBIT = Series("bybit", "BTC/USDT:USDT", "open_interest", "1h")
MONTH = 744  # hours of January


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


def snapshots(numbers, kind="open_interest"):
    """Return a snapshot an hour, whose value is 1000 + the hour."""
    ts = START_MS + np.asarray(list(numbers), dtype=np.int64) * HOUR_MS
    return {"ts": ts, "known_at": ts.copy(), kind: 1000.0 + np.asarray(list(numbers), dtype=float)}


def aged(catalog, series):
    """Give a series' files the number of the format before; the layout is the same."""
    for file in catalog.files(series).values():
        table = pq.ParquetFile(file).read()
        text = json.dumps(json.loads(table.schema.metadata[b"liquidation_heatmap"]) | {"format": 2}).encode()
        said = {b"liquidation_heatmap": text, b"liquidation_heatmap_crc32": str(zlib.crc32(text)).encode()}
        pq.write_table(table.replace_schema_metadata(said), file)


def values(catalog, series=BYBIT, first=0, last=2000, **how):
    return catalog.read(series, *hours(first, last), **how)[series.kind].tolist()


def test_what_counts_both_sides_is_read_halved_whole_or_in_part_and_said(catalog):
    catalog.add(BYBIT, snapshots(range(2000)), [hours(0, 2000)])
    assert values(catalog) == [1000.0 + hour for hour in range(2000)]
    assert catalog.remarks(BYBIT) == ()
    aged(catalog, BYBIT)
    assert values(catalog) == values(catalog, columns=("open_interest",)) == [500.0 + hour / 2 for hour in range(2000)]
    assert list(catalog.read(BYBIT, *ALL, columns=("known_at",))) == ["ts", "known_at"]
    (remark,) = catalog.remarks(BYBIT)
    assert "3 files, from 2024-01 on" in remark
    assert inventory(catalog, check=True)[0].defects == ()
    assert catalog.missing(BYBIT, *hours(0, 2000)) == []


@pytest.mark.parametrize(
    "series",
    [
        Series("binance", "BTC/USDT:USDT", "open_interest", "1h"),
        Series("bybit-mine", "BTC/USDT:USDT", "open_interest", "1h"),
        Series("bybit", "BTC/USDT:USDT", "long_short_ratio", "1h"),
    ],
)
def test_all_else_of_the_format_before_is_read_as_it_is(catalog, series):
    catalog.add(series, snapshots(range(10), series.kind), [hours(0, 10)])
    aged(catalog, series)
    assert values(catalog, series) == [1000.0 + hour for hour in range(10)]
    assert catalog.remarks(series) == ()


def test_nothing_is_halved_twice_however_a_download_goes_on(catalog):
    catalog.add(BYBIT, snapshots(range(MONTH + 100)), [hours(0, MONTH + 100)])
    aged(catalog, BYBIT)
    old = values(catalog)
    catalog.add(BYBIT, snapshots(range(MONTH + 100, MONTH + 150)), [hours(MONTH + 100, MONTH + 150)])
    new = [1000.0 + hour for hour in range(MONTH + 100, MONTH + 150)]
    for _ in range(2):
        assert values(catalog) == old + new
        catalog.add(BYBIT, snapshots([]), [hours(MONTH + 150, MONTH + 151)])
    assert "1 files, from 2024-01 on" in catalog.remarks(BYBIT)[0]
    # another tail of the month that is still old, then the same rows once more
    again = {**snapshots(range(9)), "open_interest": np.array(old[:9])}
    before = catalog.files(BYBIT)["2024-01"].read_bytes()
    catalog.add(BYBIT, again, [hours(0, 9)])
    assert catalog.files(BYBIT)["2024-01"].read_bytes() == before
    again["open_interest"] = again["open_interest"] + 1.0
    catalog.add(BYBIT, again, [hours(0, 9)])
    assert values(catalog) == [value + 1.0 for value in old[:9]] + old[9:] + new
    assert catalog.remarks(BYBIT) == ()


def test_a_market_reads_one_side_and_says_so_where_its_range_needs_it(catalog):
    catalog.add(Series("bybit", "BTC/USDT:USDT", "candles", "1h"), candles(range(2000)), [hours(0, 2000)])
    catalog.add(BYBIT, snapshots(range(1, MONTH)), [hours(1, MONTH)])
    aged(catalog, BYBIT)
    catalog.add(BYBIT, snapshots(range(MONTH, 2000)), [hours(MONTH, 2000)])
    bybit = market_id("bybit:BTC/USDT:USDT:1h")
    market = read_catalog_market(catalog, bybit)
    assert market.frame["open_interest"].iloc[[0, MONTH - 2, MONTH - 1]].tolist() == [500.5, 871.5, 1744.0]
    assert [fact for fact in market.caveats() if "hold the sum of longs and shorts" in fact]
    later = read_catalog_market(catalog, bybit, start_ms=START_MS + 1500 * HOUR_MS)
    assert not [fact for fact in later.caveats() if "longs and shorts" in fact]


def test_a_file_of_ones_own_under_bybits_name_is_taken_as_it_is(catalog):
    market = simulate(4, bars=60)
    import_market(catalog, market, "bybit", "BTC/USDT:USDT")
    again = read_catalog_market(catalog, market_id("bybit:BTC/USDT:USDT:1h"))
    assert again.fingerprint() == market.fingerprint()
