"""What the loopback venues promise beyond what ccxt asks: whole windows, cursors, limits, refusals, how far back they go."""

import json
from itertools import pairwise
from typing import Any

import aiohttp
import numpy as np
import pytest

from tests.datafeeds.exchanges.asking import FIVE_MINUTES, TRUTHS, VENUES, ask, candles, symbol_of, times, with_server
from tests.datafeeds.exchanges.profile import NOW_MS, Clock
from tests.datafeeds.exchanges.truth import DAY_MS, HOUR_MS, make_truth
from tests.datafeeds.exchanges.venue_server import VenueServer


@pytest.mark.parametrize("venue", VENUES)
def test_windows_put_end_to_end_hold_every_candle_once_and_nothing_before_the_listing(venue: str) -> None:
    truth = make_truth(venue, seed=5, days=14)

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        found, width = [], 100 * FIVE_MINUTES
        start = (NOW_MS - 15 * DAY_MS) // FIVE_MINUTES * FIVE_MINUTES
        for begin in range(start, NOW_MS, width):
            page = times(venue, await ask(session, server, candles(venue, begin, begin + width)))
            assert page == sorted(page, reverse=venue in ("bybit", "okx"))
            found += sorted(page)
        truly = truth.expected(symbol_of(venue), "candles", "5m")["ts"].tolist()
        assert found[:-1] == truly  # the last one is not finished
        assert any(later - earlier > width for earlier, later in pairwise(truly))  # a long hole

    with_server(venue, use, truth)


@pytest.mark.parametrize("venue", VENUES)
def test_an_unfinished_candle_changes_and_the_clock_finishes_it(venue: str) -> None:
    clock = Clock()
    truth = make_truth(venue, days=2, clock=clock)
    now = NOW_MS // FIVE_MINUTES * FIVE_MINUTES

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        wanted = candles(venue, now, now + 2 * FIVE_MINUTES)
        first, second = [await ask(session, server, wanted) for _ in range(2)]
        assert times(venue, first) == times(venue, second) == [now]
        assert first != second
        clock.offset_ms = FIVE_MINUTES
        third = await ask(session, server, wanted)
        assert sorted(times(venue, third)) == [now, now + FIVE_MINUTES]

    with_server(venue, use, truth)


def test_bybit_goes_on_behind_a_cursor_until_it_is_spent() -> None:
    truth = TRUTHS["bybit"]
    asked = dict(category="linear", symbol="BTCUSDT", intervalTime="5min", limit=200, endTime=NOW_MS)

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        found, cursor = [], None
        while cursor != "":
            extra = {} if cursor is None else {"cursor": cursor}
            result = json.loads(await ask(session, server, ("GET", "/v5/market/open-interest", asked | extra)))[
                "result"
            ]
            found += [(int(row["timestamp"]), float(row["openInterest"]) / 2.0) for row in result["list"]]
            cursor = result["nextPageCursor"]
        truly = truth.expected("BTC/USDT:USDT", "open_interest", "5m")
        assert found[::-1] == list(zip(truly["ts"].tolist(), truly["open_interest"].tolist(), strict=True))

    with_server("bybit", use)


LATE = NOW_MS - 32 * DAY_MS
REFUSED = [
    ("binance", "/futures/data/openInterestHist", dict(symbol="BTCUSDT", period="5m", startTime=LATE), "-1130"),
    ("binance", "/fapi/v1/klines", dict(symbol="BTCUSDT", interval="5m", limit=1501), "-1130"),
    ("binance", "/fapi/v1/klines", dict(symbol="NOSUCH", interval="5m"), "-1121"),
    ("binance", "/fapi/v1/klines", dict(symbol="BTCUSDT", interval="5m", startTime=2, endTime=1), "-1023"),
    ("binance", "/fapi/v1/leverageBracket", {}, "-2014"),
    ("bybit", "/v5/market/kline", dict(category="linear", symbol="NOSUCH", interval="5"), "Not supported symbols"),
    ("bybit", "/v5/market/funding/history", dict(category="linear", symbol="BTCUSDT", startTime=1), "10001"),
    ("okx", "/api/v5/market/history-candles", dict(instId="NO-SUCH-SWAP"), "51001"),
    ("gate", "/api/v4/futures/usdt/candlesticks", {"contract": "BTC_USDT", "from": 1, "limit": 5}, "INVALID_PARAM"),
    ("gate", "/api/v4/futures/usdt/candlesticks", {"contract": "BTC_USDT", "from": LATE // 1000}, "too broad"),
    ("gate", "/api/v4/futures/usdt/candlesticks", {"contract": "BTC_USDT", "from": 0, "to": 9}, "too long ago"),
    ("gate", "/api/v4/futures/usdt/contract_stats", dict(contract="BTC_USDT", limit=101), "INVALID_PARAM"),
    ("gate", "/api/v4/futures/usdt/contract_stats", dict(contract="NO_SUCH"), "CONTRACT_NOT_FOUND"),
    ("gate", "/api/v4/futures/usdt/liq_orders", {"contract": "BTC_USDT", "from": LATE // 1000}, "must in 1 hour"),
    ("gate", "/api/v4/futures/usdt/funding_rate", {"contract": "BTC_USDT", "from": 1}, "180-day limit"),
]


@pytest.mark.parametrize(("venue", "path", "params", "text"), REFUSED)
def test_what_a_venue_would_refuse_is_refused(venue: str, path: str, params: dict[str, Any], text: str) -> None:
    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        assert text in (await ask(session, server, ("GET", path, params))).decode()

    with_server(venue, use)


def test_a_truth_is_its_seeds() -> None:
    one, same, other = (make_truth("okx", seed=seed, days=2) for seed in (1, 1, 2))
    for kind, timeframe in (("candles", "5m"), ("mark", "1h"), ("open_interest", "5m"), ("funding", "")):
        columns = [truth.market("BTC-USDT-SWAP").table(kind, timeframe).columns for truth in (one, same, other)]
        np.testing.assert_equal(columns[0], columns[1])
        assert any(not np.array_equal(columns[0][name], columns[2][name]) for name in columns[0])


@pytest.mark.parametrize("venue", VENUES)
def test_longer_candles_are_made_of_the_minutes(venue: str) -> None:
    market = make_truth(venue, days=2).market(symbol_of(venue))
    minutes = market.table("candles", "1m").columns
    for timeframe, shift in (("15m", 0), ("6h", 2 * HOUR_MS)):
        longer = market.table("candles", timeframe, shift)
        for i in range(len(longer)):
            start = longer.lists["ts"][i]
            inside = (minutes["ts"] >= start) & (minutes["ts"] < start + longer.period_ms)
            assert longer.lists["open"][i] == minutes["open"][inside][0]
            assert longer.lists["close"][i] == minutes["close"][inside][-1]
            assert longer.lists["high"][i] == minutes["high"][inside].max()
            assert longer.lists["low"][i] == minutes["low"][inside].min()
            assert longer.lists["volume"][i] == pytest.approx(minutes["volume"][inside].sum(), rel=1e-12)
        first = longer.columns["ts"] + shift
        assert (first % longer.period_ms == 0).all()


def test_hyperliquid_knows_the_last_5000_candles_and_tells_500_at_a_time_from_the_start() -> None:
    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        page = times("hyperliquid", await ask(session, server, candles("hyperliquid", 0, NOW_MS)))
        reach = NOW_MS // FIVE_MINUTES * FIVE_MINUTES - 4999 * FIVE_MINUTES
        assert page == TRUTHS["hyperliquid"].expected("BTC", "candles", "5m", reach)["ts"][:500].tolist()

    with_server("hyperliquid", use)


def test_hyperliquid_refuses_as_it_does() -> None:
    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        asked = {"coin": "BTC", "interval": "5m", "startTime": 0, "endTime": 1}
        for body, status, text in (
            ({"type": "candleSnapshot", "req": asked | {"coin": "NOSUCH"}}, 500, "null"),
            ({"type": "candleSnapshot", "req": asked | {"startTime": "0"}}, 422, "Failed to deserialize"),
            ({"type": "nonsense"}, 422, "Failed to deserialize"),
            ({"type": "fundingHistory", "coin": "BTC"}, 422, "Failed to deserialize"),
        ):
            async with session.post(server.url + "/info", json=body) as reply:
                assert reply.status == status
                assert text in await reply.text()

    with_server("hyperliquid", use)


def test_okx_opens_days_in_hong_kong_unless_told_otherwise_and_excludes_its_bounds() -> None:
    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        path = "/api/v5/market/history-candles"
        for bar, hour in (("1D", 16), ("1Dutc", 0), ("6H", 4), ("6Hutc", 0)):
            body = await ask(session, server, ("GET", path, dict(instId="BTC-USDT-SWAP", bar=bar)))
            assert {open_ms % (6 * HOUR_MS if bar[0] == "6" else DAY_MS) for open_ms in times("okx", body)} == {
                hour * HOUR_MS
            }
            assert [row[8] for row in json.loads(body)["data"]][:2] == ["0", "1"]
        hour = NOW_MS // HOUR_MS * HOUR_MS - 5 * HOUR_MS
        asked = dict(instId="BTC-USDT-SWAP", bar="1H", before=hour, after=hour + 2 * HOUR_MS)
        assert times("okx", await ask(session, server, ("GET", path, asked))) == [hour + HOUR_MS]

    with_server("okx", use)


def test_okx_knows_the_last_1440_statistics_and_a_day_of_liquidations() -> None:
    truth = TRUTHS["okx"]

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        path, found = "/api/v5/rubik/stat/contracts/open-interest-history", []
        end: dict[str, Any] = {}
        while True:
            asked = dict(instId="BTC-USDT-SWAP", period="5m") | end
            rows = json.loads(await ask(session, server, ("GET", path, asked)))["data"]
            if not rows:
                break
            found += [(int(row[0]), float(row[1])) for row in rows]
            end = {"end": rows[-1][0]}
        truly = truth.expected("BTC/USDT:USDT", "open_interest", "5m")
        known = list(zip(truly["ts"].tolist(), truly["open_interest"].tolist(), strict=True))
        assert found[::-1] == known[-1440:]
        asked = dict(instType="SWAP", uly="BTC-USDT", state="filled")
        body = json.loads(await ask(session, server, ("GET", "/api/v5/public/liquidation-orders", asked)))
        details = body["data"][0]["details"]
        events = truth.expected("BTC/USDT:USDT", "liquidations", "", NOW_MS - DAY_MS)
        read = [({"long": 1, "short": -1}[row["posSide"]], float(row["bkPx"]), float(row["sz"])) for row in details]
        names = ("side", "price", "size")
        assert read[::-1] == list(zip(*(events[name][-100:].tolist() for name in names), strict=True))

    with_server("okx", use)


def test_gates_totals_are_the_sums_of_its_liquidations() -> None:
    truth = TRUTHS["gate"]
    start = (NOW_MS - 40 * HOUR_MS) // HOUR_MS * HOUR_MS

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        asked = {"contract": "BTC_USDT", "interval": "1h", "from": start // 1000, "limit": 30}
        rows = json.loads(await ask(session, server, ("GET", "/api/v4/futures/usdt/contract_stats", asked)))
        assert len(rows) == 30
        for row in rows:
            # an hour has not more than the limit; its last second belongs to the next
            asked = {"contract": "BTC_USDT", "from": row["time"], "to": row["time"] + 3599, "limit": 1000}
            single = json.loads(await ask(session, server, ("GET", "/api/v4/futures/usdt/liq_orders", asked)))
            for name, sign in (("long_liq_size", 1), ("short_liq_size", -1)):
                assert row[name] == sum(abs(one["size"]) for one in single if one["size"] * sign > 0)
        truly = truth.expected("BTC/USDT:USDT", "liquidation_totals", "1h", start, rows[-1]["time"] * 1000 + 1)
        assert [row["long_liq_size"] for row in rows] == truly["liquidated_long"].tolist()

    with_server("gate", use)


def test_binance_keeps_either_end_of_a_window_of_statistics_as_told() -> None:
    start = (NOW_MS - 10 * HOUR_MS) // HOUR_MS * HOUR_MS
    asked = dict(symbol="BTCUSDT", period="5m", startTime=start, endTime=NOW_MS, limit=10)
    truly = TRUTHS["binance"].expected("BTC/USDT:USDT", "open_interest", "5m", start)["ts"].tolist()
    for newest, expected in ((1, truly[-10:]), (0, truly[:10])):

        async def use(session: aiohttp.ClientSession, server: VenueServer, expected: list[int] = expected) -> None:
            body = await ask(session, server, ("GET", "/futures/data/openInterestHist", asked))
            assert [row["timestamp"] for row in json.loads(body)] == expected

        with_server("binance", use, limits={"statistics_keep_newest": newest})


def test_bybit_answers_with_the_candle_that_contains_the_start_and_ignores_a_lone_start_elsewhere() -> None:
    start = NOW_MS // HOUR_MS * HOUR_MS - 5 * HOUR_MS

    async def use(session: aiohttp.ClientSession, server: VenueServer) -> None:
        asked: dict[str, Any] = dict(category="linear", symbol="BTCUSDT", interval="60", start=start + 1)
        assert min(times("bybit", await ask(session, server, ("GET", "/v5/market/kline", asked)))) == start
        asked = dict(category="linear", symbol="BTCUSDT", intervalTime="5min", startTime=NOW_MS - 9 * DAY_MS, limit=2)
        rows = json.loads(await ask(session, server, ("GET", "/v5/market/open-interest", asked)))["result"]["list"]
        assert int(rows[0]["timestamp"]) == NOW_MS // FIVE_MINUTES * FIVE_MINUTES

    with_server("bybit", use)
