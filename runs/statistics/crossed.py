"""Intervals for rows that depend in two ways at once: on who, and on when."""

import math
from typing import NamedTuple

import numpy as np

from runs.statistics.bootstrap import DRAWS, Interval


class Crossed(NamedTuple):
    """How often each of two kinds of blocks was drawn, in each resample.

    Attributes
    ----------
    first, second
        (draws, a) and (draws, b) whole numbers.
    """

    first: np.ndarray
    second: np.ndarray


def crossed_draws(first: int, second: int, *, draws: int = DRAWS, seed: int = 0) -> Crossed:
    """Return resamples of both kinds of blocks, each drawn with replacement by itself.

    Notes
    -----
    The pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap"): a row counts as often as the one block it lies in was
    drawn times as often as the other was. It is never too narrow for effects of either kind, and somewhat wide for what is
    neither.
    """
    random = np.random.default_rng(seed)
    return Crossed(*(random.multinomial(count, np.full(count, 1.0 / count), size=draws) for count in (first, second)))


def crossed_means(
    values: np.ndarray, weights: np.ndarray, first: np.ndarray, second: np.ndarray, drawn: Crossed
) -> np.ndarray:
    """Return (draws,) weighted means of (n,) values; `first` and `second` (n,) are the blocks each lies in, from 0."""
    shape = drawn.first.shape[1], drawn.second.shape[1]
    cells = first * shape[1] + second
    sums = (
        np.bincount(cells, weights=column, minlength=math.prod(shape)).reshape(shape)
        for column in (weights * values, weights)
    )
    above, below = (((drawn.first @ table) * drawn.second).sum(axis=1) for table in sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        return above / below


def crossed_interval(estimate: float, draws: np.ndarray, blocks: int, level: float = 0.95) -> Interval:
    """Return an estimate with the percentiles of its (draws,) resamples; what is not finite does not count."""
    found = draws[np.isfinite(draws)]
    if not len(found):
        return Interval(estimate, math.nan, math.nan, math.nan, blocks)
    low, high = np.quantile(found, [0.5 * (1.0 - level), 0.5 * (1.0 + level)])
    p_value = (1.0 + np.count_nonzero(found <= 0.0)) / (1.0 + len(found))
    return Interval(float(estimate), float(low), float(high), float(p_value), blocks)
