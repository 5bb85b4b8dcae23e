"""The clusters by leverage: which group's positions a cluster is made of, when asked for."""

import math
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.kernel import LONG
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS, group_models
from indicators.liquidation.model import State, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.position_map import mass_between
from indicators.liquidation.step import run
from runs.engines.event import model_bars


def leverage_section(market: Market, parameters: ModelParameters, clusters: np.ndarray) -> dict[str, Any]:
    """Return the clusters' shares by group of leverages at the last bar of a market; the model runs once a group.

    Parameters
    ----------
    market
        The bars up to the report's.
    parameters
        Of the model.
    clusters
        (n,) of `CLUSTER` there, largest first.

    Returns
    -------
    dict
        `distribution` (name of the leverage distribution, from which the split follows), `groups` (each with `name`,
        `lowest` and `highest` leverage, None without an end) and `clusters` (each cluster's fractions by group, in that order).
    """
    bars = model_bars(market)
    sizes = np.zeros((len(clusters), len(LEVERAGE_GROUPS)))
    for number, model in enumerate(group_models(parameters, market.bar_seconds)):
        state = initial_state(model)
        run(model, bars, state)
        sizes[:, number] = [_share_within(state, cluster, parameters.bin_width) for cluster in clusters]
    fractions = sizes / sizes.sum(axis=1, keepdims=True)
    return {
        "distribution": parameters.leverage_distribution,
        "groups": [
            {"name": name, "lowest": lowest or None, "highest": highest if math.isfinite(highest) else None}
            for name, lowest, highest in LEVERAGE_GROUPS
        ],
        "clusters": fractions.tolist(),
    }


def _share_within(state: State, cluster: Any, bin_width: float) -> float:
    """Return the share of all positions that a state holds in a cluster's extent, on its side."""
    side = LONG if cluster["side"] > 0.0 else 1 - LONG
    outward = -1.0 if side == LONG else 1.0
    edge = math.floor(outward * float(state.memory[0]["position"]))
    start = outward * float(state.memory[0]["position"]) - edge
    low, high = sorted(outward * math.log(cluster[name]) / bin_width - edge for name in ("low", "high"))
    return float(mass_between(state.density, side, start, low, high)[0])
