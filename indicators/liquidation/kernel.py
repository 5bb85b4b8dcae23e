"""Where new positions will be liquidated: a leverage distribution as the cumulative kernel of the map.

Positions are log prices over the bin width. Longs are read in mirrored log price, so that every liquidation price lies
above its entry and one code path serves both sides. Let F(d) be the share of an entry's size whose liquidation lies
nearer than d bins. An entry at e puts ``F(n + 1 - e) - F(n - e)`` into bin n; entries spread evenly over [a, b] put
``(H(n - a) - H(n - b)) / (b - a)`` there, where ``H(m)`` is the integral of F over [m, m + 1].
"""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.liquidation_price import liquidation_distance
from indicators.liquidation.parameters import ModelParameters

LONG, SHORT = 0, 1
"""Rows of the side axis."""

MAX_DISTANCE = 1.0
"""Log distance of liquidation that the map holds: e**-1 reaches every long at 1.6x or more, e**+1 every short."""

MAX_RANGE = 0.75
"""Log range of a bar over which entries are spread; of a wider one (2.1 times from low to high) the part near the close."""

POWER_SPAN = (1.4, 250.0)
"""Leverages of the power law; its density in log distance d = 1 / leverage is d ** -.75. Source: docs/attempts.md."""

_POWER = 0.25  # 1 - .75

MEASURED_LEVERAGES = (1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0)
MEASURED_WEIGHTS = (0.107, 0.059, 0.087, 0.087, 0.096, 0.055, 0.076, 0.042, 0.036, 0.020, 0.013, 0.031, 0.011)
"""Standing size of large accounts by effective leverage (Hyperliquid, February 2026); 28 % has no liquidation in reach."""


class Kernel(NamedTuple):
    """A leverage distribution on a grid of bins.

    Attributes
    ----------
    running
        (2, margin + n + margin) by side: H(m) at index margin + m; zero before, constant behind.
    slope
        (2, margin + n + margin) H(m + 1) - H(m).
    margin
        Padding, bins; bars up to this wide find all they ask for inside.
    reach
        Bins from an entry beyond which nothing is laid.
    """

    running: np.ndarray
    slope: np.ndarray
    margin: int
    reach: int


def _averages(edges: np.ndarray, integral: np.ndarray, end: float, whole: float) -> np.ndarray:
    """Return H from the integral of F at the edges of the bins; exactly `whole` from where F is."""
    row = np.maximum.accumulate(np.diff(integral) / (edges[1] - edges[0]))
    return np.where(edges[:-1] >= end, whole, np.clip(row, 0.0, whole))


def _power_row(edges: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """Return H of the power law between two leverages: its density in log distance d is that of d ** .25."""
    first, last = (1.0 / min(max(leverage, POWER_SPAN[0]), POWER_SPAN[1]) for leverage in (highest, lowest))
    all_sizes = (1.0 / POWER_SPAN[0]) ** _POWER - (1.0 / POWER_SPAN[1]) ** _POWER
    whole = (last**_POWER - first**_POWER) / all_sizes
    inside, power = np.clip(edges, first, last), _POWER + 1.0
    curve = (inside**power - first**power) / power - first**_POWER * (inside - first)
    return _averages(edges, curve / all_sizes + whole * np.maximum(edges - last, 0.0), last, whole)


def _leverage_row(edges: np.ndarray, parameters: ModelParameters, sign: float, leverage: float) -> np.ndarray:
    """Return H of one listed leverage: its exact isolated distance, smeared by an Epanechnikov kernel.

    Notes
    -----
    The kernel is bounded, and least in squared error; one of half width h has standard deviation h / sqrt(5).
    """
    away = liquidation_distance(leverage, sign, parameters.maintenance_margin_rate)
    centre = abs(math.log(1.0 - sign * away))
    half_width = math.sqrt(5.0) * parameters.liquidation_price_spread * centre
    z = np.clip((edges - centre) / half_width, -1.0, 1.0)
    integral = half_width * ((z + 1.0) / 2.0 + 3.0 * z**2 / 8.0 - z**4 / 16.0 - 5.0 / 16.0)
    end = centre + half_width
    return _averages(edges, integral + np.maximum(edges - end, 0.0), end, 1.0)


def _listed_row(edges: np.ndarray, parameters: ModelParameters, side: int, lowest: float, highest: float) -> np.ndarray:
    """Return H of a table of leverages and their weights."""
    pairs = zip(parameters.leverages, parameters.leverage_weights, strict=True)
    if parameters.leverage_distribution == "measured":
        pairs = zip(MEASURED_LEVERAGES, MEASURED_WEIGHTS, strict=True)
    sign, row = 1.0 if side == LONG else -1.0, np.zeros(len(edges) - 1)
    for leverage, weight in pairs:
        if lowest <= leverage < highest:
            row += weight * _leverage_row(edges, parameters, sign, leverage)
    return row


def build_kernel(parameters: ModelParameters, lowest: float = 0.0, highest: float = math.inf) -> Kernel:
    """Return the cumulative kernel H of a leverage distribution.

    Parameters
    ----------
    parameters
        Distribution and bin width.
    lowest, highest
        Only leverages in [lowest, highest) count. The map is linear in its kernel: the maps of groups add up.

    Notes
    -----
    Liquidations further than `MAX_DISTANCE` are nowhere on the map.
    """
    margin = math.ceil(MAX_RANGE / parameters.bin_width)
    edges = np.arange(math.ceil(MAX_DISTANCE / parameters.bin_width) + 2) * parameters.bin_width
    rows = []
    for side in (LONG, SHORT):
        if parameters.leverage_distribution == "power":
            row = _power_row(edges, lowest, highest)
        else:
            row = _listed_row(edges, parameters, side, lowest, highest)
        rows.append(np.concatenate([np.zeros(margin), row, np.full(margin, row[-1])]))
    running = np.array(rows)
    reach = np.nonzero(running < running[:, -1:] - 1e-12)[1].max(initial=margin) - margin + 1
    return Kernel(running, np.diff(running, append=running[:, -1:]), margin, int(reach))
