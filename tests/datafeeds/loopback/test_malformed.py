"""Replies that are not as documented: valid rows or a typed error, never anything else, and never slowly."""

import asyncio
import json
import random
import time

import pytest
from aiohttp import web

from datafeeds.catalog.rows import check_rows
from datafeeds.errors import MarketError, ReplyError, SourceError
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.download import plan
from datafeeds.exchanges.paging import clean
from datafeeds.retry import RetryPolicy
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS, make_truth
from tests.datafeeds.loopback.venues import VENUES
from tests.datafeeds.serving import serving

CONTRACTS = {
    "binance": ("BTCUSDT", "usdt", 1.0), "bybit": ("BTCUSDT", "usdt", 1.0), "okx": ("BTC-USDT-SWAP", "usdt", 0.01),
    "gate": ("BTC_USDT", "usdt", 0.0001), "hyperliquid": ("BTC", "usdc", 1.0),
    "coinalyze-binance": ("BTCUSDT_PERP.A", "usdt", 1.0),
}  # fmt: skip
PATHS = {
    "fapiPublicGetKlines": "/fapi/v1/klines", "fapiPublicGetMarkPriceKlines": "/fapi/v1/markPriceKlines",
    "fapiDataGetOpenInterestHist": "/futures/data/openInterestHist",
    "fapiDataGetGlobalLongShortAccountRatio": "/futures/data/globalLongShortAccountRatio",
    "fapiPublicGetFundingRate": "/fapi/v1/fundingRate",
    "publicGetV5MarketKline": "/v5/market/kline", "publicGetV5MarketMarkPriceKline": "/v5/market/mark-price-kline",
    "publicGetV5MarketOpenInterest": "/v5/market/open-interest", "publicGetV5MarketAccountRatio": "/v5/market/account-ratio",
    "publicGetV5MarketFundingHistory": "/v5/market/funding/history",
    "publicGetMarketHistoryCandles": "/api/v5/market/history-candles",
    "publicGetMarketHistoryMarkPriceCandles": "/api/v5/market/history-mark-price-candles",
    "publicGetRubikStatContractsOpenInterestHistory": "/api/v5/rubik/stat/contracts/open-interest-history",
    "publicGetRubikStatContractsLongShortAccountRatioContract": "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract",
    "publicGetPublicFundingRateHistory": "/api/v5/public/funding-rate-history",
    "publicFuturesGetSettleCandlesticks": "/api/v4/futures/usdt/candlesticks",
    "publicFuturesGetSettleContractStats": "/api/v4/futures/usdt/contract_stats",
    "publicFuturesGetSettleFundingRate": "/api/v4/futures/usdt/funding_rate", "publicPostInfo": "/info",
    "publicGetOhlcvHistory": "/v1/ohlcv-history", "publicGetOpenInterestHistory": "/v1/open-interest-history",
    "publicGetLiquidationHistory": "/v1/liquidation-history",
}  # fmt: skip
WORDS = [
    None,
    True,
    False,
    "",
    "NaN",
    "inf",
    "-1",
    -1,
    0,
    1e308,
    10**30,
    "9" * 40,
    [],
    {},
    [[]],
    "abc",
    "\ud800",
    "1_0",
    1.5,
    "٣",
    "0x10",
]
SPAN = (START_MS, START_MS + 20 * HOUR_MS)


def replies(venue, source, series, contract):
    truth = make_truth(2, hours=20, whole_sizes=VENUES[venue].whole_sizes)
    made = []
    for request in source.ask(contract, source.words[series.timeframe], HOUR_MS, *SPAN):
        parameters = {name: str(value) for name, value in request.parameters.items()}
        made.append(VENUES[venue].speak(truth, PATHS[request.endpoint], parameters, dict(request.parameters)).body())
    return made


def mutated(value, chance):
    """Return a reply with one of its parts changed, lost, doubled or moved."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        if chance.random() < 0.15:
            return {name: kept for name, kept in value.items() if name != key}
        return value | {key: mutated(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        kind = chance.random()
        if kind < 0.1:
            return value[:at] + value[at + 1 :]
        if kind < 0.2:
            return value[: at + 1] + value[at:]
        return [*value[:at], mutated(value[at], chance), *value[at + 1 :]]
    return chance.choice(WORDS)


@pytest.mark.parametrize("count", [300, pytest.param(1200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("venue", VENUES)
def test_mutated_replies_give_rows_that_can_be_true_or_a_typed_error(venue, count):
    chance, refused, slowest = random.Random(venue), 0, 0.0
    contract = Contract(
        venue, VENUES[venue].symbol, CONTRACTS[venue][0], CONTRACTS[venue][1], CONTRACTS[venue][2], inverse=False
    )
    planned = plan(venue, VENUES[venue].symbol, "1h")
    for series, source in planned:
        bodies = replies(venue, source, series, contract)
        assert len(clean(series, source.read(tuple(map(json.loads, bodies)), contract, series.timeframe), *SPAN)) > 1
        for _ in range(count):
            begin = time.perf_counter()
            broken = tuple(mutated(json.loads(body), chance) for body in bodies)
            try:
                check_rows(series, clean(series, source.read(broken, contract, series.timeframe), *SPAN).rows)
            except (ReplyError, MarketError):
                refused += 1
            slowest = max(slowest, time.perf_counter() - begin)
    assert refused > count / 4 * len(planned)
    assert slowest < 5.0  # no claim of speed: nothing hangs


@pytest.mark.parametrize("venue", VENUES)
def test_bytes_of_any_kind_in_place_of_a_reply_end_in_one_sentence(venue):
    """The whole client: contracts, clock and rows come as noise."""
    chance = random.Random(venue)
    noise = [chance.randbytes(chance.randrange(1, 400)) for _ in range(60)]
    noise += [
        b"[" * 50_000,
        b'{"a":' * 20_000,
        b"null",
        b"[]",
        b"{}",
        b"0",
        b'"text"',
        b"[null]",
        b'{"result": null}',
        b"\xff" * 999,
    ]

    async def answer(request):
        return web.Response(body=chance.choice(noise), status=chance.choice([200, 200, 400, 403, 429, 500]))

    async def sleep(_):
        pass

    async def job():
        errors = []
        async with serving(answer) as url, connect(venue, RetryPolicy(attempts=2, sleep=sleep), url) as client:
            for _ in range(60):
                for ask in (client.now_ms(), client.contract("BTC/USDT:USDT")):
                    try:
                        await ask
                    except (SourceError, MarketError) as error:
                        errors.append(str(error))
        return errors

    errors = asyncio.run(job())
    assert len(errors) == 120
    assert all(len(text) < 400 and "\n" not in text and "http://" not in text for text in errors)
