"""What lies on the map: trades with their orders, own liquidations, supports and resistances, phases of cascades."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from indicators.liquidation.cascade_phase import BUILDING
from runs.perpetual.accounting import LIQUIDATION

SentOrder = tuple[int, str, float, float, float, str]
"""A line of the broker's journal: bar, kind, signed size, price, limit price, terms in words."""


_STOPS = ("Stop", "StopTrail")


def columns_of(bars: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the columns in which bars lie, given the last bar of each column."""
    return np.searchsorted(ends, bars)


def trade_marks(
    trades: pd.DataFrame,
    times: np.ndarray,
    ends: np.ndarray,
    orders: Sequence[SentOrder] = (),
    fills: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Return one mark a round trip.

    Parameters
    ----------
    trades
        Of `runs.outcome.trades.COLUMNS`.
    times
        (n,) bar opens.
    ends
        (columns,) last bar of each column.
    orders
        The broker's journal: where an entry was sent with a stop or targets, these are the first stop and all limits on the
        other side, sent after the order that was filled and before the exit.
    fills
        (m,) of `FILL`, by which that order is found; without them no trade has either.
    """
    entries = np.searchsorted(times, trades["entry_time"].to_numpy())
    exits = np.searchsorted(times, trades["exit_time"].to_numpy())
    marks = []
    sent = np.array([order[0] for order in orders], dtype=np.int64)
    for trade, entry, leave in zip(trades.to_dict("records"), entries, exits, strict=True):
        sign = 1.0 if trade["side"] == "long" else -1.0
        first, last = _entry_order(fills, entry, sign), np.searchsorted(sent, leave)
        against = (
            [order for order in orders[first:last] if order[2] * sign < 0.0 and order[3] > 0.0] if first >= 0 else []
        )
        marks.append(
            {
                "from": int(columns_of(entry, ends)),
                "to": int(columns_of(leave, ends)),
                "side": trade["side"],
                "size": float(trade["size"]),
                "entry": float(trade["entry_price"]),
                "exit": _known(trade["exit_price"]),
                "stop": next((float(order[3]) for order in against if order[1] in _STOPS), None),
                "targets": [float(order[3]) for order in against if order[1] == "Limit"],
                "net": float(trade["net_pnl"]),
                "reason": trade["exit_reason"],
            }
        )
    return marks


def _entry_order(fills: np.ndarray | None, bar: int, sign: float) -> int:
    """Return the number of the order that opened a trade on a side in a bar; -1 where it is not known."""
    if fills is None:
        return -1
    first, last = np.searchsorted(fills["bar"], [bar, bar + 1])
    return next((int(fill["order"]) for fill in fills[first:last] if fill["size"] * sign > 0.0), -1)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def liquidation_marks(fills: np.ndarray, ends: np.ndarray) -> list[dict[str, Any]]:
    """Return the account's own liquidations: column, price and signed size of what was force-closed."""
    forced = fills[fills["kind"] == LIQUIDATION]
    columns = columns_of(forced["bar"], ends)
    return [
        {"at": int(at), "price": float(fill["price"]), "size": -float(fill["size"])}
        for at, fill in zip(columns, forced, strict=True)
    ]


def _runs(changed: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last index of each run, given where the next element differs (n - 1,)."""
    starts = np.concatenate([[0], np.flatnonzero(changed) + 1])
    stops = np.concatenate([starts[1:], [len(changed) + 1]]) - 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def level_marks(snapshots: np.ndarray, times: np.ndarray, ends: np.ndarray) -> list[dict[str, Any]]:
    """Return the nearest standing support and resistance while each lasted.

    A row says from which column to which it was the nearest, its price, when the wipe was that made it (seconds since
    1970), and whether that was reported.
    """
    seconds = times.astype("datetime64[s]").astype(np.int64)
    marks = []
    for kind in ("support", "resistance"):
        seen = snapshots[ends]
        price, made = seen[f"{kind}_price"], seen[f"{kind}_bar"]
        filled = np.nan_to_num(np.stack([price, made]), nan=-1.0)
        for first, last in _runs((filled[:, 1:] != filled[:, :-1]).any(axis=0)):
            if np.isfinite(price[first]):
                mark = {"kind": kind, "from": first, "to": last, "price": float(price[first])}
                mark["made"] = int(seconds[int(made[first])])
                mark["reported"] = bool(seen[f"{kind}_reported"][first])
                marks.append(mark)
    return marks


def phase_marks(snapshots: np.ndarray, ends: np.ndarray) -> list[list[int]]:
    """Return ``[first column, last column, phase, direction]`` of each stretch that is not plain building."""
    phase, direction = snapshots["phase"][ends], snapshots["phase_direction"][ends]
    changed = (phase[1:] != phase[:-1]) | (direction[1:] != direction[:-1])
    return [
        [first, last, int(phase[first]), int(direction[first])]
        for first, last in _runs(changed)
        if phase[first] != BUILDING
    ]
