"""The map by price level: the book's density in rows of equal height, outward from the price on each side."""

import math
from typing import Any

import numpy as np

from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import State

LEVEL_FRACTION = 0.01
"""Height of a row, fraction of price: the step of the ladders that traders read (*assumption*)."""


def heat_levels(state: State, bin_width: float, clusters: np.ndarray, level_fraction: float) -> list[dict[str, Any]]:
    """Return the density of both sides by price level, the highest price first.

    Parameters
    ----------
    state
        Of the model at a close.
    bin_width
        Log price a bin.
    clusters
        (n,) of `CLUSTER`, largest first; a level names those whose centre it holds, by their place (from 1).
    level_fraction
        Height of a level, fraction of price (> 0); taken to whole bins, at least one.

    Returns
    -------
    list of dict
        `low_quote` and `high_quote` (edges of bins), `price_quote` (their geometric middle), `distance_fraction` of it from
        the close, `side` ("short" above, "long" below), `size_base`, `size_usd` (each bin at its middle price),
        `cumulative_base` and `cumulative_usd` (from the price outward), `share_of_largest_fraction`, `clusters`.

    Raises
    ------
    ValueError
        For a height that is not positive.
    """
    if not level_fraction > 0.0:
        raise ValueError(f"height of a level = {level_fraction:g} must be positive")
    height = max(1, round(math.log1p(level_fraction) / bin_width))
    close = float(state.memory["close"][0])
    above, below = (_side(state, side, bin_width, height, close) for side in (SHORT, LONG))
    levels = [*reversed(above), *below]
    largest = max((level["size_usd"] for level in levels), default=0.0)
    for level in levels:
        level["share_of_largest_fraction"] = level["size_usd"] / largest if largest > 0.0 else 0.0
        held = (clusters["price"] >= level["low_quote"]) & (clusters["price"] < level["high_quote"])
        level["clusters"] = [int(place) + 1 for place in np.flatnonzero(held)]
    return levels


def _side(state: State, side: int, bin_width: float, height: int, close: float) -> list[dict[str, Any]]:
    """Return one side's levels, nearest first."""
    density, nearest = state.outward[side], int(state.book.ledger[0]["nearest"][side])
    outward = -1 if side == LONG else 1
    levels: list[dict[str, Any]] = []
    base = usd = 0.0
    for first in range(0, len(density), height):
        places = range(first, min(first + height, len(density)))
        sizes = [float(density[place]) for place in places]
        size_usd = math.fsum(
            size * bin_price(nearest + outward * place + 0.5, bin_width)
            for size, place in zip(sizes, places, strict=True)
        )
        bins = sorted((nearest + outward * places[0], nearest + outward * places[-1]))
        low, high = bin_price(float(bins[0]), bin_width), bin_price(bins[1] + 1.0, bin_width)
        base, usd = base + math.fsum(sizes), usd + size_usd
        levels.append({
            "low_quote": low, "high_quote": high, "price_quote": math.sqrt(low * high),
            "distance_fraction": math.sqrt(low * high) / close - 1.0, "side": "long" if side == LONG else "short",
            "size_base": math.fsum(sizes), "size_usd": size_usd, "cumulative_base": base, "cumulative_usd": usd,
        })  # fmt: skip
    return levels
