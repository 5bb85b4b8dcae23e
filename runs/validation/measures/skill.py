"""Skill: how much of a forecaster's loss another one takes away, out of sample."""

import numpy as np

from runs.statistics.bootstrap import Sample, block_sums, joint_interval, ratio_interval
from runs.statistics.effective import effective_size
from runs.validation.baselines.predictors import SideTable
from runs.validation.claim import Test


def skill_test(
    baseline: str, table: SideTable, without: tuple[str, ...], with_it: tuple[str, ...], one_sided: bool = False
) -> Test:
    """Return the Poisson deviance skill ``1 - D_with / D_without`` with its interval over days.

    Parameters
    ----------
    baseline
        What is compared with, in words.
    table
        One side's data.
    without, with_it
        The covariates of the baseline, and of what is to beat it.
    one_sided
        For a placebo: only a positive skill is an effect. What knows nothing has a skill slightly *below* zero out of
        sample, because it costs a parameter.
    """
    before, after = table.losses(without), table.losses(with_it)
    return ratio_test(baseline, before - after, before, table.days[table.scored], one_sided)


def ratio_test(baseline: str, gains: np.ndarray, losses: np.ndarray, days: np.ndarray, one_sided: bool = False) -> Test:
    """Return the test of ``sum(gains) / sum(losses)`` with whole days as blocks.

    Notes
    -----
    Effective are the rows after autocorrelation of the gains, and no more than the days that the interval is drawn from.
    """
    sample = ratio_sample(gains, losses, days)
    interval = joint_interval([sample])
    effective = min(effective_size(gains), float(interval.blocks))
    return Test(baseline, interval, len(gains), effective, one_sided, sample)


def ratio_sample(above: np.ndarray, below: np.ndarray, days: np.ndarray) -> Sample:
    """Return the sample of ``sum(above) / sum(below)`` over (n,) rows with whole numbers for days."""
    return Sample(np.unique(days), (block_sums(above, days), block_sums(below, days)), np.divide)


MAX_BLOCKS = 200
"""Blocks that episodes are drawn in: beyond it an interval changes little, and its cost grows."""


BLOCK_DAYS = 7
"""Days that are drawn together where episodes of several markets are: no episode lasts longer."""


def mean_test(baseline: str, values: np.ndarray, days: np.ndarray, one_sided: bool = False) -> Test:
    """Return the test of the mean of (m,) episodes in order of time, with the day each begins on.

    Notes
    -----
    Each episode is a block, or a few neighbours are where there are more than `MAX_BLOCKS`. Effective are the episodes
    after autocorrelation. Over several markets, whose episodes overlap, weeks are the blocks.
    """
    count = len(values)
    labels = np.arange(count) * min(count, MAX_BLOCKS) // max(count, 1)
    interval = ratio_interval(block_sums(values, labels), block_sums(np.ones(count), labels))
    sample = ratio_sample(values, np.ones(count), days // BLOCK_DAYS)
    return Test(baseline, interval, count, effective_size(values), one_sided, sample)
