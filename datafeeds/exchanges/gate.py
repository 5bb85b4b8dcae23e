"""Gate v4 perpetual futures. Sizes are contracts: 0.0001 BTC each for BTC_USDT, 1 USD for the inverse BTC_USD.

Source: gate.com/docs/developers/apiv4, futures; replies as in ccxt's documentation comments. Times are whole seconds.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.reply import column, records, same, times, to_minute
from datafeeds.exchanges.source import CANDLES_SETTLED_MS, DAY_MS, HOUR_MS, Request, Source
from datafeeds.series import Rows, timeframe_seconds
from datafeeds.stamps import stamps_of, stood_at
from datafeeds.units import to_base

_WORDS = {word: word for word in ("1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d")}
_DATA_WORDS = {word: word for word in ("5m", "15m", "30m", "1h", "4h", "1d")}
_POINTS = 1999  # a range may hold 2,000 points
_KEPT_ROWS = 9_990  # the latest 10,000 candles are answered (ccxt), less some for the clocks
_FUNDING_WINDOW_MS, _FUNDING_REACH_MS = 30 * DAY_MS, 179 * DAY_MS  # measured by users: 30 days a reply, 180 days kept


def _ask_candles(prefix: str) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        span = {"from": start_ms // 1000, "to": (end_ms - 1) // 1000}
        named = {"settle": contract.settle, "contract": prefix + contract.id, "interval": word}
        return (Request("publicFuturesGetSettleCandlesticks", {**named, **span}),)

    return ask


def _read_candles(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    candle = _candle(rows, timeframe)
    volume = to_base(column(rows, "v"), contract.unit, contract.size, candle["close"])
    return candle | {"volume": volume, "taker_buy_volume": np.full(len(rows), np.nan)}


def _read_mark(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    return _candle(records(replies[0]), timeframe)


def _candle(rows: list[Any], timeframe: str) -> Rows:
    opens = times(rows, "t", 1000)
    prices = {name: column(rows, name[0]) for name in ("open", "high", "low", "close")}
    return {"ts": opens, "known_at": opens + timeframe_seconds(timeframe) * 1000, **prices}


def _ask_stats(kind: str) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        first = start_ms
        if kind != "liquidation_totals":
            first, _ = stamps_of("gate", "api", kind, start_ms, end_ms, period_ms)
        named = {"settle": contract.settle, "contract": contract.id, "interval": word}
        return (Request("publicFuturesGetSettleContractStats", {**named, "from": first // 1000, "limit": 100}),)

    return ask


def _read_stats(kind: str, fields: dict[str, str]) -> Callable[..., Rows]:
    def read(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
        rows, period_ms = records(replies[0]), timeframe_seconds(timeframe) * 1000
        stamps = times(rows, "time", 1000)
        values = {name: column(rows, key) for name, key in fields.items()}
        if kind == "long_short_ratio":
            ts = stood_at("gate", "api", kind, stamps, period_ms)
            return {"ts": ts, "known_at": ts.copy(), **values}
        price = column(rows, "mark_price") if contract.inverse else np.ones(len(rows))
        values = {name: to_base(size, contract.unit, contract.size, price) for name, size in values.items()}
        if kind == "open_interest":
            ts = stood_at("gate", "api", kind, stamps, period_ms)
            return {"ts": ts, "known_at": ts.copy(), **values}
        return {"ts": stamps, "known_at": stamps + period_ms, **values}

    return read


def _ask_funding(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    span = {"from": start_ms // 1000, "to": (end_ms - 1) // 1000, "limit": 1000}
    return (Request("publicFuturesGetSettleFundingRate", {"settle": contract.settle, "contract": contract.id, **span}),)


def _read_funding(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    ts = to_minute(times(rows, "t", 1000))
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": column(rows, "r")}


def _ask_liquidations(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    span = {"from": start_ms // 1000, "to": (end_ms - 1) // 1000, "limit": 1000}
    return (Request("publicFuturesGetSettleLiqOrders", {"settle": contract.settle, "contract": contract.id, **span}),)


def _read_liquidations(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    same(rows, "contract", contract.id)
    # an order of which nothing was filled is no liquidation
    rows = [row for row, price in zip(rows, column(rows, "fill_price"), strict=True) if price > 0.0]
    ts, signed, price = times(rows, "time", 1000), column(rows, "size"), column(rows, "fill_price")
    # The size is the position's: in the documented example (size -165, order 28,225, filled 28,070) a sale could not have
    # been filled below its limit, so it was a short that was bought back.
    size = to_base(np.abs(signed), contract.unit, contract.size, price)
    return {"ts": ts, "known_at": ts + 1000, "side": np.sign(signed), "price": price, "size": size}


SOURCES = (
    Source(
        "candles",
        _ask_candles(""),
        _read_candles,
        _POINTS,
        _WORDS,
        reach_rows=_KEPT_ROWS,
        settled_ms=CANDLES_SETTLED_MS,
    ),
    Source(
        "mark",
        _ask_candles("mark_"),
        _read_mark,
        _POINTS,
        _WORDS,
        reach_rows=_KEPT_ROWS,
        settled_ms=CANDLES_SETTLED_MS,
    ),
    Source(
        "open_interest",
        _ask_stats("open_interest"),
        _read_stats("open_interest", {"open_interest": "open_interest"}),
        100,
        _DATA_WORDS,
        oldest_first=True,
    ),
    Source(
        "long_short_ratio",
        _ask_stats("long_short_ratio"),
        _read_stats("long_short_ratio", {"long_short_ratio": "lsr_account"}),
        100,
        _DATA_WORDS,
        oldest_first=True,
    ),
    Source(
        "liquidation_totals",
        _ask_stats("liquidation_totals"),
        _read_stats("liquidation_totals", {"liquidated_long": "long_liq_size", "liquidated_short": "short_liq_size"}),
        100,
        _DATA_WORDS,
        oldest_first=True,
    ),
    Source("funding", _ask_funding, _read_funding, 1000, window_ms=_FUNDING_WINDOW_MS, reach_ms=_FUNDING_REACH_MS),
    Source(
        "liquidations",
        _ask_liquidations,
        _read_liquidations,
        1000,
        window_ms=HOUR_MS,
        by_default=False,
    ),
)
"""What Gate has. Its list of single liquidations takes a request an hour, so it is fetched only when named."""
