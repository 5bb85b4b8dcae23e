"""The parts of the liquidation report's record: plain values under names with their units."""

import math
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.cascade_phase import MARKET_STATES, PHASES, WHALE_USD, squeeze
from indicators.liquidation.model import State
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.heat import heat_levels
from runs.outcome.provenance import iso

RISKS = ("low", "moderate", "high")
"""Names of the cascade risks, by number."""


def moment_section(market: Market, view: Any) -> dict[str, Any]:
    """Return the bar of the report, and its last price."""
    opened = market.times[-1]
    return {
        "bar_open": iso(opened),
        "bar_close": iso(opened + np.timedelta64(market.bar_seconds, "s")),
        "price_quote": float(view["close"]),
    }


def day_section(view: Any, parameters: ModelParameters) -> dict[str, Any]:
    """Return the liquidations of the last 24 hours, and the state of the market by them."""
    longs, shorts = float(view["liquidated_long_24h_usd"]), float(view["liquidated_short_24h_usd"])
    total, largest = longs + shorts, float(view["largest_liquidation_bar_usd"])
    return {
        "liquidated_usd": total,
        "long_usd": longs,
        "short_usd": shorts,
        "long_fraction": longs / total if total > 0.0 else math.nan,
        "short_fraction": shorts / total if total > 0.0 else math.nan,
        "long_over_short": longs / shorts if shorts > 0.0 else math.nan,
        "squeeze": squeeze(longs, shorts),
        "reported": bool(view["liquidation_reported"]),
        "largest_bar_usd": largest,
        "whale": largest > WHALE_USD,
        "state": MARKET_STATES[int(view["market_state"])],
        "market_share": parameters.market_share,
        "phase": PHASES[int(view["phase"])],
        "phase_direction": {-1.0: "down", 1.0: "up"}.get(float(view["phase_direction"])),
    }


def context_section(view: Any) -> dict[str, Any]:
    """Return what is known around the map: what its sizes rest on, open interest, funding, range, turnover."""
    return {
        "open_interest_base": float(view["open_interest"]),
        "open_interest_usd": float(view["open_interest"] * view["close"]),
        "open_interest_drop_fraction": float(view["open_interest_drop"]),
        "funding_rate": float(view["funding_rate"]),
        "atr_quote": float(view["atr"]),
        "volume_24h_base": float(view["volume_24h"]),
        "level_from": "open interest" if view["level_from_open_interest"] else "turnover",
        "map_age_half_lives": float(view["map_age_half_lives"]),
    }


def cluster_row(number: int, cluster: Any) -> dict[str, Any]:
    """Return one cluster; `number` is its place by size, from 1."""
    return {
        "priority": number,
        "price_quote": float(cluster["price"]),
        "low_quote": float(cluster["low"]),
        "high_quote": float(cluster["high"]),
        "type": "long" if cluster["side"] > 0 else "short",
        "size_base": float(cluster["magnitude"]),
        "size_usd": float(cluster["magnitude_usd"]),
        "distance_fraction": float(cluster["distance"]),
    }


def heat_section(
    state: State, parameters: ModelParameters, clusters: np.ndarray, level_fraction: float
) -> dict[str, Any]:
    """Return the density by price level, and what stands on each side."""
    levels = heat_levels(state, parameters, clusters, level_fraction)
    totals = {
        f"{side}_{unit}": math.fsum(level[f"size_{unit}"] for level in levels if level["side"] == side)
        for side in ("long", "short")
        for unit in ("base", "usd")
    }
    return {**totals, "levels": levels}


def summary_section(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the strongest each way and the asymmetry; a cluster counts to the side of the price on which it lies."""
    above = [row for row in rows if row["distance_fraction"] > 0.0]
    below = [row for row in rows if row["distance_fraction"] < 0.0]
    sums = [math.fsum(row["size_usd"] for row in side) for side in (above, below)]
    return {
        "strongest_above": above[0] if above else None,
        "strongest_below": below[0] if below else None,
        "above_usd": sums[0],
        "below_usd": sums[1],
        "above_fraction": sums[0] / sum(sums) if sum(sums) > 0.0 else math.nan,
    }


def level_section(view: Any, kind: str, times: np.ndarray) -> dict[str, Any] | None:
    """Return the nearest standing support or resistance after a wipe (`kind`), or None."""
    price = float(view[f"{kind}_price"])
    if math.isnan(price):
        return None
    return {
        "price_quote": price,
        "made": iso(times[int(view[f"{kind}_bar"])]),
        "size_usd": float(view[f"{kind}_size_usd"]),
        "reported": bool(view[f"{kind}_reported"]),
    }


def implication_section(view: Any) -> dict[str, Any]:
    """Return the magnet, the cascade risk, and where liquidations of each side begin."""
    magnet = float(view["magnet"])
    bias = {1.0: "upward magnet", -1.0: "downward magnet", 0.0: "balanced"}
    return {
        "bias": "no signal" if math.isnan(magnet) else bias[magnet],
        "risk": RISKS[max(int(view["cascade_risk_down"]), int(view["cascade_risk_up"]))],
        "long_liquidations_begin_below_quote": float(view["cluster_below_price"]),
        "short_liquidations_begin_above_quote": float(view["cluster_above_price"]),
    }


def cascade_section(view: Any) -> dict[str, Any]:
    """Return the cascade risk each way, the clusters stacked there, and the size that a forced unit sets off."""
    return {
        way: {
            "risk": RISKS[int(view[f"cascade_risk_{way}"])],
            "stacked_clusters": int(view[f"cluster_count_{'below' if way == 'down' else 'above'}"]),
            "set_off_per_unit": float(view[f"branching_ratio_{way}"]),
        }
        for way in ("down", "up")
    }
