"""Intervals that survive dependence: whole blocks (days, episodes) are drawn with replacement."""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

DRAWS = 2000
"""Resamples; the ends of a 95 % interval then vary by about a twentieth of its width (Efron & Tibshirani 1993, ch. 19)."""


class Interval(NamedTuple):
    """An estimate with its uncertainty.

    Attributes
    ----------
    estimate
        The statistic on the data as they are.
    low, high
        Ends of the two-sided interval.
    p_value
        One-sided: how often a statistic at or below zero would come out if the truth were what was estimated.
    blocks
        Blocks that were drawn from.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    blocks: int


class Sample(NamedTuple):
    """What one market gives to a statistic.

    Attributes
    ----------
    labels
        (b,) the blocks that it has rows in, ascending whole numbers, such as days. Equal ones of two markets are one time.
    columns
        Some (b,) sums of each block.
    statistic
        Takes as many arrays as there are columns, each a sum over blocks, and returns one value a resample; `np.divide` is a
        ratio of sums.
    """

    labels: np.ndarray
    columns: tuple[np.ndarray, ...]
    statistic: Callable[..., np.ndarray]

    @property
    def estimate(self) -> float:
        """The statistic on the data as they are."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(self.statistic(*(column.sum() for column in self.columns)))


def block_sums(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the sum of `values` (n,) within each run of equal `labels` (n,), in the order of the sorted labels.

    Examples
    --------
    >>> block_sums(np.array([1.0, 2.0, 4.0]), np.array([7, 7, 9])).tolist()
    [3.0, 4.0]
    """
    _, group = np.unique(labels, return_inverse=True)
    return np.bincount(group, weights=values)


def expanded_tail(tail: float, blocks: int) -> float:
    """Return the share of resamples to cut off each end, so that an interval from few blocks covers what it says.

    Notes
    -----
    The expanded percentile interval (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", 3.4): a resampled
    spread is short by ``sqrt((n - 1) / n)`` and knows no t quantile. The latter by its expansion in 1 / (n - 1) (Abramowitz
    & Stegun 26.7.5).

    Examples
    --------
    >>> round(expanded_tail(0.025, 10**9), 6), 0.011 < expanded_tail(0.025, 15) < 0.014
    (0.025, True)
    """
    if blocks < 3:
        return 0.0
    z, degrees = NormalDist().inv_cdf(tail), blocks - 1.0
    t = z + (z**3 + z) / (4.0 * degrees) + (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * degrees**2)
    return NormalDist().cdf(t * math.sqrt(blocks / degrees))


def ratio_interval(
    numerators: np.ndarray, denominators: np.ndarray, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Return the interval of a ratio of sums over independent blocks: a mean, a share or a skill.

    Parameters
    ----------
    numerators, denominators
        (b,) sums of each block; `block_sums` makes them. A mean has counts for denominators; a skill over a baseline has the
        difference of losses above and the baseline's loss below.
    level
        Coverage of the two-sided interval, 0 .. 1.
    draws, seed
        Resamples, and the seed they are drawn by.

    Returns
    -------
    Interval
        By percentiles of ``sum(numerators[i]) / sum(denominators[i])`` over blocks drawn with replacement (Efron 1979; with
        days as blocks Davison & Hinkley 1997, 8.2), expanded for few blocks (`expanded_tail`). All NaN without a block or
        where the denominators sum to zero.

    Notes
    -----
    Studentised intervals were tried and are not used: with lognormal and Pareto losses of a day they were a tenth to three
    quarters wider than plain percentiles and covered no better (15, 40 and 200 days). With heavy tails any interval from few
    days falls somewhat short of its level: the day that has not come yet is in no resample.

    Raises
    ------
    ValueError
        For arrays of different length.
    """
    above, below = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    if above.shape != below.shape or above.ndim != 1:
        raise ValueError(f"numerators {above.shape} and denominators {below.shape} must be arrays of one length")
    return joint_interval(
        [Sample(np.arange(len(above)), (above, below), np.divide)], level=level, draws=draws, seed=seed
    )


def joint_draws(samples: Sequence[Sample], draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Return (draws,) the mean of the samples' statistics in resamples of whole blocks, drawn jointly.

    Notes
    -----
    Blocks are drawn with replacement from the union of all samples' blocks, and each drawn one gives the rows of every sample
    that has any in it: what happened at one time stays together, and the samples' correlation is in the spread. A resample
    with no block of some sample is not finite.
    """
    union = np.unique(np.concatenate([sample.labels for sample in samples]))
    count = len(union)
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=draws)
    total = np.zeros(draws)
    for sample in samples:
        drawn = weights[:, np.searchsorted(union, sample.labels)].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            total += sample.statistic(*(drawn @ column for column in sample.columns))
    return total / len(samples)


def joint_interval(samples: Sequence[Sample], *, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Return the interval of the mean of the samples' statistics, equal weight a sample.

    Returns
    -------
    Interval
        By percentiles of `joint_draws`, expanded for the number of blocks of the sample that has fewest; ``blocks`` counts the
        union. NaN where a sample has no finite statistic; but for the estimate, where one has a single block, which can tell
        nothing of its own error.
    """
    blocks = len(np.unique(np.concatenate([sample.labels for sample in samples])))
    estimate = sum(sample.estimate for sample in samples) / len(samples)
    if not math.isfinite(estimate):
        return Interval(math.nan, math.nan, math.nan, math.nan, blocks)
    fewest = min(len(sample.labels) for sample in samples)
    if fewest < 2:
        return Interval(estimate, math.nan, math.nan, math.nan, blocks)
    drawn = joint_draws(samples, draws, seed)
    drawn = drawn[np.isfinite(drawn)]
    tail = expanded_tail(0.5 * (1.0 - level), fewest)
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    p_value = (1.0 + np.count_nonzero(drawn <= 0.0)) / (1.0 + len(drawn))
    return Interval(estimate, float(low), float(high), float(p_value), blocks)
