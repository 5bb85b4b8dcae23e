"""Effective sample sizes of series whose dependence is known."""

import numpy as np
import pytest

from runs.statistics.bootstrap import Sample
from runs.statistics.effective import autocorrelations, effective_size, joint_effective


def autoregressive(rho, count, seed=0):
    noise = np.random.default_rng(seed).standard_normal(count)
    values = np.empty(count)
    values[0] = noise[0]
    for index in range(1, count):
        values[index] = rho * values[index - 1] + np.sqrt(1.0 - rho**2) * noise[index]
    return values


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_an_autoregressive_series_is_worth_what_theory_says(rho):
    sizes = [effective_size(autoregressive(rho, 20_000, seed)) for seed in range(5)]
    assert np.mean(sizes) == pytest.approx(20_000 * (1.0 - rho) / (1.0 + rho), rel=0.15)


def test_it_is_never_more_than_the_observations():
    assert effective_size(np.tile([1.0, -1.0], 100)) == 200.0
    assert effective_size(np.ones(50)) == 50.0
    assert effective_size(np.array([3.0])) == 1.0


def test_autocorrelations_are_those_of_the_definition():
    values = autoregressive(0.6, 50)
    deviations = values - values.mean()
    expected = [float(deviations[: 50 - lag] @ deviations[lag:]) for lag in range(50)]
    assert autocorrelations(values) == pytest.approx(np.array(expected) / expected[0])


def shares(seed, first=0, blocks=300):
    values = np.random.default_rng(seed).standard_normal(blocks)
    return Sample(np.arange(first, first + blocks), (values, np.ones(blocks)), np.divide)


def test_independent_samples_add_up_and_equal_ones_do_not():
    one = shares(1)
    assert joint_effective([one], [70.0]) == pytest.approx(70.0)
    assert joint_effective([one, one], [70.0, 70.0]) == pytest.approx(70.0)
    assert joint_effective([one, shares(2)], [70.0, 70.0]) == pytest.approx(140.0, rel=0.15)
    assert joint_effective([one, shares(2, 1000)], [70.0, 70.0]) == pytest.approx(140.0)


def test_one_small_sample_holds_the_mean_back():
    assert joint_effective([shares(1), shares(2, 1000)], [2.0, 1e6]) == pytest.approx(8.0, rel=1e-3)


def test_it_is_the_variance_of_one_over_that_of_the_mean():
    random = np.random.default_rng(3)
    common, own = random.standard_normal(4000), random.standard_normal((2, 4000))
    values = np.sqrt(0.5) * common + np.sqrt(0.5) * own
    samples = [Sample(np.arange(4000), (row, np.ones(4000)), np.divide) for row in values]
    expected = 4000 * values.var(axis=1).mean() / values.mean(axis=0).var()
    assert joint_effective(samples, [4000.0, 4000.0]) == pytest.approx(expected, rel=0.01)
