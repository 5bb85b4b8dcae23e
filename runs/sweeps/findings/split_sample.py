"""In and out of sample: what the first half of the days promised, and what the second kept."""

import math
from typing import NamedTuple

import numpy as np

from runs.statistics.performance import DAYS_PER_YEAR, total_return
from runs.statistics.rank import rank_correlation


class SplitSample(NamedTuple):
    """The trials on either half of the days.

    Attributes
    ----------
    first, second
        (n,) annualised Sharpe ratios; NaN without variance.
    correlation
        Spearman's, of the two, over the trials that have both.
    chosen
        Place of the best of the first half; -1 if there is none.
    chosen_return
        What it returned in the second half (fraction).
    chosen_rank
        Share of trials that it beat there, 0 .. 1.
    split
        Place of the first day of the second half.
    """

    first: np.ndarray
    second: np.ndarray
    correlation: float
    chosen: int
    chosen_return: float
    chosen_rank: float
    split: int


def halves(returns: np.ndarray) -> SplitSample:
    """Return how the trials' order in the first half of the days fared in the second.

    Parameters
    ----------
    returns
        (t, n) daily returns.
    """
    split = len(returns) // 2
    first, second = sharpe_ratios(returns[:split]), sharpe_ratios(returns[split:])
    both = np.isfinite(first) & np.isfinite(second)
    correlation = rank_correlation(first[both], second[both]) if both.sum() > 2 else math.nan
    if not both.any():
        return SplitSample(first, second, correlation, -1, math.nan, math.nan, split)
    chosen = int(np.flatnonzero(both)[first[both].argmax()])
    others = np.delete(second[both], np.flatnonzero(both).searchsorted(chosen))
    beaten = float(np.mean(others < second[chosen])) if len(others) else math.nan
    return SplitSample(first, second, correlation, chosen, total_return(returns[split:, chosen]), beaten, split)


def sharpe_ratios(returns: np.ndarray) -> np.ndarray:
    """Return (n,) annualised Sharpe ratios of (t, n) daily returns over zero; NaN without variance.

    As `runs.statistics.performance.sharpe`.
    """
    if len(returns) < 2:
        return np.full(returns.shape[1], np.nan)
    deviation = returns.std(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviation > 0.0, returns.mean(axis=0) / deviation, np.nan) * math.sqrt(DAYS_PER_YEAR)
