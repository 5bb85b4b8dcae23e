"""From density to clusters: local concentrations that stand out from their neighbourhood and are large enough to matter.

One side is read outward from the close. A peak counts once the smoothed density has fallen by `prominence` of it, a
valley once it has risen out of it by the same measure; a cluster is what lies between two valleys, cut where the density
falls below half of the peak. One pass, no sorting, no grid beyond the book's own.
"""

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.grid import LONG, bin_price
from indicators.liquidation.snapshot import CLUSTER

MOST = 32
"""Clusters kept on one side; nearest first. With a 15 % window of 10 bp bins a side holds fewer than 20 in practice."""

_HALF_PEAK = 0.5  # extent by full width at half maximum, the usual width of a peak


@allocation_free
def smooth(outward: np.ndarray, side: int, smoothed: np.ndarray) -> None:
    """Write one side's density smoothed by (1 4 6 4 1) / 16 (standard deviation one bin) into `smoothed`.

    Parameters
    ----------
    outward
        (2, bins) raw size per bin; at least 5 bins. Outside the window the density counts as zero.
    smoothed
        (bins,) receives the result.
    """
    bins = outward.shape[1]
    for index in range(np.uintp(bins - 4)):
        ends = outward[side, index] + outward[side, index + np.uintp(4)]
        inner = outward[side, index + np.uintp(1)] + outward[side, index + np.uintp(3)]
        middle = outward[side, index + np.uintp(2)]
        smoothed[index + np.uintp(2)] = (ends + 4.0 * inner + 6.0 * middle) / 16.0
    for end, inward in ((0, 1), (bins - 1, -1)):
        first, second = outward[side, end], outward[side, end + inward]
        third, fourth = outward[side, end + 2 * inward], outward[side, end + 3 * inward]
        smoothed[end] = (6.0 * first + 4.0 * second + third) / 16.0
        smoothed[end + inward] = (4.0 * (first + third) + 6.0 * second + fourth) / 16.0


@allocation_free
def _extent(smoothed: np.ndarray, start: int, peak: int, stop: int) -> tuple[int, int]:
    floor = _HALF_PEAK * smoothed[peak]
    first, last = peak, peak
    while first > start and smoothed[first - 1] >= floor:
        first -= 1
    while last + 1 < stop and smoothed[last + 1] >= floor:
        last += 1
    return first, last + 1


@allocation_free
def find_spans(smoothed: np.ndarray, prominence: float, spans: np.ndarray) -> int:
    """Find the extents of the peaks of a smoothed density.

    Parameters
    ----------
    smoothed
        (bins,) density, outward from the close.
    prominence
        Fraction (0 .. 1) of a peak by which the density must fall to confirm it, and of a rise to confirm a valley.
    spans
        (`MOST`, 2) receives first and last-plus-one bin of each peak.

    Returns
    -------
    int
        How many were written, in outward order.
    """
    count, start, peak, valley = 0, 0, 0, 0
    keep, rising, extreme = 1.0 - prominence, True, smoothed[0]
    for index in range(len(smoothed)):
        value = smoothed[index]
        if rising:
            if value > extreme:
                peak, extreme = index, value
            elif value < keep * extreme:
                rising, valley, extreme = False, index, value
        elif value < extreme:
            valley, extreme = index, value
        elif keep * value > extreme:
            if count < MOST:
                spans[count, 0], spans[count, 1] = _extent(smoothed, start, peak, valley)
                count += 1
            start, peak, rising, extreme = valley, index, True, value
    if not rising and count < MOST:
        spans[count, 0], spans[count, 1] = _extent(smoothed, start, peak, len(smoothed))
        count += 1
    return count


@allocation_free
def gather(outward: np.ndarray, side: int, spans: np.ndarray, count: int, clusters: np.ndarray) -> None:
    """Sum up each span: `magnitude` receives its size, `price` its mean bin position.

    Parameters
    ----------
    outward, side
        (2, bins) raw density, base coin per bin, outward from the close.
    spans, count
        (most, 2) from `find_spans`; the first `count` are valid.
    clusters
        (2, most) of `CLUSTER`.
    """
    for index in range(count):
        size, moment = 0.0, 0.0
        for column in range(spans[index, 0], spans[index, 1]):
            size += outward[side, column]
            moment += outward[side, column] * (column + 0.5)
        clusters[side, index].magnitude = size
        clusters[side, index].price = moment / size if size > 0.0 else np.nan


@allocation_free
def quantile_size(clusters: np.ndarray, side: int, count: int, quantile: float) -> float:
    """Return the smallest magnitude that at least `quantile` of the first `count` clusters do not exceed (0 for none)."""
    best = np.inf
    for candidate in range(count):
        below = 0
        for other in range(count):
            if clusters[side, other].magnitude <= clusters[side, candidate].magnitude:
                below += 1
        if below >= quantile * count:
            best = min(best, clusters[side, candidate].magnitude)
    return best if count > 0 else 0.0


@allocation_free
def keep_significant(
    clusters: np.ndarray,
    side: int,
    spans: np.ndarray,
    count: int,
    least: float,
    in_usd: bool,
    nearest: int,
    close: float,
    bin_width: float,
) -> int:
    """Turn gathered spans into clusters, in place, and keep those that are large enough, in their order.

    Parameters
    ----------
    clusters, side
        (2, most) of `CLUSTER` as `gather` leaves them.
    spans
        (most, 2) extents in outward bins; kept ones move up together with their clusters.
    least
        Smallest magnitude that counts, base coin, or quote if `in_usd`.
    nearest
        Absolute bin at which the outward reading begins.

    Returns
    -------
    int
        How many were kept.
    """
    outward, edge = (-1.0, nearest + 1.0) if side == LONG else (1.0, nearest + 0.0)
    kept = 0
    for index in range(count):
        size = clusters[side, index].magnitude
        if not size > 0.0 or (not in_usd and size < least):
            continue
        centre = bin_price(edge + outward * clusters[side, index].price, bin_width)
        if in_usd and size * centre < least:
            continue
        spans[kept, 0], spans[kept, 1] = spans[index, 0], spans[index, 1]
        first = bin_price(edge + outward * spans[kept, 0], bin_width)
        last = bin_price(edge + outward * spans[kept, 1], bin_width)
        target = clusters[side, kept]
        target.low, target.high, target.price = min(first, last), max(first, last), centre
        target.long_size, target.short_size = (size, 0.0) if side == LONG else (0.0, size)
        target.magnitude, target.magnitude_usd = size, size * centre
        target.distance, target.side = centre / close - 1.0, -outward
        kept += 1
    return kept


def empty_clusters() -> np.ndarray:
    """Return room for the clusters of one side."""
    return np.zeros(MOST, dtype=CLUSTER)
