"""What followed each close within a horizon: how far price went against a side, and what of it was reported."""

from typing import NamedTuple

import numpy as np

from runs.stress_test.inputs import StressInputs
from runs.validation.measures.reach import within

WITHOUT_MAP = 3
"""How many of the covariates, the first ones, know no map: distance, volume, volatility."""


class Windows(NamedTuple):
    """One side's past, a row a close t; the window is the bars t + 1 .. t + horizon.

    Attributes
    ----------
    distances
        (n,) log price, >= 0, as far as price went against the side.
    sizes
        (n,) base coin of the side reported; NaN where unknown.
    covariates
        (n, 4) `covariates_at` of these distances.
    """

    distances: np.ndarray
    sizes: np.ndarray
    covariates: np.ndarray


def without_map(windows: Windows) -> Windows:
    """Return the same past, known without a map: the baseline range x volume."""
    return windows._replace(covariates=windows.covariates[:, :WITHOUT_MAP])


def covariates_at(inputs: StressInputs, side: int, rows: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return what is known at a close of a move that is asked about.

    Parameters
    ----------
    inputs, side
        The market; 0 longs, 1 shorts.
    rows
        (m,) bars whose close it is asked at, counted from the first map.
    distances
        (m,) log price, >= 0.

    Returns
    -------
    ndarray
        (m, 4) distance, volume of the day before, daily volatility, and what the map has on the way, base coin.
    """
    bars = rows + len(inputs.closes) - len(inputs.maps)
    on_the_way = within(inputs.maps[rows, side], inputs.starts[rows, side], distances / inputs.bin_width)
    return np.column_stack([distances, inputs.volume_24h[bars], inputs.daily_volatility[bars], on_the_way])


def past_windows(inputs: StressInputs, side: int, horizon: int) -> Windows:
    """Return what followed each close that a whole horizon (bars, >= 1) followed; needs the map of every close."""
    count = max(len(inputs.closes) - horizon, 0)
    if count == 0:
        return Windows(np.empty(0), np.empty(0), np.empty((0, WITHOUT_MAP + 1)))
    ahead = np.lib.stride_tricks.sliding_window_view(inputs.extremes[1:, side], horizon)
    ratios = np.log((ahead.max(axis=1) if side else ahead.min(axis=1)) / inputs.closes[:count])
    distances = np.maximum(ratios if side else -ratios, 0.0)
    sizes = np.lib.stride_tricks.sliding_window_view(inputs.reported[1:, side], horizon).sum(axis=1)
    return Windows(distances, sizes, covariates_at(inputs, side, np.arange(count), distances))
