"""Coinalyze: what it gathers of other exchanges' linear perpetuals, each exchange a venue here (``coinalyze-binance``).

Source: api.coinalyze.net/v1/doc. What `t` stamps and which rows are kept is what its users measured. Sizes are base coin. Its
funding is not read: it tells the rate that stands (in percent, as users found) for each period, and not when it settles.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.reply import column, number, records, same, times
from datafeeds.exchanges.source import Request, Source
from datafeeds.series import Rows, timeframe_seconds
from datafeeds.stamps import stamps_of, stood_at

_WORDS = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "1hour", "2h": "2hour", "4h": "4hour", "6h": "6hour",
          "12h": "12hour", "1d": "daily"}  # fmt: skip
_PAGE_ROWS = 5000  # assumption: a reply holds all that is kept, as users saw of 2,409 days and of 3,052 minutes
_KEPT_ROWS = 2000  # documented: 1,500 to 2,000 of a period within the day, and every day


def _ask(endpoint: str, kind: str) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        first, last = start_ms, end_ms
        if kind == "open_interest":
            first, last = stamps_of("coinalyze", "api", kind, start_ms, end_ms, period_ms)
        span = {"from": first // 1000, "to": (last - 1) // 1000}
        return (Request(endpoint, {"symbols": contract.id, "interval": word, **span}),)

    return ask


def _history(replies: tuple[Any, ...], contract: Contract) -> list[Any]:
    """Return the rows of a reply about one contract; none of it is an empty list."""
    listed = records(replies[0])
    same(listed, "symbol", contract.id)
    if len(listed) > 1:
        raise ReplyError(f"the reply is about {len(listed)} contracts, asked was one")
    return records(listed[0], "history") if listed else []


def _read_candles(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _history(replies, contract)
    opens, volume = times(rows, "t", 1000), column(rows, "v")
    bought = [np.nan if row.get("bv") is None else number(row["bv"]) for row in rows]  # not known of every exchange
    return {
        "ts": opens,
        "known_at": opens + timeframe_seconds(timeframe) * 1000,
        **{name: column(rows, name[0]) for name in ("open", "high", "low", "close")},
        "volume": volume,
        "taker_buy_volume": np.array(bought, dtype=np.float64),
    }


def _read_open_interest(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _history(replies, contract)
    stamps = times(rows, "t", 1000)
    ts = stood_at("coinalyze", "api", "open_interest", stamps, timeframe_seconds(timeframe) * 1000)
    return {"ts": ts, "known_at": ts.copy(), "open_interest": column(rows, "c")}


def _read_totals(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _history(replies, contract)
    opens = times(rows, "t", 1000)
    sides = {"liquidated_long": column(rows, "l"), "liquidated_short": column(rows, "s")}
    return {"ts": opens, "known_at": opens + timeframe_seconds(timeframe) * 1000, **sides}


SOURCES = tuple(
    Source(
        kind,
        _ask(endpoint, kind),
        read,
        _PAGE_ROWS,
        _WORDS,
        oldest_first=True,
        reach_rows=_KEPT_ROWS,
        kept_for_good=("1d",),
    )
    for kind, endpoint, read in (
        ("candles", "publicGetOhlcvHistory", _read_candles),
        ("open_interest", "publicGetOpenInterestHistory", _read_open_interest),
        ("liquidation_totals", "publicGetLiquidationHistory", _read_totals),
    )
)
"""What is read of Coinalyze."""
