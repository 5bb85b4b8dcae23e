"""From the ledger of fills to round trips: from flat to flat, each with everything that it earned and cost."""

from typing import Any

import numpy as np
import pandas as pd

from indicators.liquidation.anatomy import PHASES
from runs.accounting import FILL_KINDS, FUNDING, LIMIT, LIQUIDATION, STOP, opening_part

COLUMNS = (
    "entry_time", "exit_time", "side", "size", "entry_price", "exit_price", "notional", "gross_pnl", "fees", "funding",
    "liquidation_fee", "absorbed", "net_pnl", "return_on_equity", "bars_held", "max_adverse_excursion",
    "max_favourable_excursion", "exit_reason", "open", "signal_magnet", "signal_phase", "signal_cluster_distance",
    "signal_volatility",
)  # fmt: skip
"""Columns of the table: `size` is the largest held at once and `notional` its value at the average entry price;
prices in quote per base, sizes in base coin, sums in quote, excursions as fractions of the entry
price; `signal_*` is what the heatmap said at the close before the entry."""

_REASONS = {LIMIT: "target", STOP: "stop", LIQUIDATION: "liquidation"}
_DUST = 1e-9  # base coin: a position smaller than this is rounding


def round_trips(
    fills: np.ndarray, times: np.ndarray, high: np.ndarray, low: np.ndarray, equity: np.ndarray, snapshots: np.ndarray
) -> pd.DataFrame:
    """Return one row a round trip, in the order of their entries.

    Parameters
    ----------
    fills
        (m,) of `FILL`.
    times, high, low
        (n,) bar opens (datetime64[ns]) and extremes.
    equity
        (n,) quote at each close; a trade's return is its net profit over the equity at the close before its entry.
    snapshots
        (n,) of `SNAPSHOT`.

    Returns
    -------
    DataFrame
        Of `COLUMNS`. A turn-round in one fill closes one trip and opens the next, its costs shared by size. A position
        held at the end is a row with ``open`` true, valued by its last bar's close.

    Notes
    -----
    Excursions take whole bars, the entry's and the exit's too, so they may hold an extreme from before the entry or after
    the exit: never less than the true one.
    """
    rows: list[dict[str, Any]] = []
    trip: dict[str, Any] | None = None
    position = 0.0
    for fill in fills:
        if fill["kind"] == FUNDING:
            if trip is not None:
                trip["funding"] += float(fill["funding"])
            continue
        size = float(fill["size"])
        opened = opening_part(position, size)
        closed = size - opened
        if trip is not None and closed:
            _reduce(trip, fill, closed, abs(closed / size))
            if abs(float(fill["position_after"])) <= _DUST or opened:
                rows.append(_finish(trip, int(fill["bar"]), fill, times, high, low, equity, snapshots))
                trip = None
        if opened:
            trip = trip or _begin(fill, opened)
            _increase(trip, fill, opened, abs(opened / size))
        position = float(fill["position_after"])
    if trip is not None:
        rows.append(_still_open(trip, times, high, low, equity, snapshots))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _begin(fill: Any, opened: float) -> dict[str, Any]:
    zeros = dict.fromkeys(
        ("entered", "peak", "entry_value", "left", "exit_value", "gross", "fees", "funding", "fee", "absorbed"), 0.0
    )
    return {"bar": int(fill["bar"]), "side": "long" if opened > 0.0 else "short", **zeros}


def _increase(trip: dict[str, Any], fill: Any, opened: float, share: float) -> None:
    trip["entered"] += abs(opened)
    trip["peak"] = max(trip["peak"], trip["entered"] - trip["left"])
    trip["entry_value"] += abs(opened) * float(fill["price"])
    trip["fees"] += share * float(fill["fee"])


def _reduce(trip: dict[str, Any], fill: Any, closed: float, share: float) -> None:
    trip["left"] += abs(closed)
    trip["exit_value"] += abs(closed) * float(fill["price"])
    trip["gross"] += float(fill["realised"])
    trip["fees"] += share * float(fill["fee"])
    trip["fee"] += float(fill["liquidation_fee"])
    trip["absorbed"] += float(fill["absorbed"])


def _finish(
    trip: dict[str, Any], exit_bar: int, fill: Any, times: np.ndarray, high: np.ndarray, low: np.ndarray,
    equity: np.ndarray, snapshots: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    bar, sign = trip["bar"], 1.0 if trip["side"] == "long" else -1.0
    entry = trip["entry_value"] / trip["entered"]
    net = trip["gross"] - trip["fees"] - trip["funding"] - trip["fee"] + trip["absorbed"]
    before = float(equity[bar - 1]) if bar > 0 else float(equity[0])
    highest, lowest = float(high[bar : exit_bar + 1].max()), float(low[bar : exit_bar + 1].min())
    adverse, favourable = (lowest, highest) if sign > 0.0 else (highest, lowest)
    row = {
        "entry_time": times[bar], "exit_time": times[exit_bar], "side": trip["side"], "size": trip["peak"],
        "entry_price": entry, "exit_price": trip["exit_value"] / trip["left"] if trip["left"] else np.nan,
        "notional": trip["peak"] * entry, "gross_pnl": trip["gross"], "fees": trip["fees"], "funding": trip["funding"],
        "liquidation_fee": trip["fee"], "absorbed": trip["absorbed"], "net_pnl": net,
        "return_on_equity": net / before if before > 0.0 else np.nan, "bars_held": exit_bar - bar,
        "max_adverse_excursion": min(sign * (adverse / entry - 1.0), 0.0),
        "max_favourable_excursion": max(sign * (favourable / entry - 1.0), 0.0),
        "exit_reason": "open" if fill is None else _REASONS.get(int(fill["kind"]), "signal"), "open": fill is None,
    }  # fmt: skip
    return row | _signal(snapshots, bar - 1, sign)


def _still_open(
    trip: dict[str, Any],
    times: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    equity: np.ndarray,
    snapshots: np.ndarray,
) -> dict[str, Any]:
    last, sign = len(times) - 1, 1.0 if trip["side"] == "long" else -1.0
    held, close = trip["entered"] - trip["left"], float(snapshots["close"][last])
    # The average entry price of what is held follows from what was realised: gross covers the size that has left.
    gross = sign * (trip["exit_value"] + held * close - trip["entry_value"])
    valued = trip | {"gross": gross, "left": trip["entered"], "exit_value": trip["exit_value"] + held * close}
    return _finish(valued, last, None, times, high, low, equity, snapshots)


def _signal(snapshots: np.ndarray, bar: int, sign: float) -> dict[str, Any]:
    if bar < 0:
        return {
            "signal_magnet": np.nan,
            "signal_phase": "",
            "signal_cluster_distance": np.nan,
            "signal_volatility": np.nan,
        }
    view = snapshots[bar]
    target = view["cluster_above_price"] if sign > 0.0 else view["cluster_below_price"]
    return {
        "signal_magnet": float(view["magnet"]),
        "signal_phase": PHASES[int(view["phase"])],
        "signal_cluster_distance": abs(float(target / view["close"]) - 1.0),
        "signal_volatility": float(view["volatility"]),
    }


def ledger_table(fills: np.ndarray, times: np.ndarray) -> pd.DataFrame:
    """Return the fills as a table with times and names of kinds, for people."""
    table = pd.DataFrame({name: fills[name] for name in fills.dtype.names or ()})
    table.insert(0, "time", times[fills["bar"]])
    table["kind"] = [FILL_KINDS[kind] for kind in fills["kind"]]
    return table
