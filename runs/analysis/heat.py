"""The map by price level: the density in rows of equal height, outward from the price on each side."""

import itertools
import math
from typing import Any

import numpy as np

from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import State
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.position_map import mass_between

LEVEL_FRACTION = 0.01
"""Height of a row, fraction of price: the step of the ladders that traders read (*assumption*)."""


def heat_levels(
    state: State, parameters: ModelParameters, clusters: np.ndarray, level_fraction: float
) -> list[dict[str, Any]]:
    """Return the density of both sides by price level, the highest price first.

    Parameters
    ----------
    state
        Of the model at a close.
    parameters
        Of the model.
    clusters
        (n,) of `CLUSTER`, largest first; a level names those whose centre it holds, by their place (from 1).
    level_fraction
        Height of a level, fraction of price (> 0), at least a bin; taken so that whole levels fill the window.

    Returns
    -------
    list of dict
        `low_quote` and `high_quote` (the first level begins at the close), `price_quote` (their geometric middle),
        `distance_fraction` of it from the close, `side` ("short" above, "long" below), `size_base`, `size_usd` (at the mean
        log price of what stands there), `cumulative_base` and `cumulative_usd` (from the price outward),
        `share_of_largest_fraction`, `clusters`.

    Raises
    ------
    ValueError
        For a height that is not positive.
    """
    if not level_fraction > 0.0:
        raise ValueError(f"height of a level = {level_fraction:g} must be positive")
    height = max(math.log1p(level_fraction), parameters.bin_width)
    count = max(1, round(parameters.cluster_window / height))
    above, below = (_side(state, side, parameters, count) for side in (SHORT, LONG))
    levels = [*reversed(above), *below]
    largest = max(level["size_usd"] for level in levels)
    for level in levels:
        level["share_of_largest_fraction"] = level["size_usd"] / largest if largest > 0.0 else 0.0
        held = (clusters["price"] >= level["low_quote"]) & (clusters["price"] < level["high_quote"])
        level["clusters"] = [int(place) + 1 for place in np.flatnonzero(held)]
    return levels


def _side(state: State, side: int, parameters: ModelParameters, count: int) -> list[dict[str, Any]]:
    """Return one side's levels, nearest first."""
    memory, width, outward = state.memory[0], parameters.bin_width, -1.0 if side == LONG else 1.0
    close, start = float(memory["close"]), outward * float(memory["position"]) % 1.0
    ends = parameters.cluster_window * np.arange(count + 1) / count  # log price from the close
    levels: list[dict[str, Any]] = []
    base = usd = 0.0
    for near, far in itertools.pairwise(ends.tolist()):
        mass, moment = mass_between(state.density, side, start, start + near / width, start + far / width)
        size = float(memory["level"]) * mass
        worth = size * close * math.exp(outward * (moment / mass - start) * width) if mass > 0.0 else 0.0
        low, high = sorted((close * math.exp(outward * near), close * math.exp(outward * far)))
        base, usd = base + size, usd + worth
        levels.append({
            "low_quote": low, "high_quote": high, "price_quote": math.sqrt(low * high),
            "distance_fraction": math.sqrt(low * high) / close - 1.0, "side": "long" if side == LONG else "short",
            "size_base": size, "size_usd": worth, "cumulative_base": base, "cumulative_usd": usd,
        })  # fmt: skip
    return levels
