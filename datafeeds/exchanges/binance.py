"""Binance USD-M futures. Sizes are base coin.

Source: developers.binance.com, USD-M futures, market data endpoints; replies as in ccxt's documentation comments.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.reply import column, records, same, times, to_minute
from datafeeds.exchanges.source import CANDLES_SETTLED_MS, DAY_MS, HOUR_MS, Request, Source
from datafeeds.series import Rows, timeframe_seconds
from datafeeds.stamps import stamps_of, stood_at

_WORDS = {word: word for word in ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")}
_DATA_WORDS = {word: word for word in ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")}
_DATA_REACH_MS = 30 * DAY_MS - HOUR_MS  # "only the data of the latest 30 days is available"; an hour for the clocks


def _ask_klines(endpoint: str) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        span = {"startTime": start_ms, "endTime": end_ms - 1, "limit": 1500}
        return (Request(endpoint, {"symbol": contract.id, "interval": word, **span}),)

    return ask


def _read_klines(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    return _candle(rows, timeframe) | {"volume": column(rows, 5), "taker_buy_volume": column(rows, 9)}


def _read_mark(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    return _candle(records(replies[0]), timeframe)


def _candle(rows: list[Any], timeframe: str) -> Rows:
    opens = times(rows, 0)
    prices = {name: column(rows, place) for place, name in enumerate(("open", "high", "low", "close"), start=1)}
    return {"ts": opens, "known_at": opens + timeframe_seconds(timeframe) * 1000, **prices}


def _ask_data(endpoint: str, kind: str) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        first, last = stamps_of("binance", "api", kind, start_ms, end_ms, period_ms)
        span = {"startTime": first, "endTime": last - 1, "limit": 500}
        return (Request(endpoint, {"symbol": contract.id, "period": word, **span}),)

    return ask


def _read_data(kind: str, key: str) -> Callable[..., Rows]:
    def read(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
        rows = records(replies[0])
        same(rows, "symbol", contract.id)
        ts = stood_at("binance", "api", kind, times(rows, "timestamp"), timeframe_seconds(timeframe) * 1000)
        return {"ts": ts, "known_at": ts.copy(), kind: column(rows, key)}

    return read


def _ask_funding(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    span = {"startTime": start_ms, "endTime": end_ms - 1, "limit": 1000}
    return (Request("fapiPublicGetFundingRate", {"symbol": contract.id, **span}),)


def _read_funding(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    same(rows, "symbol", contract.id)
    ts = to_minute(times(rows, "fundingTime"))
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": column(rows, "fundingRate").astype(np.float64)}


SOURCES = (
    Source(
        "candles",
        _ask_klines("fapiPublicGetKlines"),
        _read_klines,
        1500,
        _WORDS,
        oldest_first=True,
        settled_ms=CANDLES_SETTLED_MS,
    ),
    Source(
        "mark",
        _ask_klines("fapiPublicGetMarkPriceKlines"),
        _read_mark,
        1500,
        _WORDS,
        oldest_first=True,
        settled_ms=CANDLES_SETTLED_MS,
    ),
    Source(
        "open_interest",
        _ask_data("fapiDataGetOpenInterestHist", "open_interest"),
        _read_data("open_interest", "sumOpenInterest"),
        500,
        _DATA_WORDS,
        reach_ms=_DATA_REACH_MS,
    ),
    Source(
        "long_short_ratio",
        _ask_data("fapiDataGetGlobalLongShortAccountRatio", "long_short_ratio"),
        _read_data("long_short_ratio", "longShortRatio"),
        500,
        _DATA_WORDS,
        reach_ms=_DATA_REACH_MS,
    ),
    Source("funding", _ask_funding, _read_funding, 1000, oldest_first=True),
)
"""What Binance has; liquidations are not offered by REST any more (since 2021-04-27)."""
