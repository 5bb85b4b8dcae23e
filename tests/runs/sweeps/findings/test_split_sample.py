"""What the first half promised, and what the second kept."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from runs.statistics.performance import sharpe
from runs.sweeps.findings.split_sample import halves, sharpe_ratios
from tests.runs.sweeps.made import noise


def test_the_ratios_are_those_of_a_runs_metrics():
    returns = noise(50, 7, 0)
    assert sharpe_ratios(returns) == pytest.approx([sharpe(column) for column in returns.T])
    returns[:, 3] = 0.0
    assert np.isnan(sharpe_ratios(returns)[3])


def test_the_best_of_the_first_half_is_followed_into_the_second():
    returns = noise(101, 9, 1)
    found = halves(returns)
    first, second = ([sharpe(column) for column in part.T] for part in (returns[:50], returns[50:]))
    chosen = int(np.argmax(first))
    assert found.split == 50
    assert found.chosen == chosen
    assert found.chosen_return == pytest.approx(np.prod(1.0 + returns[50:, chosen]) - 1.0)
    assert found.chosen_rank == pytest.approx(
        np.mean([value < second[chosen] for place, value in enumerate(second) if place != chosen])
    )
    assert found.correlation == pytest.approx(spearmanr(first, second).statistic)


def test_without_variation_nothing_is_chosen():
    assert halves(np.zeros((10, 3))).chosen == -1
