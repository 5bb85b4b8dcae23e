"""From density to clusters: local concentrations that stand out from their neighbourhood and are large enough to matter.

One side is read outward from the close. A peak counts once the smoothed density has fallen by `prominence` of it, a
valley once it has risen out of it by the same measure; a cluster is what lies between two valleys, cut by fraction where
the smoothed density crosses half of the peak. So its price, extent and size are continuous in the density.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free, inlined_loop
from indicators.liquidation.kernel import LONG
from indicators.liquidation.position_map import BEFORE, mass_between
from indicators.liquidation.snapshot import CLUSTER

MAX_CLUSTERS = 32
"""Clusters kept on one side; nearest first. With a 15 % window of 10 bp bins a side holds fewer than 20 in practice."""

_BLOCK = 8  # bins looked at at once

_HALF_PEAK = 0.5  # extent by full width at half maximum, the usual width of a peak


def empty_clusters() -> np.ndarray:
    """Return room for the clusters of both sides."""
    return np.zeros((2, MAX_CLUSTERS), dtype=CLUSTER)


@allocation_free
def smooth(density: np.ndarray, side: int, smoothed: np.ndarray) -> None:
    """Write one side's density smoothed by the eighth binomial (1 8 28 56 70 ...) / 256, standard deviation 1.4 bins.

    Parameters
    ----------
    density
        (2, n + 8) shares by bin.
    smoothed
        (n,) receives the result: element i is centred on element i + 4 of the density.

    Notes
    -----
    With the fourth binomial (one bin) twice as many bars changed their nearest cluster with the phase of the grid.
    """
    for index in range(np.uintp(len(smoothed))):
        first = density[side, index] + density[side, index + np.uintp(8)]
        second = density[side, index + np.uintp(1)] + density[side, index + np.uintp(7)]
        third = density[side, index + np.uintp(2)] + density[side, index + np.uintp(6)]
        fourth = density[side, index + np.uintp(3)] + density[side, index + np.uintp(5)]
        middle = density[side, index + np.uintp(4)]
        smoothed[index] = (first + 8.0 * second + 28.0 * third + 56.0 * fourth + 70.0 * middle) / 256.0


@inlined_loop
def _write_extent(smoothed: np.ndarray, start: int, peak: int, stop: int, span: np.ndarray) -> None:
    """Write where the density crosses half of a peak on its way to the valleys `start` and `stop`, or the valleys."""
    floor, first, last = _HALF_PEAK * smoothed[peak], peak, peak
    while first > start and smoothed[first - 1] >= floor:
        first -= 1
    while last < stop and smoothed[last + 1] >= floor:
        last += 1
    span[0], span[1] = start + 0.5, stop + 0.5
    if first > start:
        span[0] = first - 0.5 + (floor - smoothed[first - 1]) / (smoothed[first] - smoothed[first - 1])
    if last < stop:
        span[1] = last + 0.5 + (smoothed[last] - floor) / (smoothed[last] - smoothed[last + 1])


@inlined_loop
def _block_range(smoothed: np.ndarray, index: np.uintp) -> tuple[float, float]:
    """Return the least and the largest of a block, compared in pairs: a chain would wait for each comparison."""
    a, b = smoothed[index], smoothed[index + np.uintp(1)]
    c, d = smoothed[index + np.uintp(2)], smoothed[index + np.uintp(3)]
    e, f = smoothed[index + np.uintp(4)], smoothed[index + np.uintp(5)]
    g, h = smoothed[index + np.uintp(6)], smoothed[index + np.uintp(7)]
    lowest = min(min(min(a, b), min(c, d)), min(min(e, f), min(g, h)))
    return lowest, max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h)))


@inlined_loop
def _first(smoothed: np.ndarray, index: int, wanted: float) -> int:
    while smoothed[index] != wanted:
        index += 1
    return index


@allocation_free
def find_spans(smoothed: np.ndarray, prominence: float, spans: np.ndarray) -> int:
    """Find the extents of the peaks of a smoothed density.

    Parameters
    ----------
    smoothed
        (n,) density, outward from the close; the middle of element i lies at i + 1/2.
    prominence
        Fraction (0 .. 1) of a peak by which the density must fall to confirm it, and of a rise to confirm a valley.
    spans
        (`MAX_CLUSTERS`, 2) receives where each peak's extent begins and ends.

    Returns
    -------
    int
        How many were written, in outward order.
    """
    count, start, rising, keep, index = 0, 0, True, 1.0 - prominence, 0
    # The extreme so far, and where to look for it: its block's first bin, or itself.
    extreme, since, peak, peak_since = smoothed[0], 0, smoothed[0], 0
    while index < len(smoothed):
        if index + _BLOCK <= len(smoothed):
            # A block in which nothing can turn, most of them, only moves the extreme.
            lowest, highest = _block_range(smoothed, np.uintp(index))
            if (rising and not lowest < keep * max(extreme, highest)) or (
                not rising and not keep * highest > min(extreme, lowest)
            ):
                if highest > extreme if rising else lowest < extreme:
                    extreme, since = highest if rising else lowest, index
                index += _BLOCK
                continue
        for place in range(index, min(index + _BLOCK, len(smoothed))):
            value = smoothed[place]
            if value > extreme if rising else value < extreme:
                extreme, since = value, place
            elif rising and value < keep * extreme:
                rising, peak, peak_since, extreme, since = False, extreme, since, value, place
            elif not rising and keep * value > extreme:
                valley = _first(smoothed, since, extreme)
                if count < len(spans):
                    _write_extent(smoothed, start, _first(smoothed, peak_since, peak), valley, spans[count])
                    count += 1
                start, rising, extreme, since = valley, True, value, place
        index += _BLOCK
    if not rising and count < len(spans):
        _write_extent(smoothed, start, _first(smoothed, peak_since, peak), len(smoothed) - 1, spans[count])
        count += 1
    return count


@allocation_free
def quantile_size(clusters: np.ndarray, side: int, count: int, quantile: float) -> float:
    """Return the smallest magnitude that at least `quantile` of the first `count` clusters do not exceed (0 for none)."""
    best = math.inf
    for candidate in range(count):
        below = 0
        for other in range(count):
            if clusters[side, other].magnitude <= clusters[side, candidate].magnitude:
                below += 1
        if below >= quantile * count:
            best = min(best, clusters[side, candidate].magnitude)
    return best if count > 0 else 0.0


@inlined_loop
def find_clusters(
    density: np.ndarray, side: int, smoothed: np.ndarray, spans: np.ndarray, clusters: np.ndarray,
    position: float, close: float, settings: Record, level: float,
) -> int:  # fmt: skip
    """Find one side's clusters, significant or not, in outward order.

    Parameters
    ----------
    density
        (2, n) from `read`.
    smoothed, spans
        (n - 8,) and (`MAX_CLUSTERS`, 2) workspaces; the spans end as bins outward from the edge of the close's bin.
    clusters
        (2, `MAX_CLUSTERS`) of `CLUSTER`, changed in place.
    position, close
        The close in the side's own bins, and as a price.
    settings
        The model's: window, prominence, bin width and grid phase.
    level
        Base coin that all positions of a side amount to.
    """
    edge, sign = math.floor(position), -1.0 if side == LONG else 1.0
    start, width, phase = position - edge, settings.bin_width, settings.grid_phase
    smooth(density, side, smoothed)
    found, kept = find_spans(smoothed, settings.cluster_prominence, spans), 0
    for index in range(found):
        low = max(spans[index, 0] - (BEFORE - 4), start)
        high = min(spans[index, 1] - (BEFORE - 4), start + settings.window)
        mass, moment = mass_between(density, side, start, low, high)
        if not mass > 0.0:
            continue
        spans[kept, 0], spans[kept, 1] = low, high
        cluster, size = clusters[side, kept], level * mass
        cluster.price = math.exp(width * (sign * (edge + moment / mass) + phase))
        nearer = math.exp(width * (sign * (edge + low) + phase))
        further = math.exp(width * (sign * (edge + high) + phase))
        cluster.low, cluster.high = min(nearer, further), max(nearer, further)
        cluster.long_size, cluster.short_size = (size, 0.0) if side == LONG else (0.0, size)
        cluster.magnitude, cluster.magnitude_usd = size, size * cluster.price
        cluster.distance, cluster.side = cluster.price / close - 1.0, -sign
        kept += 1
    return kept


@inlined_loop
def keep_significant(clusters: np.ndarray, side: int, spans: np.ndarray, count: int, least: float, in_usd: bool) -> int:
    """Keep the clusters whose magnitude is at least `least` (base coin, or quote if `in_usd`); return how many."""
    kept = 0
    for index in range(count):
        size = clusters[side, index].magnitude_usd if in_usd else clusters[side, index].magnitude
        if size >= least:
            if kept < index:
                clusters[side, kept] = clusters[side, index]
                spans[kept, 0], spans[kept, 1] = spans[index, 0], spans[index, 1]
            kept += 1
    return kept
