"""The stationary bootstrap: resampling of days in blocks of random length, and how long these should be."""

import math
from collections.abc import Iterator

import numpy as np

from runs.statistics.effective import lagged_products

_RUN = 5
"""Neighbouring lags that must be insignificant: Politis & White's ``max(5, sqrt(log10 t))`` is 5 for any t there is."""


def optimal_block_lengths(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean block lengths that suit each of several series.

    Parameters
    ----------
    series
        (..., t) in order of time, 8 or more, without NaN.

    Returns
    -------
    stationary, circular
        (...) lengths in observations for the stationary and for the circular bootstrap of the mean, from 1 to
        ``min(3 sqrt(t), t / 3)``; 1 for a series that does not vary.

    Notes
    -----
    Politis & White (2004), "Automatic Block-Length Selection for the Dependent Bootstrap", with the correction of Patton, Politis
    & White (2009): ``(2 G^2 / D)^(1/3) t^(1/3)``, ``D = 2 g(0)^2`` stationary and ``4/3 g(0)^2`` circular, the spectral
    density g(0) and ``G = sum |k| R(k)`` through a flat-top window of twice the lag at which five insignificant
    autocorrelations begin.

    Raises
    ------
    ValueError
        For fewer than eight observations.
    """
    values = np.asarray(series, dtype=np.float64)
    count = values.shape[-1]
    if count < 8:
        raise ValueError(f"a series of {count}: a block length needs eight observations or more")
    widest = min(math.ceil(math.sqrt(count)) + _RUN, count - 1)
    covariances = lagged_products(values)[..., : widest + 1] / count
    varies = np.ptp(values, axis=-1) > 0.0
    scale = np.where(varies, covariances[..., 0], 1.0)
    width = np.minimum(2 * _first_quiet(covariances[..., 1:] / scale[..., None], count), widest)
    lags = np.arange(1, widest + 1)
    share = lags / width[..., None]
    window = np.where(share <= 0.5, 1.0, np.where(share <= 1.0, 2.0 * (1.0 - share), 0.0))
    weighted = window * covariances[..., 1:]
    density = scale + 2.0 * weighted.sum(axis=-1)
    slope = 2.0 * (weighted * lags).sum(axis=-1)
    longest = math.ceil(min(3.0 * math.sqrt(count), count / 3.0))
    with np.errstate(divide="ignore"):
        core = np.where(varies, 2.0 * slope**2 / density**2 * count, 0.0)
    lengths = [np.clip(np.cbrt(core / divisor), 1.0, longest) for divisor in (2.0, 4.0 / 3.0)]
    return lengths[0], lengths[1]


def _first_quiet(correlations: np.ndarray, count: int) -> np.ndarray:
    """Return (...) the lag, from 1, that begins the first insignificant run of (..., l) correlations from lag 1; l if none does."""
    quiet = np.abs(correlations) < 2.0 * math.sqrt(math.log10(count) / count)
    runs = np.lib.stride_tricks.sliding_window_view(quiet, _RUN, axis=-1).all(axis=-1)
    return np.where(runs.any(axis=-1), runs.argmax(axis=-1) + 1, correlations.shape[-1])


def optimal_block_length(series: np.ndarray) -> tuple[float, float]:
    """Return the mean block lengths, stationary and circular, that suit (t,) a series (`optimal_block_lengths`)."""
    stationary, circular = optimal_block_lengths(np.asarray(series, dtype=np.float64).reshape(-1))
    return float(stationary), float(circular)


def stationary_draws(random: np.random.Generator, length: int, block_length: float, draws: int) -> Iterator[np.ndarray]:
    """Yield the positions of resamples by the stationary bootstrap, one at a time: all of a century's days would fill 1 GB.

    Parameters
    ----------
    random
        Source of chance.
    length
        Observations, 1 or more.
    block_length
        Mean length of a block, 1 or more: at each step a new block starts with the probability of its inverse.
    draws
        Resamples.

    Yields
    ------
    ndarray
        (length,) int64 in 0 .. length - 1: blocks from uniform starts, with lengths geometrically distributed, that wrap
        around at the end (Politis & Romano 1994, "The Stationary Bootstrap").

    Raises
    ------
    ValueError
        For a length, block length or number of draws below 1.
    """
    if length < 1 or draws < 1 or not block_length >= 1.0:
        raise ValueError(f"{draws} draws of {length} in blocks of {block_length}: each must be 1 or more")
    fresh = np.empty((draws, length), dtype=np.bool_)
    for row in fresh:
        row[:] = random.random(length) < 1.0 / block_length
    fresh[:, 0] = True
    steps = np.arange(length)
    for row in fresh:
        began = np.maximum.accumulate(np.where(row, steps, 0))
        yield (random.integers(0, length, length)[began] + steps - began) % length
