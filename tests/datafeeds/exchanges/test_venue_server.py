"""The loopback venues against an independent reader: ccxt parses what they say, and what it parses equals the truth."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.async_support as ccxt
import numpy as np
import pytest

from tests.datafeeds.exchanges.asking import FIVE_MINUTES, TRUTHS, VENUES, symbol_of
from tests.datafeeds.exchanges.faults import Fault
from tests.datafeeds.exchanges.profile import NOW_MS, running_clock
from tests.datafeeds.exchanges.truth import DAY_MS, HOUR_MS, Truth, make_truth
from tests.datafeeds.exchanges.venue_server import VenueServer, point_at
from tests.datafeeds.exchanges.wire_binance import API_KEY, SECRET

CLASSES = {"binance": "binanceusdm"}
TYPES = {"binance": "linear", "bybit": "linear"}

Use = Callable[[Any, VenueServer, Truth], Awaitable[None]]


def with_ccxt(venue: str, use: Use, truth: Truth | None = None, **settings: object) -> None:
    truth = truth or TRUTHS[venue]

    async def run() -> None:
        async with VenueServer(venue, truth) as server:
            exchange = getattr(ccxt, CLASSES.get(venue, venue))(
                {"enableRateLimit": False, "timeout_on_exit": 0, **settings}
            )
            exchange.has["fetchCurrencies"] = False
            exchange.options["fetchMarkets"]["types"] = [TYPES.get(venue, "swap")]
            point_at(exchange, server.url)
            try:
                await exchange.load_markets()
                await use(exchange, server, truth)
            finally:
                await exchange.close()

    asyncio.run(run())


@pytest.mark.parametrize("venue", VENUES)
def test_ccxt_reads_the_instruments_and_the_clock(venue: str) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        assert await exchange.fetch_time() == NOW_MS
        for market in truth.markets.values():
            read = exchange.market(market.symbol)
            assert read["swap"]
            assert read["linear"]
            assert read["active"]
            assert read["contractSize"] == market.contract_size
            if venue != "hyperliquid":  # where ccxt takes numbers for names, and no listing date is told
                assert read["id"] == market.identifier
                assert read["created"] == market.listed_ms

    with_ccxt(venue, use)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("timeframe", "step"), [("5m", FIVE_MINUTES), ("1h", HOUR_MS)])
def test_ccxt_reads_the_candles(venue: str, timeframe: str, step: int) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        start = (NOW_MS - 90 * step) // step * step
        rows = np.array(await exchange.fetch_ohlcv(symbol_of(venue), timeframe, start, 50))
        truly = truth.expected(symbol_of(venue), "candles", timeframe, start, start + 50 * step)
        assert len(rows) > 20
        # OKX's volume is read from the field in base coins, Gate's in contracts.
        volume = "base_volume" if venue == "okx" else "volume"
        names = ("ts", "open", "high", "low", "close", volume)
        np.testing.assert_array_equal(rows[: truly["ts"].size], np.stack([truly[name] for name in names], 1))
        assert (rows[truly["ts"].size :, 0] >= start + 50 * step).all()  # behind a hole the limit reaches further

    with_ccxt(venue, use)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate"])
def test_ccxt_reads_the_mark_price(venue: str) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        start = (NOW_MS - 80 * HOUR_MS) // HOUR_MS * HOUR_MS
        rows = await exchange.fetch_ohlcv(symbol_of(venue), "1h", start, 40, {"price": "mark"})
        truly = truth.expected(symbol_of(venue), "mark", "1h", start, rows[-1][0] + 1)
        expected = np.stack([truly[name] for name in ("ts", "open", "high", "low", "close")], 1)
        np.testing.assert_array_equal(np.array([row[:5] for row in rows]), expected)

    with_ccxt(venue, use)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate"])
def test_ccxt_reads_the_open_interest_and_the_ratio(venue: str) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        symbol = symbol_of(venue)
        start = (NOW_MS - 80 * HOUR_MS) // HOUR_MS * HOUR_MS
        rows = await exchange.fetch_open_interest_history(symbol, "1h", start, 40)
        truly = truth.expected(symbol, "open_interest", "1h", rows[0]["timestamp"], rows[-1]["timestamp"] + 1)
        assert len(rows) > 30
        assert [row["timestamp"] for row in rows] == truly["ts"].tolist()
        sides = 2.0 if venue == "bybit" else 1.0  # ccxt passes the sum of both on
        assert [row["openInterestAmount"] / sides for row in rows] == truly["open_interest"].tolist()
        if venue != "gate":  # there it is in the statistics, which ccxt reads for the open interest only
            rows = await exchange.fetch_long_short_ratio_history(symbol, "1h", None, 40)
            truly = truth.expected(symbol, "long_short_ratio", "1h", rows[0]["timestamp"])
            assert [row["timestamp"] for row in rows] == truly["ts"].tolist()
            np.testing.assert_allclose([row["longShortRatio"] for row in rows], truly["long_short_ratio"], rtol=1e-14)
        else:
            assert [float(row["info"]["lsr_account"]) for row in rows] == truth.expected(
                symbol, "long_short_ratio", "1h", rows[0]["timestamp"], rows[-1]["timestamp"] + 1
            )["long_short_ratio"].tolist()

    with_ccxt(venue, use)


@pytest.mark.parametrize("venue", VENUES)
def test_ccxt_reads_the_funding(venue: str) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        start = NOW_MS - 12 * DAY_MS
        rows = await exchange.fetch_funding_rate_history(symbol_of(venue), start, 30)
        truly = truth.expected(symbol_of(venue), "funding", "", rows[0]["timestamp"], rows[-1]["timestamp"] + 1)
        assert len(rows) == 30
        assert [row["timestamp"] for row in rows] == truly["ts"].tolist()
        assert [row["fundingRate"] for row in rows] == truly["funding_rate"].tolist()

    with_ccxt(venue, use)


@pytest.mark.parametrize("venue", ["bybit", "okx", "gate"])
def test_ccxt_reads_the_tiers(venue: str) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        tiers = await exchange.fetch_market_leverage_tiers(symbol_of(venue))
        assert tiers[0]["maintenanceMarginRate"] == (0.005 if venue == "bybit" else 0.004)
        assert len(tiers) == 3
        assert tiers[0]["maxNotional"] == tiers[1]["minNotional"] or venue == "okx"

    with_ccxt(venue, use)


def test_ccxt_reads_the_liquidations_of_gate() -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        rows = await exchange.fetch_liquidations(symbol_of("gate"), None, 1000)
        truly = truth.expected(symbol_of("gate"), "liquidations", "", (NOW_MS - HOUR_MS) // 1000 * 1000)
        assert len(rows) > 2
        assert sorted((row["timestamp"], row["contracts"], row["price"]) for row in rows) == sorted(
            zip(truly["ts"].tolist(), truly["size"].tolist(), truly["price"].tolist(), strict=True)
        )
        assert {(row["side"], int(row["info"]["size"]) > 0) for row in rows} <= {("buy", True), ("sell", False)}

    with_ccxt("gate", use)


def test_binance_tells_the_brackets_only_to_those_who_sign_and_whose_clock_is_right() -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        tiers = await exchange.fetch_leverage_tiers(["BTC/USDT:USDT"])
        assert [tier["maxLeverage"] for tier in tiers["BTC/USDT:USDT"]] == [125, 100, 75, 50]
        exchange.secret = "another"  # noqa: S105
        with pytest.raises(ccxt.AuthenticationError, match="-1022"):
            await exchange.fetch_leverage_tiers()
        exchange.apiKey = "another"
        with pytest.raises(ccxt.AuthenticationError, match="-2015"):
            await exchange.fetch_leverage_tiers()
        exchange.apiKey, exchange.secret = API_KEY, SECRET
        truth.clock.offset_ms = -90_000
        with pytest.raises(ccxt.InvalidNonce, match="-1021"):
            await exchange.fetch_leverage_tiers()
        await exchange.load_time_difference()
        assert 89_000 < exchange.options["timeDifference"] < 91_000
        assert await exchange.fetch_leverage_tiers()

    with_ccxt("binance", use, make_truth("binance", days=2, clock=running_clock()), apiKey=API_KEY, secret=SECRET)


@pytest.mark.parametrize("venue", VENUES)
def test_ccxt_understands_the_refusals(venue: str) -> None:
    async def use(exchange: Any, server: VenueServer, truth: Truth) -> None:
        market = exchange.market(symbol_of(venue))
        market["id"] = market["baseName"] = "NOSUCH"
        with pytest.raises(ccxt.ExchangeNotAvailable if venue == "hyperliquid" else ccxt.BadSymbol):
            await exchange.fetch_ohlcv(symbol_of(venue))
        server._faults = iter([Fault("rate_limit"), Fault("server_error", 503), Fault("cut_before")])
        exchange.options["maxRetriesOnFailure"] = 0
        with pytest.raises((ccxt.RateLimitExceeded, ccxt.DDoSProtection)):
            await exchange.fetch_time()
        for _ in range(2):
            with pytest.raises(ccxt.OperationFailed):
                await exchange.fetch_time()
        kinds = [entry.fault.kind for entry in server.log if entry.fault]
        # a GET that was cut comes once more by itself
        assert kinds == ["rate_limit", "server_error", *["cut_before"] * (1 if venue == "hyperliquid" else 2)]

    with_ccxt(venue, use)
