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


def price_bins(prices: np.ndarray, bin_width: float) -> np.ndarray:
    """Return the absolute bins of prices, as `indicators.liquidation.grid.price_bin` does."""
    return np.floor(np.log(prices) / bin_width).astype(np.int64)


def reached_bins(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) how many of the bins outward from the close before each bar reached; the window's width at most."""
    before = price_bins(previous_closes(dataset.bars), dataset.bin_width)
    extremes = price_bins(adverse_extremes(dataset.bars), dataset.bin_width)
    counts = np.stack([before - extremes[:, 0], extremes[:, 1] - before], axis=1)
    return np.clip(counts, 0, dataset.outward.shape[2])


def standing_before(outward: np.ndarray) -> np.ndarray:
    """Return the maps (n, 2, bins) as they stood before each bar; nothing before the first."""
    return np.concatenate([np.zeros_like(outward[:1]), outward[:-1]])


def swept(outward: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Return (n, 2) what bars reach in the maps that stood at the closes before them.

    Parameters
    ----------
    outward
        (n, 2, bins) maps by distance; row t is the one at the close of bar t.
    reached
        (n, 2) bins that each bar reached.
    """
    sums = np.cumsum(standing_before(outward), axis=2, dtype=np.float64)
    last = np.take_along_axis(sums, np.maximum(reached - 1, 0)[:, :, None], axis=2)[:, :, 0]
    return np.where(reached > 0, last, 0.0)
