"""Effective numbers of trials whose dependence is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.statistics.independence import effective_trials


def noise(days, trials, seed=0):
    return np.random.default_rng(seed).standard_normal((days, trials)) * 0.01


def by_eigenvalues(returns):
    """Return the participation ratio, its mean squared correlation adjusted, from the eigenvalues of the matrix itself."""
    days, trials = returns.shape
    values = np.linalg.eigvalsh(np.corrcoef(returns.T))
    plain = ((values**2).sum() - trials) / (trials * (trials - 1))
    adjusted = max(1.0 - (1.0 - plain) * (days - 1) / (days - 2), 0.0)
    return trials / (1.0 + (trials - 1) * adjusted)


@pytest.mark.parametrize(("days", "trials"), [(60, 9), (9, 60), (40, 40), (30, 400)])
def test_both_ways_equal_the_eigenvalues(days, trials):
    returns = noise(days, trials) + 0.01 * noise(days, 1, 1) / 0.01
    assert effective_trials(returns) == pytest.approx(by_eigenvalues(returns), rel=1e-9)


@pytest.mark.parametrize("groups", [1, 3, 10])
def test_groups_of_identical_trials_count_once_each(groups):
    returns = np.repeat(noise(4000, groups), 20, axis=1)
    assert effective_trials(returns) == pytest.approx(groups, rel=0.03)


@pytest.mark.parametrize("trials", [20, 400, 3000])
def test_independent_trials_all_count_even_where_they_outnumber_the_days(trials):
    assert effective_trials(noise(500, trials)) == pytest.approx(trials, rel=0.05)


@pytest.mark.parametrize("rho", [0.3, 0.7])
def test_equally_correlated_trials_follow_theory(rho):
    returns = np.sqrt(rho) * noise(5000, 1, 1) + np.sqrt(1.0 - rho) * noise(5000, 100)
    assert effective_trials(returns) == pytest.approx(100 / (1.0 + 99 * rho**2), rel=0.1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 40), st.integers(2, 40))
def test_order_scale_shift_and_idle_trials_do_not_matter(seed, days, trials):
    random = np.random.default_rng(seed)
    returns = random.standard_normal((days, trials)) + random.standard_normal((days, 1))
    found = effective_trials(returns)
    assert 1.0 <= found <= trials * (1.0 + 1e-9)
    changed = returns[:, random.permutation(trials)] * random.uniform(0.1, 9.0, trials) + 0.2
    assert effective_trials(changed) == pytest.approx(found, rel=1e-6)
    assert effective_trials(np.column_stack([returns, np.zeros(days)])) == pytest.approx(found)


def test_one_trial_is_one():
    assert effective_trials(noise(50, 1)) == 1.0
    assert effective_trials(np.column_stack([noise(50, 1), np.zeros(50)])) == 1.0
