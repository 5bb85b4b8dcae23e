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
    return within(standing_before(density), standing_before(np.broadcast_to(starts, bins.shape)), bins)


def within(maps: np.ndarray, starts: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Return what maps hold up to a distance from their closes: every bin by the part of it that is reached.

    Parameters
    ----------
    maps
        (..., bins) base coin outward from the close; the first bin is the close's own, beyond the close.
    starts
        (...,) where in that first bin the close lies (0 .. 1).
    bins
        (...,) distance from the close, bins, >= 0; what lies beyond the last bin is not known and does not count.

    Examples
    --------
    >>> within(np.array([[1.0, 4.0]] * 3), np.full(3, 0.5), np.array([0.25, 0.5, 1.25])).tolist()
    [0.5, 1.0, 4.0]
    """
    sums = np.cumsum(maps, axis=-1, dtype=np.float64)
    sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    rooms = np.maximum(1.0 - starts, 1e-12)
    places = np.where(bins < rooms, bins / rooms, 1.0 + bins - rooms)
    places = np.clip(places, 0.0, maps.shape[-1])
    whole = np.minimum(places.astype(np.int64), maps.shape[-1] - 1)
    before, after = (np.take_along_axis(sums, whole[..., None] + step, axis=-1)[..., 0] for step in (0, 1))
    return before + (places - whole) * (after - before)
