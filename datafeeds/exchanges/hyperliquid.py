"""Hyperliquid perpetuals. Sizes are base coin; the 5,000 latest candles; no history of open interest, no mark candles.

Source: hyperliquid.gitbook.io, info endpoint; replies as in ccxt's documentation comments.
"""

from typing import Any

import numpy as np

from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.reply import column, records, same, times, to_minute
from datafeeds.exchanges.source import CANDLES_SETTLED_MS, HOUR_MS, Request, Source
from datafeeds.series import Rows, timeframe_seconds

_WORDS = {word: word for word in ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d")}


def _ask_candles(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    asked = {"coin": contract.id, "interval": word, "startTime": start_ms, "endTime": end_ms - 1}
    return (Request("publicPostInfo", {"type": "candleSnapshot", "req": asked}),)


def _read_candles(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    same(rows, "s", contract.id)
    opens = times(rows, "t")
    return {
        "ts": opens,
        "known_at": opens + timeframe_seconds(timeframe) * 1000,
        **{name: column(rows, name[0]) for name in ("open", "high", "low", "close")},
        "volume": column(rows, "v"),
        "taker_buy_volume": np.full(len(rows), np.nan),
    }


def _ask_funding(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    span = {"startTime": start_ms, "endTime": end_ms - 1}
    return (Request("publicPostInfo", {"type": "fundingHistory", "coin": contract.id, **span}),)


def _read_funding(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0])
    same(rows, "coin", contract.id)
    ts = to_minute(times(rows, "time"))
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": column(rows, "fundingRate")}


SOURCES = (
    Source(
        "candles",
        _ask_candles,
        _read_candles,
        500,
        _WORDS,
        oldest_first=True,
        reach_rows=5000,
        settled_ms=CANDLES_SETTLED_MS,
    ),
    Source("funding", _ask_funding, _read_funding, 500, oldest_first=True, spacing_ms=HOUR_MS),
)
"""What Hyperliquid has over its public interface."""
