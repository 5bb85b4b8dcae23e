"""The volume profile with a leverage kernel: where positions would be liquidated if every trade opened one and none were."""

import math

import numpy as np
from indicators.liquidation.grid import build_grid

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.parameters import ModelParameters
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import adverse_extremes, previous_closes, price_bins

_RENORMALISE = 1e-9


def leverage_kernels(parameters: ModelParameters) -> np.ndarray:
    """Return (2, reach) the share of positions that are liquidated 0, 1, 2, ... bins from their entry, longs and shorts."""
    grid = build_grid(parameters)
    tiers = grid.tiers[0]
    shifts = np.abs(tiers["shifts"][:, : tiers["count"]])
    halves = tiers["half_widths"][:, : tiers["count"]]
    kernels = np.zeros((2, int((shifts + halves).max()) + 1))
    for side in range(2):
        for tier in range(int(tiers["count"])):
            half, shift = int(halves[side, tier]), int(shifts[side, tier])
            shape = 1.0 - (np.arange(-half, half + 1) / (half + 1.0)) ** 2
            first = max(half - shift, 0)
            kernels[side, shift - half + first : shift + half + 1] += (
                tiers["weights"][tier] * shape[first:] / shape.sum()
            )
    return kernels


@allocation_free
def _standing_at(kernels: np.ndarray, profile: np.ndarray, side: int, level: int) -> float:
    """Return what the profile puts at one liquidation level (bin), to be scaled."""
    total = 0.0
    for distance in range(kernels.shape[1]):
        entry = level + distance if side == 0 else level - distance
        if 0 <= entry < len(profile):
            total += kernels[side, distance] * profile[entry]
    return total


@allocation_free
def _lay_volume(profile: np.ndarray, scale: float, kept: float, volume: float, low: int, high: int) -> float:
    """Let the profile (entry bins) forget, lay a bar's volume into it, and return its scale."""
    scale *= kept
    if scale < _RENORMALISE:
        for entry in range(len(profile)):
            profile[entry] *= scale
        scale = 1.0
    for entry in range(low, high + 1):
        profile[entry] += volume / (high - low + 1) / scale
    return scale


@allocation_free
def sweep_profile(
    volume: np.ndarray, bins: np.ndarray, kernels: np.ndarray, kept: float, profile: np.ndarray, forecast: np.ndarray
) -> None:
    """Write what each bar reaches into `forecast` (n, 2), then lay its volume into the `profile` (entry bins).

    `bins` (n, 5) holds each bar's low, high, adverse low, adverse high and the close before it, from the profile's first.
    """
    scale = 1.0
    for bar in range(len(volume)):
        for side in range(2):
            first = bins[bar, 2] if side == 0 else bins[bar, 4] + 1
            last = bins[bar, 4] if side == 0 else bins[bar, 3] + 1
            total = 0.0
            for level in range(first, last):
                total += _standing_at(kernels, profile, side, level)
            forecast[bar, side] = total * scale
        scale = _lay_volume(profile, scale, kept, volume[bar], bins[bar, 0], bins[bar, 1])


@allocation_free
def record_profile(
    volume: np.ndarray,
    bins: np.ndarray,
    kernels: np.ndarray,
    kept: float,
    every: int,
    profile: np.ndarray,
    maps: np.ndarray,
) -> None:
    """Lay every bar's volume, and write what stands outward from each `every`-th close into `maps` (m, 2, bins).

    `bins` (n, 3) holds each bar's low, high and close, from the profile's first.
    """
    scale = 1.0
    for bar in range(len(volume)):
        scale = _lay_volume(profile, scale, kept, volume[bar], bins[bar, 0], bins[bar, 1])
        if (bar + 1) % every == 0:
            for index in range(maps.shape[2]):
                below = _standing_at(kernels, profile, 0, bins[bar, 2] - 1 - index)
                above = _standing_at(kernels, profile, 1, bins[bar, 2] + 1 + index)
                maps[bar // every, 0, index], maps[bar // every, 1, index] = below * scale, above * scale


def profile_maps(bars: np.ndarray, parameters: ModelParameters, bar_seconds: int, every: int) -> np.ndarray:
    """Return (n // every, 2, window bins) what the volume profile puts outward from each `every`-th close, base coin."""
    width = parameters.bin_width
    bins = np.stack([price_bins(bars[name], width) for name in ("low", "high", "close")], axis=1)
    bins -= bins.min()
    maps = np.zeros((len(bars) // every, 2, math.ceil(parameters.cluster_window / width)))
    kept = 0.5 ** (bar_seconds / (parameters.half_life_hours * 3600.0))
    volume, profile = np.ascontiguousarray(bars["volume"]), np.zeros(int(bins.max()) + 1)
    record_profile(volume, bins, leverage_kernels(parameters), kept, every, profile, maps)
    return maps


def volume_profile(dataset: Dataset) -> np.ndarray:
    """Return (n, 2) what each bar reaches in a volume profile with a leverage kernel that nothing wipes, base coin.

    Notes
    -----
    The profile forgets with the model's half-life. It knows where trades took place and how far leverage liquidates, but
    not which of those levels price has already been to.
    """
    bars, width, parameters = dataset.bars, dataset.bin_width, dataset.parameters
    extremes = adverse_extremes(bars)
    prices = (bars["low"], bars["high"], extremes[:, 0], extremes[:, 1], previous_closes(bars))
    bins = np.stack([price_bins(values, width) for values in prices], axis=1)
    bins -= bins.min()  # the room, not the values, depends on the whole range
    half_life = parameters.half_life_hours * 3600.0 / dataset.bar_seconds
    forecast, profile = np.zeros((len(bars), 2)), np.zeros(int(bins.max()) + 1)
    volume = np.ascontiguousarray(bars["volume"])
    sweep_profile(volume, bins, leverage_kernels(parameters), 0.5 ** (1.0 / half_life), profile, forecast)
    return forecast


def kernel_share(dataset: Dataset, distances: np.ndarray) -> np.ndarray:
    """Return (n, 2) the share of positions entered at the last close that an excursion (n, 2; log price) liquidates."""
    kernels = leverage_kernels(dataset.parameters)
    sums = np.concatenate([np.zeros((2, 1)), np.cumsum(kernels, axis=1)], axis=1)
    edges = np.arange(sums.shape[1]) * dataset.bin_width
    return np.stack([np.interp(distances[:, side], edges, sums[side]) for side in range(2)], axis=1)
