"""Effective sample sizes of series whose dependence is known."""

import numpy as np
import pytest

from runs.statistics.effective import autocorrelations, effective_size


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
