"""Deribit perpetuals: trades of which a side was liquidated. All trades are asked for, and those that say so are kept.

Source: docs.deribit.com, get_last_trades_by_instrument_and_time. `liquidation` is "M", "T" or "MT": the maker, the taker, or both;
`direction` is the taker's. `amount` is USD for inverse contracts, base coin for linear ones.
"""

from typing import Any

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.events import Told, event_source
from datafeeds.exchanges.reply import field, number, records, same, times, whole
from datafeeds.exchanges.source import Request
from datafeeds.series import Rows

_PAGE_ROWS = 1000
_TAKER_SOLD = {"sell": 1.0, "buy": -1.0}
_SIGNS = {"T": (1.0,), "M": (-1.0,), "MT": (1.0, -1.0)}
"""Whose side the liquidated one took: the taker's, or the other."""


def _ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    span = {"start_timestamp": start_ms, "end_timestamp": end_ms - 1, "count": _PAGE_ROWS, "sorting": "desc"}
    return (Request("publicGetGetLastTradesByInstrumentAndTime", {"instrument_name": contract.id, **span}),)


def _tell(replies: tuple[Any, ...], contract: Contract) -> Told:
    trades = records(replies[0], "result", "trades")
    same(trades, "instrument_name", contract.id)
    forced = [
        (trade, sign)
        for trade in trades
        if isinstance(trade, dict) and "liquidation" in trade
        for sign in _signs(trade)
    ]
    ts = np.array([whole(field(trade, "timestamp")) for trade, _ in forced], dtype=np.int64)
    price = np.array([number(field(trade, "price")) for trade, _ in forced], dtype=np.float64)
    amount = np.array([number(field(trade, "amount")) for trade, _ in forced], dtype=np.float64)
    if (price <= 0.0).any():
        raise ReplyError("a trade at a price not above 0")
    rows: Rows = {
        "ts": ts,
        "known_at": ts + 1000,
        "side": np.array([_side(trade) * sign for trade, sign in forced], dtype=np.float64),
        "price": price,
        "size": amount / price if contract.inverse else amount,
    }
    ids = [f"{field(trade, 'trade_id')} {sign}" for trade, sign in forced]
    return Told(rows, times(trades, "timestamp"), np.array(ids, dtype=str))


def _signs(trade: dict[str, Any]) -> tuple[float, ...]:
    said = trade["liquidation"]
    if not isinstance(said, str) or said not in _SIGNS:
        raise ReplyError(f"a trade's liquidation is {str(said)[:20]!r}, not M, T or MT")
    return _SIGNS[said]


def _side(trade: dict[str, Any]) -> float:
    said = field(trade, "direction")
    if not isinstance(said, str) or said not in _TAKER_SOLD:
        raise ReplyError(f"a trade's direction is {str(said)[:20]!r}, neither buy nor sell")
    return _TAKER_SOLD[said]


SOURCES = (event_source("liquidations", _ask, _tell, _PAGE_ROWS),)
"""What is read of Deribit."""
