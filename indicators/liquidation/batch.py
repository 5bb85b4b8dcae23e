"""The map without a history: open interest by entry price and a leverage distribution, to clusters.

For users who know (or assume) where positions were opened. The streaming book is `step`; both share the tiers, the
kernels and the extraction.
"""

import numpy as np

from indicators.liquidation.clusters import (
    MOST,
    empty_clusters,
    find_spans,
    gather,
    keep_significant,
    quantile_size,
    smooth,
)
from indicators.liquidation.grid import LONG, SHORT, Grid, build_grid, price_bin
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.snapshot import CLUSTER


def _lay(outward: np.ndarray, grid: Grid, side: int, entry_bins: np.ndarray, sizes: np.ndarray, close_bin: int) -> None:
    tiers = grid.tiers[0]
    for tier in range(int(tiers["count"])):
        half = int(tiers["half_widths"][side, tier])
        running = grid.cumulative[side, tier, int(tiers["margin"]) :][: 2 * half + 2]
        kernel = float(tiers["weights"][tier]) * np.diff(running)
        first = entry_bins + int(tiers["shifts"][side, tier]) - half
        for start, size in zip(first, sizes, strict=True):
            bins = np.arange(start, start + len(kernel))
            place = close_bin - 1 - bins if side == LONG else bins - close_bin - 1
            ahead = (place >= 0) & (place < outward.shape[1])
            outward[side, place[ahead]] += size * kernel[ahead]


def clusters_from_entries(
    entry_prices: np.ndarray,
    long_sizes: np.ndarray,
    short_sizes: np.ndarray,
    price: float,
    parameters: ModelParameters | None = None,
) -> np.ndarray:
    """Return the clusters of positions whose entry prices are known.

    Parameters
    ----------
    entry_prices
        (n,) quote per base, > 0.
    long_sizes, short_sizes
        (n,) base coin open at each entry price, >= 0.
    price
        Current price, quote per base, > 0. Size whose liquidation price it has passed is gone.
    parameters
        Leverage distribution, kernel and significance; a threshold by share is of the larger side's total.

    Returns
    -------
    ndarray
        (m,) of `CLUSTER`, by magnitude, largest first.

    Raises
    ------
    ValueError
        For arrays of different length, prices that are not positive or sizes below zero.

    Examples
    --------
    Longs at 65,000 with 10x and 0.5 % maintenance margin are force-closed near 58,800:

    >>> tenfold = ModelParameters(leverages=(10.0,), leverage_weights=(1.0,))
    >>> found = clusters_from_entries(np.array([65000.0]), np.array([100.0]), np.array([0.0]), 65000.0, tenfold)
    >>> len(found), round(float(found["price"][0]), -2), bool(found["side"][0] == 1.0)
    (1, 58800.0, True)
    """
    parameters = parameters or ModelParameters()
    entries, longs, shorts = (np.asarray(a, dtype=np.float64) for a in (entry_prices, long_sizes, short_sizes))
    if not entries.shape == longs.shape == shorts.shape or entries.ndim != 1:
        raise ValueError(
            f"entry_prices {entries.shape}, long_sizes {longs.shape} and short_sizes {shorts.shape} must pair up"
        )
    positive = np.append(entries, price)
    sizes = np.concatenate([longs, shorts])
    if not (
        np.isfinite(positive).all() and (positive > 0.0).all() and np.isfinite(sizes).all() and (sizes >= 0.0).all()
    ):
        raise ValueError("prices must be positive and sizes at least zero, all of them finite")
    bins = np.floor(np.log(entries) / parameters.bin_width).astype(np.int64)
    return by_magnitude(_extract(bins, longs, shorts, price, parameters))


def _extract(
    entry_bins: np.ndarray, longs: np.ndarray, shorts: np.ndarray, price: float, parameters: ModelParameters
) -> np.ndarray:
    grid, close_bin = build_grid(parameters), price_bin(price, parameters.bin_width)
    window = int(np.ceil(parameters.cluster_window / parameters.bin_width))
    outward, smoothed = np.zeros((2, window)), np.zeros(window)
    spans, clusters = np.zeros((MOST, 2), dtype=np.int64), np.stack([empty_clusters(), empty_clusters()])
    least = parameters.cluster_threshold
    if parameters.cluster_threshold_kind == "share":
        least *= max(float(longs.sum()), float(shorts.sum()))
    kept = []
    for side, sizes, nearest in ((LONG, longs, close_bin - 1), (SHORT, shorts, close_bin + 1)):
        _lay(outward, grid, side, entry_bins, sizes, close_bin)
        smooth(outward, side, smoothed)
        found = find_spans(smoothed, parameters.cluster_prominence, spans)
        gather(outward, side, spans, found, clusters)
        if parameters.cluster_threshold_kind == "quantile":
            least = quantile_size(clusters, side, found, parameters.cluster_threshold)
        in_usd = parameters.cluster_threshold_kind == "usd"
        count = keep_significant(clusters, side, spans, found, least, in_usd, nearest, price, parameters.bin_width)
        kept.append(clusters[side, :count])
    return np.concatenate(kept)


def by_magnitude(clusters: np.ndarray) -> np.ndarray:
    """Return `CLUSTER` records sorted by magnitude, largest first; equal ones keep their order."""
    order = np.argsort(-clusters["magnitude"], kind="stable")
    return np.asarray(clusters[order], dtype=CLUSTER)
