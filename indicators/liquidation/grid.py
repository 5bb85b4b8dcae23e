"""The logarithmic price grid, and where each leverage tier's liquidations land on it.

A price lies in the absolute bin ``floor(log(price) / bin_width)``; absolute, so that no bar's bin depends on any other bar.
"""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.mechanics import liquidation_distance
from indicators.liquidation.parameters import MAX_TIERS, POPULATIONS, ModelParameters

REACH = 1.0
"""Log price that the book keeps on its side of the close: e**-1 holds every long at 1.6x or more, e**+1 every short."""

SLACK = 0.5
"""Further room, so that the columns move only after the price has moved this far (log price)."""

WIDEST_BAR = 0.75
"""Log range of a bar over which entries are spread; a wider bar (2.1 times from low to high) counts its part near the close."""

LONG, SHORT = 0, 1
"""Rows of the side axis."""

TIERS = np.dtype(
    [
        ("count", np.int64),  # leverages
        ("strata", np.int64),  # leverages x populations, one population after the other
        ("bin_width", np.float64),  # log price per bin
        ("reach", np.int64),  # bins that are always kept beyond the close
        ("columns", np.int64),  # all bins that the book holds on a side
        ("margin", np.int64),  # padding of the cumulative kernels, and the widest bar, in bins
        ("weights", np.float64, (MAX_TIERS,)),  # share of opened size, before anything is learned
        ("close_rates", np.float64, (MAX_TIERS,)),  # hazard of closing, relative to the lowest leverage
        ("shifts", np.int64, (2, MAX_TIERS)),  # bins from entry to liquidation; negative for longs
        ("half_widths", np.int64, (2, MAX_TIERS)),  # half width of each kernel, bins
    ]
)
"""What does not change from bar to bar, as one record."""


class Grid(NamedTuple):
    """The bins and tiers of a set of parameters.

    Attributes
    ----------
    tiers
        (1,) of `TIERS`.
    cumulative
        (2, tiers, margin + length + margin) running sum of each kernel: entry margin + j holds its first j bins' share.
    twice_cumulative
        (2, tiers, length) running sum of the running sum, without padding: the share of a spread-out kernel in O(1).
    """

    tiers: np.ndarray
    cumulative: np.ndarray
    twice_cumulative: np.ndarray


def _cumulative_kernel(half_width: int, length: int) -> np.ndarray:
    """Return the running sum of an Epanechnikov kernel: bounded, hence of bounded cost, and least in squared error."""
    offsets = np.arange(-half_width, half_width + 1) / (half_width + 1.0)
    kernel = 1.0 - offsets**2
    running = np.ones(length)
    running[0] = 0.0
    running[1 : 2 * half_width + 1] = (np.cumsum(kernel) / kernel.sum())[:-1]
    return running


def build_grid(parameters: ModelParameters) -> Grid:
    """Return the grid of a set of parameters.

    Notes
    -----
    A tier of leverage L lands at ``log(1 - d)`` (long) or ``log(1 + d)`` (short) from the entry, d the exact isolated
    distance of `mechanics.liquidation_distance`. The kernel's standard deviation is ``smear`` times that log distance;
    an Epanechnikov kernel of half width h has standard deviation h / sqrt(5).
    """
    count = len(parameters.leverages)
    tiers = np.zeros(1, dtype=TIERS)
    tiers["count"], tiers["strata"], tiers["bin_width"] = count, count * POPULATIONS, parameters.bin_width
    tiers["reach"] = math.ceil(REACH / parameters.bin_width)
    tiers["columns"] = tiers["reach"] + math.ceil(SLACK / parameters.bin_width)
    tiers["margin"] = math.ceil(WIDEST_BAR / parameters.bin_width)
    tiers["weights"][0, :count] = parameters.leverage_weights
    ratios = np.array(parameters.leverages) / parameters.leverages[0]
    tiers["close_rates"][0, :count] = ratios**parameters.leverage_close_power
    for tier, leverage in enumerate(parameters.leverages):
        below = math.log(1.0 - liquidation_distance(leverage, 1.0, parameters.maintenance_margin_rate))
        above = math.log(1.0 + liquidation_distance(leverage, -1.0, parameters.maintenance_margin_rate))
        for side, distance in ((LONG, below), (SHORT, above)):
            half_width = math.sqrt(5.0) * parameters.smear * abs(distance) / parameters.bin_width
            tiers["shifts"][0, side, tier] = round(distance / parameters.bin_width)
            tiers["half_widths"][0, side, tier] = round(half_width)
    half_widths = tiers["half_widths"][0, :, :count]
    length = 2 * int(half_widths.max()) + 2
    kernels = np.array([[_cumulative_kernel(int(h), length) for h in row] for row in half_widths])
    padding = (2, count, int(tiers["margin"][0]))
    return Grid(
        tiers=tiers,
        cumulative=np.concatenate((np.zeros(padding), kernels, np.ones(padding)), axis=2),
        twice_cumulative=np.cumsum(kernels, axis=2),
    )


@allocation_free
def price_bin(price: float, bin_width: float) -> int:
    """Return the absolute bin of a price (quote per base, > 0)."""
    return math.floor(math.log(price) / bin_width)


@allocation_free
def bin_price(position: float, bin_width: float) -> float:
    """Return the price at a (fractional) bin position; ``b + 0.5`` is the middle of bin b."""
    return math.exp(position * bin_width)
