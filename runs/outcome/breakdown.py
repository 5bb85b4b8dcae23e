"""What the trades earned by what the map said when they were decided: cluster distance, signal strength, phase."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from indicators.liquidation.cascade_phase import PHASES
from runs.statistics.proportion import proportion_interval

DISTANCE_EDGES = (0.01, 0.02, 0.05, 0.10)
"""Distance of the cluster in the trade's direction, fraction of price; 2 % and 5 % are the gaps of cascade risk, the others
the distances of 100x and 10x."""

STRENGTH_EDGES = (1.0, 2.0, 3.0, 5.0)
"""The nearest cluster in the trade's direction over the opposite one, by magnitude; 2 is the magnet's threshold."""


def breakdown(trades: pd.DataFrame, times: np.ndarray, snapshots: np.ndarray) -> dict[str, list[dict[str, Any]]]:
    """Return closed round trips in groups, by what the map said at the close before their entry.

    Parameters
    ----------
    trades
        From `runs.outcome.trades.round_trips`; trades still open have no outcome and are left out.
    times
        (n,) bar opens, datetime64[ns].
    snapshots
        (n,) of `SNAPSHOT`.

    Returns
    -------
    dict
        `cluster_distance`, `signal_strength`, `phase` and `cascade_side`: a list of groups each. Every closed trade is in one
        group of each list. A group has `group` (its name), `trades`, `wins` (net profit above zero), `hit_rate_fraction` with its
        95 % interval by Wilson, `mean_net_return_on_notional_fraction` (net profit over notional) and `net_pnl_quote`; NaN where
        there is no trade.
    """
    closed = trades[~trades["open"].astype(bool)]
    bars = np.searchsorted(times, closed["entry_time"].to_numpy().astype("datetime64[ns]")) - 1
    sides = np.where(closed["side"] == "long", 1.0, -1.0)
    signals = [(snapshots[bar], side) if bar >= 0 else None for bar, side in zip(bars, sides, strict=True)]
    distances = _measured(signals, _distance)
    strengths = _measured(signals, _strength)
    legs = np.nan_to_num(_measured(signals, lambda view, side: side * float(view["phase_direction"])))
    phases = np.array(["" if signal is None else PHASES[int(signal[0]["phase"])] for signal in signals], dtype=object)
    return {
        "cluster_distance": _by_edges(closed, distances, DISTANCE_EDGES, "{:.0%}", "no cluster that way"),
        "signal_strength": _by_edges(closed, strengths, STRENGTH_EDGES, "{:g} x", "a cluster on one side at most"),
        "phase": [
            *(_group(closed, phases == phase, phase) for phase in PHASES),
            _group(closed, phases == "", "before the first close"),
        ],
        "cascade_side": [
            _group(closed, legs > 0.0, "with the cascade"),
            _group(closed, legs < 0.0, "against it"),
            _group(closed, legs == 0.0, "no cascade"),
        ],
    }


def _measured(signals: list[Any], measure: Callable[[Any, float], float]) -> np.ndarray:
    return np.array([math.nan if signal is None else measure(*signal) for signal in signals], dtype=float)


def _distance(view: Any, side: float) -> float:
    target = view["cluster_above_price"] if side > 0.0 else view["cluster_below_price"]
    return abs(float(target / view["close"]) - 1.0)


def _strength(view: Any, side: float) -> float:
    ahead, behind = float(view["cluster_above_usd"]), float(view["cluster_below_usd"])
    return ahead / behind if side > 0.0 else behind / ahead


def _by_edges(
    trades: pd.DataFrame, values: np.ndarray, edges: tuple[float, ...], shape: str, unknown: str
) -> list[dict[str, Any]]:
    """Return groups between edges, each from its lower edge up to below its upper one, and the unknown last."""
    ends = (0.0, *edges, math.inf)
    groups = []
    for low, high in itertools.pairwise(ends):
        label = f"{shape.format(low)} to {shape.format(high)}"
        if low == 0.0:
            label = f"below {shape.format(high)}"
        elif math.isinf(high):
            label = f"{shape.format(low)} and more"
        groups.append(_group(trades, (values >= low) & (values < high), label))
    return [*groups, _group(trades, np.isnan(values), unknown)]


def _group(trades: pd.DataFrame, within: np.ndarray, label: str) -> dict[str, Any]:
    chosen = trades[within]
    net, count = chosen["net_pnl"].to_numpy(dtype=float), len(chosen)
    wins = int((net > 0.0).sum())
    low, high = proportion_interval(wins, count) if count else (math.nan, math.nan)
    return {
        "group": label,
        "trades": count,
        "wins": wins,
        "hit_rate_fraction": wins / count if count else math.nan,
        "hit_rate_low_fraction": low,
        "hit_rate_high_fraction": high,
        "mean_net_return_on_notional_fraction": float((net / chosen["notional"].to_numpy(dtype=float)).mean())
        if count
        else math.nan,
        "net_pnl_quote": float(net.sum()),
    }
