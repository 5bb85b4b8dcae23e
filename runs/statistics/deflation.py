"""The deflated Sharpe ratio of the best of a table of trials, by the raw and by the effective number of trials."""

import math
from dataclasses import dataclass

import numpy as np

from runs.statistics import performance
from runs.statistics.independence import effective_trials
from runs.statistics.panel import checked_panel, varying_trials
from runs.statistics.sharpe import SharpeSample, deflated_sharpe, expected_maximum_sharpe, sharpe_sample


@dataclass(frozen=True)
class Deflation:
    """The best trial against what luck brings.

    Attributes
    ----------
    best
        Column of the highest Sharpe ratio.
    sample
        Its daily Sharpe ratio and moments.
    deviation
        Standard deviation of the daily Sharpe ratios over the trials.
    trials, effective
        Trials whose returns vary, and how many independent ones they are worth.
    threshold, threshold_effective
        Daily Sharpe ratio expected of the best of that many unskilled trials; times sqrt(365) for the annual one.
    probability, probability_effective
        The deflated Sharpe ratio against each; the first is the strict one.
    """

    best: int
    sample: SharpeSample
    deviation: float
    trials: int
    effective: float
    threshold: float
    threshold_effective: float
    probability: float
    probability_effective: float


def best_deflated(returns: np.ndarray) -> Deflation:
    """Return how the best of (t, n) daily returns, a column a trial, stands against luck (`sharpe.deflated_sharpe`).

    Raises
    ------
    ValueError
        For fewer than four days, or fewer than two trials whose returns vary.
    """
    panel = checked_panel(returns, 4, 2)
    varying = varying_trials(panel, 2)
    ratios = np.array([performance.sharpe(panel[:, column]) for column in varying]) / math.sqrt(
        performance.DAYS_PER_YEAR
    )
    best = int(varying[ratios.argmax()])
    sample, deviation = sharpe_sample(panel[:, best]), float(np.std(ratios, ddof=1))
    trials, effective = len(varying), effective_trials(panel)
    return Deflation(
        best=best,
        sample=sample,
        deviation=deviation,
        trials=trials,
        effective=effective,
        threshold=expected_maximum_sharpe(trials, deviation),
        threshold_effective=expected_maximum_sharpe(effective, deviation),
        probability=deflated_sharpe(sample, trials, deviation),
        probability_effective=deflated_sharpe(sample, effective, deviation),
    )
