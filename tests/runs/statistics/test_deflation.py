"""The best of a table against luck."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from runs.statistics import performance
from runs.statistics.deflation import best_deflated
from runs.statistics.sharpe import deflated_sharpe, expected_maximum_sharpe, sharpe_sample


def test_it_is_the_formula_on_the_best_column():
    returns = np.random.default_rng(0).standard_normal((300, 12)) * 0.01
    returns[:, 5] = 0.0
    found = best_deflated(returns)
    ratios = [performance.sharpe(column) for column in returns.T if np.ptp(column) > 0.0]
    assert found.trials == 11
    assert performance.sharpe(returns[:, found.best]) == max(ratios)
    assert found.deviation == pytest.approx(np.std(ratios, ddof=1) / math.sqrt(365))
    assert found.probability == deflated_sharpe(sharpe_sample(returns[:, found.best]), 11, found.deviation)


def test_copies_raise_the_raw_number_alone():
    returns = np.repeat(np.random.default_rng(0).standard_normal((2000, 8)) * 0.01, 30, axis=1)
    found = best_deflated(returns)
    assert found.trials == 240
    assert found.effective == pytest.approx(8.0, rel=0.02)
    assert found.threshold_effective < found.threshold
    assert found.probability < found.probability_effective


def test_the_best_of_noise_sits_near_one_half_and_never_above_the_bar():
    random = np.random.default_rng(0)
    found = [best_deflated(random.standard_normal((1000, 100))).probability for _ in range(150)]
    assert np.mean(found) == pytest.approx(0.485, abs=0.05)
    assert np.quantile(found, 0.95) == pytest.approx(0.77, abs=0.07)
    assert max(found) < 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("annual", "margin"), [(0.0, 0.015), (1.9, 0.11), (2.5, 0.16)])
def test_one_skilled_trial_of_a_thousand_passes_the_bar_as_often_as_theory_says(annual, margin):
    random, passed = np.random.default_rng(2), []
    for _ in range(100):
        returns = random.standard_normal((1000, 1000))
        returns[:, 0] += annual / math.sqrt(252)
        passed.append(best_deflated(returns).probability > 0.95)
    # In deviations of an estimated ratio: the truth, less what luck gives the best of 1,000, less what 95 % asks for.
    power = NormalDist().cdf(
        annual / math.sqrt(252) * math.sqrt(1000) - expected_maximum_sharpe(1000) - NormalDist().inv_cdf(0.95)
    )
    assert np.mean(passed) == pytest.approx(power, abs=margin)


@pytest.mark.slow
def test_the_best_of_noise_over_many_tables():
    random = np.random.default_rng(1)
    found = np.array([best_deflated(random.standard_normal((1000, 100))).probability for _ in range(400)])
    assert found.mean() == pytest.approx(0.485, abs=0.03)
    assert np.quantile(found, 0.95) == pytest.approx(0.77, abs=0.05)
    assert np.mean(found > 0.95) <= 0.0075  # none were in the reference run
