"""How far each bar's price went, and the size that a map by distance had within that reach."""

import numpy as np

from runs.validation.dataset import Dataset


def previous_closes(bars: np.ndarray) -> np.ndarray:
    """Return the close before each bar (n,), quote per base; the first bar has its own open."""
    return np.concatenate([bars["open"][:1], bars["close"][:-1]])


def adverse_extremes(bars: np.ndarray) -> np.ndarray:
    """Return (n, 2) the prices that liquidate: the low for longs and the high for shorts, of the mark where it is known."""
    low = np.where(np.isnan(bars["mark_low"]), bars["low"], bars["mark_low"])
    high = np.where(np.isnan(bars["mark_high"]), bars["high"], bars["mark_high"])
    return np.stack([np.minimum(low, bars["close"]), np.maximum(high, bars["close"])], axis=1)


def excursions(bars: np.ndarray) -> np.ndarray:
    """Return (n, 2) how far price went from the close before, down and up: log price, >= 0."""
    ratios = np.log(adverse_extremes(bars) / previous_closes(bars)[:, None])
    return np.maximum(ratios * np.array([-1.0, 1.0]), 0.0)


def reached(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) how many bins outward from the close before each bar went, by fraction."""
    return excursions(dataset.bars) / dataset.bin_width


def by_distance(density: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return maps (n, 2, bins) in whole bins of distance from the close: bin k holds what lies k to k + 1 bins away.

    `density` and `starts` are a `Dataset`'s. A bin of the grid holds its mass evenly, the first one beyond its start.
    """
    ahead = np.concatenate([density[:, :, 1:], np.zeros_like(density[:, :, :1])], axis=2)
    part = starts[:, :, None].astype(density.dtype)
    distances = (1 - part) * density + part * ahead
    distances[:, :, 0] = density[:, :, 0] + part[:, :, 0] * ahead[:, :, 0]
    return distances


def standing_before(maps: np.ndarray) -> np.ndarray:
    """Return what (n, ...) held at the closes, as it stood before each bar; zeros before the first."""
    return np.concatenate([np.zeros_like(maps[:1]), maps[:-1]])


def swept(density: np.ndarray, bins: np.ndarray, starts: np.ndarray | float = 0.0) -> np.ndarray:
    """Return (n, 2) what bars reach in the maps that stood at the closes before them.

    Parameters
    ----------
    density
        (n, 2, bins) maps; row t is the one at the close of bar t.
    bins
        (n, 2) from `reached`.
    starts
        (n, 2) where in its first bin each map begins; 0 for maps by distance.
    """
    begin = standing_before(np.broadcast_to(starts, bins.shape))
    sums = np.cumsum(standing_before(density), axis=2, dtype=np.float64)
    last = sums.shape[2]
    end = np.minimum(begin + bins, last)
    whole = np.minimum(np.floor(end).astype(np.int64), last - 1)
    before = np.where(whole > 0, np.take_along_axis(sums, np.maximum(whole - 1, 0)[:, :, None], axis=2)[:, :, 0], 0.0)
    inside = np.take_along_axis(sums, whole[:, :, None], axis=2)[:, :, 0] - before
    near = np.where(whole > 0, whole, begin)  # the first bin begins at the close
    return np.where(bins > 0.0, before + inside * (end - near) / (whole + 1.0 - near), 0.0)
