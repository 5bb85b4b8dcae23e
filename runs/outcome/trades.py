"""From the ledger of fills to round trips: from flat to flat, each with everything that it earned and cost."""

from typing import Any

import numpy as np
import pandas as pd

from indicators.liquidation.cascade_phase import PHASES
from runs.perpetual.accounting import DELISTING, FILL_KINDS, LIMIT, LIQUIDATION, STOP, TIME_STOP
from runs.perpetual.round_trips import trips_of

COLUMNS = (
    "entry_time", "exit_time", "side", "size", "entry_price", "exit_price", "notional", "gross_pnl", "fees", "funding",
    "liquidation_fee", "insurance_fund", "net_pnl", "return_on_equity", "bars_held", "max_adverse_excursion",
    "max_favourable_excursion", "exit_reason", "open", "signal_magnet", "signal_phase", "signal_cluster_distance",
    "signal_volatility", "entry_kind",
)  # fmt: skip
"""Columns of the table: `size` is the largest held at once and `notional` its value at the average entry price;
prices in quote per base, sizes in base coin, sums in quote, excursions as fractions of the entry
price; `signal_*` is what the heatmap said at the close before the entry; `entry_kind` is the order that opened it: market, limit or
stop."""

DELISTED = "delisting"
_REASONS = {LIMIT: "target", STOP: "stop", LIQUIDATION: "liquidation", TIME_STOP: "time stop", DELISTING: DELISTED}


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
    trips = trips_of(fills, float(snapshots["close"][-1]))
    rows = [_row(trip, times, high, low, equity, snapshots) for trip in trips]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    trip: Any, times: np.ndarray, high: np.ndarray, low: np.ndarray, equity: np.ndarray, snapshots: np.ndarray
) -> dict[str, Any]:
    is_open = trip["exit_bar"] < 0
    bar, exit_bar, sign = int(trip["bar"]), len(times) - 1 if is_open else int(trip["exit_bar"]), float(trip["side"])
    entry, left, net = float(trip["entry_value"] / trip["entered"]), float(trip["left"]), float(trip["net"])
    before = float(equity[bar - 1]) if bar > 0 else float(equity[0])
    highest, lowest = float(high[bar : exit_bar + 1].max()), float(low[bar : exit_bar + 1].min())
    adverse, favourable = (lowest, highest) if sign > 0.0 else (highest, lowest)
    row = {
        "entry_time": times[bar], "exit_time": times[exit_bar], "side": "long" if sign > 0.0 else "short",
        "size": float(trip["peak"]), "entry_price": entry,
        "exit_price": float(trip["exit_value"]) / left if left else np.nan, "notional": float(trip["peak"]) * entry,
        "gross_pnl": float(trip["gross"]), "fees": float(trip["fees"]), "funding": float(trip["funding"]),
        "liquidation_fee": float(trip["liquidation_fee"]), "insurance_fund": float(trip["insurance_fund"]), "net_pnl": net,
        "return_on_equity": net / before if before > 0.0 else np.nan, "bars_held": exit_bar - bar,
        "max_adverse_excursion": min(sign * (adverse / entry - 1.0), 0.0),
        "max_favourable_excursion": max(sign * (favourable / entry - 1.0), 0.0),
        "exit_reason": "open" if is_open else _REASONS.get(int(trip["exit_kind"]), "signal"), "open": bool(is_open),
    }  # fmt: skip
    return row | _signal(snapshots, bar - 1, sign) | {"entry_kind": FILL_KINDS[int(trip["entry_kind"])]}


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
