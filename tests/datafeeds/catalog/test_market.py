"""A market out of the catalog: joined by when things were known, equal to the file it came from."""

import numpy as np
import pytest

from datafeeds.catalog.importing import import_market
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.market import market_id, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.files import read_market
from datafeeds.live.journal import Journal, journal_folder
from datafeeds.live.journal_lines import LIMIT, Session
from datafeeds.live.liquidation import Liquidation, LiveMarket
from datafeeds.markets import open_market
from datafeeds.resampling import resample
from datafeeds.series import Series
from tests.datafeeds.catalog.samples import CANDLES, HOUR_MS, START_MS, candles, hours

BTC = market_id("binance:BTC/USDT:USDT:1h")
OKX = market_id("okx:BTC/USDT:USDT:1h")
ALL_REAL = [
    "bybit_1h/BTCUSDT", "bybit_1h/ETHUSDT", "binance_1h/BTCUSDT", "binance_1h/ETHUSDT", "binance_1h_liquidations/BTCUSDT",
    "binance_15m/BTCUSDT", "binance_5m/BTCUSDT",
]  # fmt: skip


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


@pytest.mark.parametrize("name", ALL_REAL)
def test_a_file_taken_into_the_catalog_comes_out_with_the_same_fingerprint(catalog, market_data, name):
    market = read_market(market_data / f"{name}.parquet")
    import_market(catalog, market, "binance", "BTC/USDT:USDT")
    timeframe = {900: "15m", 3600: "1h", 300: "5m"}[market.bar_seconds]
    again = read_catalog_market(catalog, market_id(f"binance:BTC/USDT:USDT:{timeframe}"))
    assert again.fingerprint() == market.fingerprint()
    assert again.bar_seconds == market.bar_seconds


def stored(catalog, kind, values, offsets_ms, timeframe="1h", known_after_ms=0):
    series = Series("binance", "BTC/USDT:USDT", kind, timeframe)
    ts = START_MS + np.asarray(offsets_ms, dtype=np.int64)
    rows = {"ts": ts, "known_at": ts + known_after_ms} | {
        name: np.asarray(column, dtype=float) for name, column in values.items()
    }
    catalog.add(series, rows, [(int(ts[0]) // HOUR_MS * HOUR_MS, int(ts[-1]) + series.period_ms)])


def test_open_interest_is_the_snapshot_at_the_bars_close_neither_the_one_before_nor_after(catalog):
    catalog.add(CANDLES, candles(range(6)), [hours(0, 6)])
    stored(catalog, "open_interest", {"open_interest": range(100, 107)}, [hour * HOUR_MS for hour in range(7)])
    frame = read_catalog_market(catalog, BTC).frame
    assert frame["open_interest"].tolist() == [101.0, 102.0, 103.0, 104.0, 105.0, 106.0]


def test_a_snapshot_that_became_known_late_is_not_known_early(catalog):
    catalog.add(CANDLES, candles(range(4)), [hours(0, 4)])
    offsets = [hour * HOUR_MS for hour in range(5)]
    stored(catalog, "open_interest", {"open_interest": range(100, 105)}, offsets, known_after_ms=1)
    frame = read_catalog_market(catalog, BTC).frame
    # known a millisecond after each close: a bar knows the one of its open, fifty-nine minutes and more old
    assert frame["open_interest"].tolist() == [100.0, 101.0, 102.0, 103.0]


def test_a_hole_in_the_snapshots_is_a_hole_in_the_bars(catalog):
    catalog.add(CANDLES, candles(range(6)), [hours(0, 6)])
    stored(catalog, "open_interest", {"open_interest": [100, 101, 105, 106]}, [0, HOUR_MS, 5 * HOUR_MS, 6 * HOUR_MS])
    values = read_catalog_market(catalog, BTC).frame["open_interest"].tolist()
    assert [value for value in values if value == value] == [101.0, 105.0, 106.0]
    assert np.isnan(values[1:4]).all()


def test_the_series_nearest_to_the_bars_wins_and_others_fill_its_holes(catalog):
    catalog.add(CANDLES, candles(range(4)), [hours(0, 4)])
    stored(catalog, "open_interest", {"open_interest": [201, 203]}, [HOUR_MS, 3 * HOUR_MS])
    five = [minute * 60_000 for minute in range(0, 241, 5)]
    stored(catalog, "open_interest", {"open_interest": np.arange(len(five))}, five, timeframe="5m")
    assert read_catalog_market(catalog, BTC).frame["open_interest"].tolist() == [201.0, 24.0, 203.0, 48.0]


def test_funding_lies_in_the_bar_in_which_it_settles(catalog):
    catalog.add(CANDLES, candles(range(10)), [hours(0, 10)])
    stored(catalog, "funding", {"funding_rate": [0.001, -0.002]}, [0, 8 * HOUR_MS], timeframe="")
    rates = read_catalog_market(catalog, BTC).frame["funding_rate"].tolist()
    assert (rates[0], rates[8]) == (0.001, -0.002)
    assert np.isnan(rates[1:8]).all()


def test_totals_of_liquidations_count_only_where_every_part_is_known(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    minutes = [minute * 60_000 for minute in range(0, 180, 5) if minute != 65]
    stored(
        catalog,
        "liquidation_totals",
        {"liquidated_long": np.ones(35), "liquidated_short": np.zeros(35)},
        minutes,
        "5m",
        300_000,
    )
    frame = read_catalog_market(catalog, BTC).frame
    assert frame["liquidated_long"].fillna(-1.0).tolist() == [12.0, -1.0, 12.0]
    assert frame["liquidated_short"].fillna(-1.0).tolist() == [0.0, -1.0, 0.0]


def test_single_liquidations_are_summed_where_they_were_observed(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    series = Series("binance", "BTC/USDT:USDT", "liquidations")
    ts = START_MS + np.array([1000, 2000, HOUR_MS - 100])
    rows = {
        "ts": ts,
        "known_at": ts + 500,
        "side": np.array([1.0, -1.0, 1.0]),
        "price": np.full(3, 9.0),
        "size": np.array([2.0, 3.0, 4.0]),
    }
    catalog.add(series, rows, [hours(0, 2)])
    frame = read_catalog_market(catalog, BTC).frame
    assert frame["liquidated_long"].fillna(-1.0).tolist() == [
        2.0,
        4.0,
        -1.0,
    ]  # the last one was known in the second hour
    assert frame["liquidated_short"].fillna(-1.0).tolist() == [3.0, 0.0, -1.0]
    assert frame["largest_liquidated_long of binance"].fillna(-1.0).tolist() == [18.0, 36.0, -1.0]


def test_totals_tell_the_sums_and_single_liquidations_the_largest(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    totals = {"liquidated_long": [50.0, 60.0, 70.0], "liquidated_short": [0.0, 0.0, 0.0]}
    stored(catalog, "liquidation_totals", totals, [0, HOUR_MS, 2 * HOUR_MS], known_after_ms=HOUR_MS)
    ts = START_MS + np.array([1000])
    event = {"side": np.array([-1.0]), "price": np.array([9.0]), "size": np.array([2.0])}
    catalog.add(Series("binance", "BTC/USDT:USDT", "liquidations"), {"ts": ts, "known_at": ts} | event, [hours(0, 3)])
    market = read_catalog_market(catalog, BTC)
    assert market.frame["liquidated_long"].tolist() == [50.0, 60.0, 70.0]
    assert market.frame["largest_liquidated_short of binance"].tolist() == [18.0, 0.0, 0.0]
    assert not any("lower bound" in line for line in market.caveats())
    assert not any("largest" in line for line in market.quality.sentences())


def test_a_download_fills_the_hours_that_the_feed_did_not_hear(catalog):
    series = Series("okx", "BTC/USDT:USDT", "liquidations")
    catalog.add(Series("okx", "BTC/USDT:USDT", "candles", "1h"), candles(range(4)), [hours(0, 4)])
    session = Session("okx", series.symbol, "throttled", "one a second", LIMIT)
    market = LiveMarket("BTC-USDT-SWAP", series.symbol, 0.01)
    with Journal(journal_folder(catalog, "okx", series.symbol), session) as journal:
        for hour, size in ((0, 2.0), (3, 4.0)):
            at = START_MS + hour * HOUR_MS + 1000
            journal.event(Liquidation(market, at, at, 1, 9.0, size), at)
            journal.alive(*hours(hour, hour + 1))
        journal.flush()
    assert read_catalog_market(catalog, OKX).frame["liquidated_long"].fillna(-1.0).tolist() == [2.0, -1.0, -1.0, 4.0]
    ts = np.array([START_MS + HOUR_MS + 5000])
    rows = {
        "ts": ts,
        "known_at": ts + 1000,
        "side": np.ones(1),
        "size": np.array([3.0]),
        "limit_price": np.array([9.0]),
    }
    catalog.add(series, rows, [hours(1, 3)])
    market = read_catalog_market(catalog, OKX)
    assert market.frame["liquidated_long"].tolist() == [2.0, 3.0, 0.0, 4.0]
    assert market.frame["largest_liquidated_long of okx"].tolist() == [18.0, 27.0, 0.0, 36.0]


def test_larger_bars_are_made_of_smaller_ones_where_those_are_there(catalog):
    catalog.add(CANDLES, candles(range(48)), [hours(0, 48)])
    made = read_catalog_market(catalog, market_id("binance:BTC/USDT:USDT:4h"))
    assert made.fingerprint() == resample(read_catalog_market(catalog, BTC), 14_400).fingerprint()
    assert any("4h made of 1h" in line for line in made.caveats())


def test_a_market_that_is_not_there_is_answered_with_the_command_that_brings_it(catalog):
    catalog.add(CANDLES, candles(range(4)), [hours(0, 4)])
    for text in ("binance:BTC/USDT:USDT:30m", "okx:BTC/USDT:USDT:1h", "binance:ETH/USDT:USDT:1h"):
        with pytest.raises(MarketError, match=r"python -m runs\.download --venue"):
            read_catalog_market(catalog, market_id(text))


def test_gaps_that_nobody_asked_for_are_told_from_those_of_the_venue(catalog):
    catalog.add(CANDLES, candles([0, 1, 2, 4]), [hours(0, 5)])  # the venue had no fourth hour
    catalog.add(CANDLES, candles(range(10, 12)), [hours(10, 12)])
    market = read_catalog_market(catalog, BTC)
    assert "5 bars of the range were never downloaded" in market.caveats()[0]
    held = inventory(catalog)[0]
    assert (held.rows, held.absent, held.not_downloaded) == (6, 1, [hours(5, 10)])


def test_a_check_finds_damage_and_what_lies_in_the_wrong_place(catalog):
    catalog.add(CANDLES, candles(range(800)), [hours(0, 800)])
    assert inventory(catalog, check=True)[0].defects == ()
    files = catalog.files(CANDLES)
    files["2024-01"].write_bytes(files["2024-02"].read_bytes())
    assert "rows of another month" in inventory(catalog, check=True)[0].defects[0]
    files["2024-01"].write_bytes(b"PAR1")
    assert "damaged" in inventory(catalog)[0].defects[0]


def test_a_name_is_a_catalogs_only_if_no_file_has_it(tmp_path, monkeypatch):
    assert market_id("data/btc.parquet") is None
    assert market_id("C:\\data\\btc.parquet") is None
    assert market_id("binance:BTC/USDT:USDT:1h").symbol == "BTC/USDT:USDT"
    Catalog(tmp_path).add(CANDLES, candles(range(30)), [hours(0, 30)])
    market = open_market("binance:BTC/USDT:USDT:1h", "2024-01-01T05:00", "2024-01-01T10:00", catalog=tmp_path)
    assert len(market) == 5
    with pytest.raises(MarketError, match="no such file; in the catalog it is venue:symbol:timeframe"):
        open_market("binance:BTC/USDT:USDT", catalog=tmp_path)
    with pytest.raises(MarketError, match="needs none"):
        open_market("binance:BTC/USDT:USDT:1h", mapping="x.toml", catalog=tmp_path)


def test_the_largest_liquidation_is_the_larger_of_what_an_archive_and_a_recording_know(catalog):
    catalog.add(CANDLES, candles(range(3)), [hours(0, 3)])
    series = Series("binance", "BTC/USDT:USDT", "liquidations")
    ts = START_MS + np.array([1000, HOUR_MS + 1000])
    event = {"side": np.array([1.0, 1.0]), "price": np.array([9.0, 9.0]), "size": np.array([2.0, 2.0])}
    catalog.add(series, {"ts": ts, "known_at": ts} | event, [hours(0, 2)])
    at = START_MS + 2000
    session = Session("binance", "BTC/USDT:USDT", "throttled", "one a second", "fill")
    with Journal(journal_folder(catalog, "binance", "BTC/USDT:USDT"), session) as journal:
        market = LiveMarket("BTCUSDT", "BTC/USDT:USDT", 1.0, inverse=False)
        journal.event(Liquidation(market, at, at, 1, 9.0, 7.0), at)
        journal.alive(START_MS, START_MS + 3 * HOUR_MS)
        journal.flush()
    largest = read_catalog_market(catalog, BTC).frame["largest_liquidated_long of binance"]
    assert largest.tolist() == [63.0, 18.0, 0.0]
