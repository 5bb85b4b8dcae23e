"""The liquidation report as one record: every figure that any of its forms shows, under a name with its unit."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.heatmap import clusters_of
from indicators.liquidation.anatomy import MARKET_STATES, PHASES, WHALE_USD, squeeze
from indicators.liquidation.model import State
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.heat import LEVEL_FRACTION, heat_levels
from runs.engine import run_model

RISKS = ("low", "moderate", "high")
NOT_MEASURED = "The signals have not been validated on this data by this version."
CAVEATS = (
    "Liquidation levels are estimates: nobody publishes positions, and leverage is assumed, not observed.",
    "A level is a zone, and it shifts as positions open and close.",
    "Wicks hunt stops: price can pierce a level and come back within a bar.",
)


def analyse(market: Market, parameters: ModelParameters, level_fraction: float = LEVEL_FRACTION) -> dict[str, Any]:
    """Return the record at the last bar of a market, the model taken through all of it.

    Raises
    ------
    ValueError
        For a height of levels that is not positive.
    """
    snapshots, state = run_model(parameters, market)
    return analysis_record(market, parameters, snapshots[-1], clusters_of(state), state, level_fraction)


def analysis_record(
    market: Market, parameters: ModelParameters, view: Any, clusters: np.ndarray, state: State,
    level_fraction: float = LEVEL_FRACTION, evidence: str = NOT_MEASURED,
) -> dict[str, Any]:  # fmt: skip
    """Return the liquidation report at the last bar of a market.

    Parameters
    ----------
    market
        The bars up to the report's.
    parameters
        Of the model.
    view
        Record of `SNAPSHOT` at the last bar.
    clusters
        (n,) of `CLUSTER` there, largest first.
    state
        Of the model there.
    level_fraction
        Height of a row of the heat table, fraction of price.
    evidence
        What was found of the claims on this data, in sentences.

    Returns
    -------
    dict
        Plain values; NaN where unknown (`runs.metrics.jsonable` makes it null). Sums in USD are in the quote currency.
    """
    rows = [_cluster(number, cluster) for number, cluster in enumerate(clusters, 1)]
    return {
        "data": _data(market),
        "at": _moment(market, view),
        "parameters": asdict(parameters),
        "last_24_hours": _day(view, parameters),
        "context": _context(view),
        "clusters": rows,
        "heat": {"level_fraction": level_fraction, **_heat(state, parameters, clusters, level_fraction)},
        "summary": _summary(rows),
        "cascade": {
            way: {
                "risk": RISKS[int(view[f"cascade_risk_{way}"])],
                "stacked_clusters": int(view[f"stacked_{'below' if way == 'down' else 'above'}"]),
                "set_off_per_unit": float(view[f"cascade_gain_{way}"]),
            }
            for way in ("down", "up")
        },
        "after_wipes": {kind: _level(view, kind, market.times) for kind in ("support", "resistance")},
        "implications": _implications(view),
        "evidence": evidence,
        "caveats": list(CAVEATS),
    }


def _iso(time: np.datetime64) -> str:
    return f"{np.datetime_as_string(time, unit='s')}Z"


def _data(market: Market) -> dict[str, Any]:
    return {
        "name": market.name,
        "simulated": market.simulated,
        "bars": len(market),
        "bar_seconds": market.bar_seconds,
        "first_bar": _iso(market.times[0]),
        "last_bar": _iso(market.times[-1]),
        "facts": market.facts(),
        "defects": market.quality.lines(),
    }


def _moment(market: Market, view: Any) -> dict[str, Any]:
    opened = market.times[-1]
    return {
        "bar_open": _iso(opened),
        "bar_close": _iso(opened + np.timedelta64(market.bar_seconds, "s")),
        "price_quote": float(view["close"]),
    }


def _day(view: Any, parameters: ModelParameters) -> dict[str, Any]:
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


def _context(view: Any) -> dict[str, Any]:
    return {
        "open_interest_base": float(view["open_interest"]),
        "open_interest_usd": float(view["open_interest"] * view["close"]),
        "open_interest_drop_fraction": float(view["open_interest_drop"]),
        "funding_rate": float(view["funding_rate"]),
        "average_range_quote": float(view["average_range"]),
        "volume_24h_base": float(view["volume_24h"]),
        "coverage_fraction": float(view["coverage"]),
    }


def _cluster(number: int, cluster: Any) -> dict[str, Any]:
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


def _heat(state: State, parameters: ModelParameters, clusters: np.ndarray, level_fraction: float) -> dict[str, Any]:
    levels = heat_levels(state, parameters.bin_width, clusters, level_fraction)
    totals = {
        f"{side}_{unit}": math.fsum(level[f"size_{unit}"] for level in levels if level["side"] == side)
        for side in ("long", "short")
        for unit in ("base", "usd")
    }
    return {**totals, "levels": levels}


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
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


def _level(view: Any, kind: str, times: np.ndarray) -> dict[str, Any] | None:
    price = float(view[f"{kind}_price"])
    if math.isnan(price):
        return None
    return {
        "price_quote": price,
        "made": _iso(times[int(view[f"{kind}_bar"])]),
        "size_usd": float(view[f"{kind}_size_usd"]),
        "reported": bool(view[f"{kind}_reported"]),
    }


def _implications(view: Any) -> dict[str, Any]:
    magnet = float(view["magnet"])
    bias = {1.0: "upward magnet", -1.0: "downward magnet", 0.0: "balanced"}
    return {
        "bias": "no signal" if math.isnan(magnet) else bias[magnet],
        "risk": RISKS[max(int(view["cascade_risk_down"]), int(view["cascade_risk_up"]))],
        "long_liquidations_begin_below_quote": float(view["cluster_below_price"]),
        "short_liquidations_begin_above_quote": float(view["cluster_above_price"]),
    }
