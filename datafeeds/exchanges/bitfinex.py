"""Bitfinex perpetuals: its history of liquidations, with fill and entry price. All contracts stand in one list.

Source: docs.bitfinex.com, Liquidations. A row: "pos", position, time, -, contract, amount, base price, -, whether it is the
execution (1) or its trigger (0), whether the system acquired the position, -, price acquired. The amount is the position's: in
ccxt's sample it is -8 of AVAX, entered at 32.868 and closed at 33.255, a loss for a short alone.
"""

from typing import Any

import numpy as np

from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.events import Told, event_source
from datafeeds.exchanges.reply import column, field, records, times
from datafeeds.exchanges.source import Request

_ID, _TIME, _SYMBOL, _AMOUNT, _BASE_PRICE, _IS_MATCH, _ACQUIRED = 1, 2, 4, 5, 6, 8, 11
_PAGE_ROWS = 500


def _ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    return (
        Request("publicGetLiquidationsHist", {"start": start_ms, "end": end_ms - 1, "limit": _PAGE_ROWS, "sort": -1}),
    )


def _tell(replies: tuple[Any, ...], contract: Contract) -> Told:
    listed = [field(group, 0) for group in records(replies[0])]
    ours = [row for row in listed if field(row, _SYMBOL) == contract.id and field(row, _IS_MATCH) == 1]
    amount, ts = column(ours, _AMOUNT), times(ours, _TIME)
    rows = {
        "ts": ts,
        "known_at": ts + 1000,
        "side": np.sign(amount),
        "price": column(ours, _ACQUIRED),
        "size": np.abs(amount),
        "entry_price": column(ours, _BASE_PRICE),
    }
    # one position may be closed in parts, so its number alone does not tell rows apart
    marks = [tuple(str(field(row, place)) for place in (_ID, _TIME, _AMOUNT, _ACQUIRED)) for row in ours]
    return Told(rows, times(listed, _TIME), np.array(["|".join(mark) for mark in marks], dtype=str))


SOURCES = (event_source("liquidations", _ask, _tell, _PAGE_ROWS),)
"""What is read of Bitfinex."""
