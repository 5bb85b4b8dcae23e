"""dYdX v4 perpetuals: trades of the type LIQUIDATED. All trades are asked for, and those are kept.

Source: docs.dydx.xyz, indexer, Get Trades: newest first, `createdBeforeOrAt` inclusive, no lower bound; `side` is the taker's, and
a liquidation's order takes. Trades of the type DELEVERAGED close a winner's position too, and are left out.
"""

import re
from typing import Any

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.events import Told, event_source
from datafeeds.exchanges.reply import column, field, records
from datafeeds.exchanges.source import Request

_PAGE_ROWS = 1000
_SIDES = {"SELL": 1.0, "BUY": -1.0}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def _ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    last = f"{np.datetime64(end_ms - 1, 'ms')}Z"
    named = {"market": contract.id, "limit": _PAGE_ROWS, "createdBeforeOrAt": last}
    return (Request("indexerGetTradesPerpetualMarketMarket", named),)


def _tell(replies: tuple[Any, ...], contract: Contract) -> Told:
    trades = records(replies[0], "trades")
    stamps = np.array([_milliseconds(field(trade, "createdAt")) for trade in trades], dtype=np.int64)
    chosen = [place for place, trade in enumerate(trades) if field(trade, "type") == "LIQUIDATED"]
    forced, ts = [trades[place] for place in chosen], stamps[chosen]
    sides = [str(field(trade, "side")) for trade in forced]
    if not set(sides) <= set(_SIDES):
        raise ReplyError("a trade's side is neither BUY nor SELL")
    rows = {
        "ts": ts,
        "known_at": ts + 1000,
        "side": np.array([_SIDES[side] for side in sides], dtype=np.float64),
        "price": column(forced, "price"),
        "size": column(forced, "size"),
    }
    return Told(rows, stamps, np.array([str(field(trade, "id")) for trade in forced], dtype=str))


def _milliseconds(text: Any) -> int:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ReplyError(f"the reply holds {str(text)[:30]!r} where a time belongs")
    try:
        return int(np.datetime64(text[:-1], "ms").astype(np.int64))
    except ValueError:
        raise ReplyError(f"the reply holds {text!r}, which is no time") from None


SOURCES = (event_source("liquidations", _ask, _tell, _PAGE_ROWS),)
"""What is read of dYdX."""
