"""`--data binance+bybit+okx:...`: one coin on several venues out of the catalog, each by when it was known."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.catalog.market import market_id, market_ids
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.markets import open_market
from datafeeds.series import Series
from datafeeds.venue_columns import SUMMED
from tests.datafeeds.catalog.samples import HOUR_MS, START_MS, candles, hours

SYMBOL = "BTC/USDT:USDT"
VENUES = ("binance", "bybit", "okx")
ALL = f"{'+'.join(VENUES)}:{SYMBOL}:1h"
BARS = 72


def fill(catalog, venue, seed, numbers=range(BARS), late_ms=0, kinds=("open_interest", "liquidation_totals")):
    """Store a venue's series for hours after the start; a row depends on its hour and the seed alone."""
    numbers = np.asarray(list(numbers))
    span = hours(int(numbers[0]), int(numbers[-1]) + 1)
    catalog.add(Series(venue, SYMBOL, "candles", "1h"), candles(numbers, seed), [span])
    noise = np.array([np.random.default_rng([seed, 9, int(number)]).random(3) for number in numbers])
    closes = START_MS + (numbers + 1) * HOUR_MS
    rows = {"ts": closes, "known_at": closes + late_ms, "open_interest": 1000.0 + 10.0 * noise[:, 0]}
    if "open_interest" in kinds:
        catalog.add(Series(venue, SYMBOL, "open_interest", "1h"), rows, [hours(int(numbers[0]), int(numbers[-1]) + 2)])
    totals = {"liquidated_long": noise[:, 1], "liquidated_short": noise[:, 2]}
    if "liquidation_totals" in kinds:
        opens = {"ts": closes - HOUR_MS, "known_at": closes}
        catalog.add(Series(venue, SYMBOL, "liquidation_totals", "1h"), opens | totals, [span])


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


def opened(catalog, data=ALL, **range_):
    return open_market(data, catalog=catalog.root, **range_)


def alone(catalog, venue):
    return opened(catalog, f"{venue}:{SYMBOL}:1h").frame.set_index("ts")


def test_the_sum_of_three_venues_is_that_of_their_markets_one_by_one(catalog):
    for seed, venue in enumerate(VENUES):
        fill(catalog, venue, seed, range(seed, BARS))
    market = opened(catalog)
    parts = {venue: alone(catalog, venue) for venue in VENUES}
    total = market.frame.set_index("ts")
    for column in SUMMED:
        table = pd.concat([frame[column] for frame in parts.values()], axis=1).reindex(total.index)
        whole = column != "volume"
        expected = table.sum(axis=1, skipna=not whole, min_count=3 if whole else 1)
        pd.testing.assert_series_equal(total[column], expected, check_names=False)
    assert total["close"].equals(parts["binance"]["close"])
    assert market.name == "binance+bybit+okx_1h/BTCUSDT"
    assert market.venues == VENUES


def test_a_part_counts_once_it_is_known(catalog):
    for seed, venue in enumerate(VENUES):
        fill(catalog, venue, seed, late_ms=60_000 if venue == "okx" else 0)
    total = opened(catalog).frame["open_interest"].to_numpy()
    held = {
        venue: catalog.read(Series(venue, SYMBOL, "open_interest", "1h"), 0, 2**53)["open_interest"] for venue in VENUES
    }
    assert np.isnan(total[0])  # at the first close nothing is known of okx
    np.testing.assert_allclose(total[1:], held["binance"][1:] + held["bybit"][1:] + held["okx"][:-1])


def test_an_hour_that_one_venue_lacks_is_unknown_and_named(catalog):
    for seed, venue in enumerate(VENUES):
        fill(catalog, venue, seed)
    other = Catalog(catalog.root / "other")
    for seed, venue in enumerate(VENUES):
        fill(other, venue, seed, [n for n in range(BARS) if venue != "bybit" or n != 30])
    frame, said = opened(other).frame, opened(other).quality.sentences()
    assert np.flatnonzero(frame["open_interest"].isna()).tolist() == [30]
    assert np.flatnonzero(frame["liquidated_long"].isna()).tolist() == [30]
    for column in SUMMED:
        assert f"1 bar without {column} of bybit, in 1 run: 2024-01-02 06:00 .. 2024-01-02 06:00" in said
    changed = (frame[list(SUMMED)].fillna(-1.0) != opened(catalog).frame[list(SUMMED)]).any(axis=1)
    assert np.flatnonzero(changed).tolist() == [30]


@pytest.mark.parametrize("bars", [10, 40, 71])
def test_no_bar_depends_on_what_lies_after_the_range(catalog, bars):
    for seed, venue in enumerate(VENUES):
        fill(catalog, venue, seed)
    late = Catalog(catalog.root / "late")  # okx tells open interest and liquidations from the fortieth bar on
    for seed, venue in enumerate(VENUES):
        fill(late, venue, seed, kinds=() if venue == "okx" else ("open_interest", "liquidation_totals"))
    fill(late, "okx", 2, range(40, BARS))
    for store in (catalog, late):
        end = pd.Timestamp(START_MS + bars * HOUR_MS, unit="ms", tz="UTC")
        pd.testing.assert_frame_equal(
            opened(store, end=end).frame.dropna(axis=1, how="all"),
            opened(store).frame.iloc[:bars].dropna(axis=1, how="all"),
        )
    assert opened(late).frame["open_interest"].isna().sum() == 40


def test_a_venue_without_open_interest_adds_volume_alone(catalog):
    for seed, venue in enumerate(VENUES):
        fill(
            catalog,
            venue,
            seed,
            kinds=("liquidation_totals",) if venue == "okx" else ("open_interest", "liquidation_totals"),
        )
    market, two = opened(catalog), opened(catalog, f"binance+bybit:{SYMBOL}:1h")
    for column in SUMMED[1:]:
        assert market.frame[column].equals(two.frame[column])
    np.testing.assert_allclose(market.frame["volume"], two.frame["volume"] + alone(catalog, "okx")["volume"].to_numpy())
    assert any("no open interest of okx" in line for line in market.caveats())


def test_sizes_are_counted_in_the_traded_contracts_units(catalog):
    named = {"binance": "1000PEPE/USDT:USDT", "okx": "PEPE/USDT:USDT", "hyperliquid": "kPEPE/USDC:USDC"}
    for seed, (venue, symbol) in enumerate(named.items()):
        catalog.add(Series(venue, symbol, "candles", "1h"), candles(range(24), seed), [hours(0, 24)])
    each = {venue: opened(catalog, f"{venue}:{symbol}:1h").frame for venue, symbol in named.items()}
    for data, factors in (
        ("binance:1000PEPE/USDT:USDT+okx:PEPE/USDT:USDT+hyperliquid:kPEPE/USDC:USDC:1h", (1.0, 0.001, 1.0)),
        ("okx:PEPE/USDT:USDT+binance:1000PEPE/USDT:USDT:1h", (1000.0, 1.0)),
    ):
        total, venues = opened(catalog, data).frame, ("binance", "okx", "hyperliquid")
        for column in ("volume", "taker_buy_volume"):
            expected = sum(factor * each[venue][column] for factor, venue in zip(factors, venues, strict=False))
            np.testing.assert_allclose(total[column], expected)
    assert opened(catalog, data).frame["close"].equals(each["okx"]["close"])


def test_venues_may_call_the_coin_by_symbols_of_their_own():
    found = market_ids("binance+bybit:BTC/USDT:USDT+hyperliquid:BTC/USDC:USDC:4h")
    assert [(one.venue, one.symbol, one.timeframe) for one in found] == [
        ("binance", "BTC/USDT:USDT", "4h"), ("bybit", "BTC/USDT:USDT", "4h"), ("hyperliquid", "BTC/USDC:USDC", "4h"),
    ]  # fmt: skip
    assert market_id("binance+bybit:BTC/USDT:USDT:4h") is None
    for text in (
        "binance:BTC/USDT:USDT+bybit:1h",
        "+bybit:BTC/USDT:USDT:1h",
        "binance+:BTC:1h",
        "C:\\a+b.csv",
        "a+b:1h",
    ):
        assert market_ids(text) == ()


def test_what_has_no_sum_is_refused_in_one_line(catalog):
    fill(catalog, "binance", 0)
    for data, said in (
        (f"binance+okx:{SYMBOL}:1h", "no candles of BTC/USDT:USDT 1h from okx"),
        (f"binance+binance:{SYMBOL}:1h", "name each venue once"),
        ("binance:PEPE/USDT:USDT+bybit:1000SHIB/USDT:USDT:1h", "PEPE and SHIB have no sum"),
    ):
        with pytest.raises(MarketError, match=said):
            opened(catalog, data)
    fill(catalog, "okx", 1, range(200, 210))
    with pytest.raises(MarketError, match=r"okx_1h/BTCUSDT: the catalog holds 0 bars in this range"):
        opened(catalog, f"binance+okx:{SYMBOL}:1h")
