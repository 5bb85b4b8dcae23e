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

MAX_CLUSTERS = 32
"""Clusters kept on one side; nearest first. With a 15 % window of 10 bp bins a side holds fewer than 20 in practice."""

FOUND = np.dtype([("low", np.float64), ("high", np.float64), ("price", np.float64), ("size", np.float64)])
"""A cluster as the step finds it: extent in log price outward from the close, centre of mass (quote per base), base coin."""

SPAN = np.dtype([("low", np.float64), ("high", np.float64), ("peak", np.float64), ("valley", np.float64)])
"""Where a peak's extent begins and ends, in elements of a smoothed density, and the density at the peak and at the next valley."""

_BLOCK = 8  # bins looked at at once

_HALF_PEAK = 0.5  # extent by full width at half maximum, the usual width of a peak


@allocation_free
def smooth(density: np.ndarray, side: int, smoothed: np.ndarray) -> None:
    """Write one side's density smoothed by the eighth binomial (1 8 28 56 70 ...) / 256, standard deviation 1.4 bins.

    Parameters
    ----------
    density
        (2, n + 8) shares by bin.
    smoothed
        (n + 8,) receives the result: element i is centred on element i + 4 of the density, and the last 8 repeat the last.

    Notes
    -----
    With the fourth binomial (one bin) twice as many bars changed their nearest cluster with the phase of the grid.
    """
    bins = np.uintp(len(smoothed) - _BLOCK)
    for index in range(bins):
        first = density[side, index] + density[side, index + np.uintp(8)]
        second = density[side, index + np.uintp(1)] + density[side, index + np.uintp(7)]
        third = density[side, index + np.uintp(2)] + density[side, index + np.uintp(6)]
        fourth = density[side, index + np.uintp(3)] + density[side, index + np.uintp(5)]
        middle = density[side, index + np.uintp(4)]
        smoothed[index] = (first + 8.0 * second + 28.0 * third + 56.0 * fourth + 70.0 * middle) / 256.0
    for index in range(np.uintp(_BLOCK)):
        smoothed[bins + index] = smoothed[bins - np.uintp(1)]


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
def _write_extent(smoothed: np.ndarray, start: int, peak: int, stop: int, span: Record) -> None:
    """Write where the density crosses half of a peak on its way to the valleys `start` and `stop`, or the valleys."""
    floor, first, last = _HALF_PEAK * smoothed[peak], peak, peak
    # By blocks as long as they lie above, then bin by bin.
    while first - _BLOCK >= start and _block_range(smoothed, np.uintp(first - _BLOCK))[0] >= floor:
        first -= _BLOCK
    while first > start and smoothed[first - 1] >= floor:
        first -= 1
    while last + _BLOCK <= stop and _block_range(smoothed, np.uintp(last + 1))[0] >= floor:
        last += _BLOCK
    while last < stop and smoothed[last + 1] >= floor:
        last += 1
    span.low, span.high = start + 0.5, stop + 0.5
    if first > start:
        span.low = first - 0.5 + (floor - smoothed[first - 1]) / (smoothed[first] - smoothed[first - 1])
    if last < stop:
        span.high = last + 0.5 + (smoothed[last] - floor) / (smoothed[last] - smoothed[last + 1])


@inlined_loop
def _turn(smoothed: np.ndarray, index: int, keep: float, rising: bool) -> tuple[int, int]:
    """Return where the peak (or valley) after `index` lies, and the first bin that has left it by the prominence.

    Notes
    -----
    A block in which nothing can turn, most of them, only moves the extreme.
    """
    extreme, since, last = smoothed[index], index, len(smoothed) - _BLOCK
    while index < last:
        lowest, highest = _block_range(smoothed, np.uintp(index))
        running, stop = highest if rising else lowest, index + _BLOCK
        if (lowest < keep * max(extreme, highest)) if rising else (keep * highest > min(extreme, lowest)):
            running, place = extreme, index
            while place < stop:
                value = smoothed[np.uintp(place)]
                running = max(running, value) if rising else min(running, value)
                if value < keep * running if rising else keep * value > running:
                    break
                place += 1
            stop = place
        if running > extreme if rising else running < extreme:
            extreme, since = running, index
        if stop < index + _BLOCK:
            index = stop
            break
        index = stop
    while smoothed[since] != extreme:
        since += 1
    return since, index


@allocation_free
def find_spans(smoothed: np.ndarray, prominence: float, spans: np.ndarray) -> int:
    """Find the extents of the peaks of a smoothed density.

    Parameters
    ----------
    smoothed
        (n + 8,) density, outward from the close; the middle of element i lies at i + 1/2. The last 8 repeat element n - 1.
    prominence
        Fraction (0 .. 1) of a peak by which the density must fall to confirm it, and of a rise to confirm a valley.
    spans
        (`MAX_CLUSTERS` + 1,) of `SPAN` receives the peaks; behind the last one `peak` is the highest after the last valley.

    Returns
    -------
    int
        How many were written, in outward order.
    """
    # Typed, so that what is called with them is compiled once, not also for a literal zero.
    start = index = int(np.intp(0))
    keep, last, count = 1.0 - prominence, len(smoothed) - _BLOCK, 0
    while count < len(spans) - 1:
        peak, index = _turn(smoothed, index, keep, True)
        spans[count].peak = smoothed[peak]
        if index >= last:
            break
        valley, index = _turn(smoothed, index, keep, False)
        spans[count].valley = smoothed[valley]
        if index >= last:
            valley = last - 1
        _write_extent(smoothed, start, peak, valley, spans[count])
        count, start = count + 1, valley
    return count


@allocation_free
def finds_same_spans(spans: np.ndarray, count: int, prominence: float, larger: float) -> bool:
    """Return whether a larger prominence finds the same `count` spans.

    Notes
    -----
    What turns at a larger prominence turns at a smaller one. So the spans are the same if each fall and each rise that
    confirmed one of them is large enough for both.
    """
    keep, larger_keep = 1.0 - prominence, 1.0 - larger
    for index in range(count):
        span, following = spans[index], spans[index + 1].peak
        if not span.valley < larger_keep * span.peak:
            return False
        if keep * following > span.valley and not larger_keep * following > span.valley:
            return False
    return True


@allocation_free
def quantile_size(clusters: np.ndarray, side: int, count: int, quantile: float) -> float:
    """Return the smallest size that at least `quantile` of the first `count` clusters do not exceed (0 for none)."""
    best = math.inf
    for candidate in range(count):
        below = 0
        for other in range(count):
            if clusters[side, other].size <= clusters[side, candidate].size:
                below += 1
        if below >= quantile * count:
            best = min(best, clusters[side, candidate].size)
    return best if count > 0 else 0.0


@inlined_loop
def weigh_spans(
    density: np.ndarray, side: int, spans: np.ndarray, count: int, clusters: np.ndarray, position: float,
    settings: Record, level: float,
) -> int:  # fmt: skip
    """Make clusters of one side's spans, significant or not, in outward order; return how many hold anything.

    Parameters
    ----------
    density
        (2, n) from `read`.
    spans, count
        (at least `count`,) of `SPAN`.
    clusters
        (2, `MAX_CLUSTERS`) of `FOUND`, changed in place.
    position
        The close in the side's own bins.
    settings
        The model's: window, bin width and grid phase.
    level
        Base coin that all positions of a side amount to.
    """
    edge, sign, kept = math.floor(position), -1.0 if side == LONG else 1.0, 0
    start, width = position - edge, settings.bin_width
    for index in range(count):
        low = max(spans[index].low - (BEFORE - 4), start)
        high = min(spans[index].high - (BEFORE - 4), start + settings.window)
        mass, moment = mass_between(density, side, start, low, high)
        if not mass > 0.0:
            continue
        cluster = clusters[side, kept]
        cluster.low, cluster.high, cluster.size = width * (low - start), width * (high - start), level * mass
        cluster.price = math.exp(width * (sign * (edge + moment / mass) + settings.grid_phase))
        kept += 1
    return kept


@inlined_loop
def keep_significant(clusters: np.ndarray, side: int, count: int, least: float, in_usd: bool) -> int:
    """Keep the clusters whose size is at least `least` (base coin, or quote if `in_usd`); return how many."""
    kept = 0
    for index in range(count):
        cluster = clusters[side, index]
        if cluster.size * (cluster.price if in_usd else 1.0) >= least:
            if kept < index:
                clusters[side, kept] = cluster
            kept += 1
    return kept
