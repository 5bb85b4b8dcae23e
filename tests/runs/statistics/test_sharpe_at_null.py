"""The worked example of López de Prado, Lipton & Zoonekynd 2025, and the effect of serial correlation."""

import dataclasses
import math

import numpy as np
import pytest

from runs.statistics.sharpe import SharpeSample, expected_maximum_sharpe, probabilistic_sharpe
from runs.statistics.sharpe_at_null import (
    critical_sharpe,
    deflated_sharpe_at_null,
    minimum_track_record_length_at_null,
    observed_false_discovery_rate,
    planned_false_discovery_rate,
    probabilistic_sharpe_at_null,
    sharpe_deviation,
    sharpe_power,
)

SAMPLE = SharpeSample(0.036 / 0.079, 24, -2.448, 10.164)
NORMAL = SharpeSample(0.036 / 0.079, 24)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda: sharpe_deviation(SAMPLE, SAMPLE.sharpe), 0.329),
        (lambda: sharpe_deviation(NORMAL, NORMAL.sharpe), 0.214),
        (lambda: probabilistic_sharpe_at_null(SAMPLE), 0.987),
        (lambda: probabilistic_sharpe_at_null(SAMPLE, 0.1), 0.939),
        (lambda: minimum_track_record_length_at_null(SAMPLE), 13.029),
        (lambda: minimum_track_record_length_at_null(SAMPLE, confidence=0.9), 7.909),
        (lambda: minimum_track_record_length_at_null(SAMPLE, 0.1, 0.9), 16.456),
        (lambda: critical_sharpe(SAMPLE, confidence=0.9), 0.262),
        (lambda: sharpe_power(SAMPLE, 0.5, confidence=0.9), 0.758),
        (lambda: 1.0 - sharpe_power(SAMPLE, 0.5), 0.315),
        (lambda: planned_false_discovery_rate(0.05, 1.0 - 0.315), 0.581),
        (lambda: observed_false_discovery_rate(SAMPLE, 0.05, 0.5), 0.306),
        (lambda: observed_false_discovery_rate(SAMPLE, 0.10, 0.5), 0.173),
        (lambda: expected_maximum_sharpe(10, math.sqrt(0.1)), 0.498),
        (lambda: deflated_sharpe_at_null(SAMPLE, 10, math.sqrt(0.1)), 0.451),
        (lambda: deflated_sharpe_at_null(SAMPLE, 10, math.sqrt(0.1), of_maximum=True), 0.416),
    ],
)
def test_the_example_of_the_paper_of_2025(value, expected):
    assert value() == pytest.approx(expected, abs=5.1e-4)


def test_it_is_not_the_ratio_of_2012():
    assert probabilistic_sharpe(SharpeSample(0.458, 24, -2.448, 10.164)) == pytest.approx(0.913, abs=5e-4)
    assert probabilistic_sharpe_at_null(SharpeSample(0.458, 24, -2.448, 10.164)) == pytest.approx(0.987, abs=1e-3)


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.3])
def test_the_deviation_at_zero_is_that_of_simulated_autoregressive_returns(rho):
    noise = np.random.default_rng(1).standard_normal((4000, 300))
    returns = np.empty((4000, 250))
    state = np.zeros(4000)
    for day in range(300):
        state = rho * state + noise[:, day]
        if day >= 50:
            returns[:, day - 50] = state
    ratios = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
    expected = sharpe_deviation(SharpeSample(0.0, 250, autocorrelation=rho), 0.0)
    assert ratios.std() == pytest.approx(expected, rel=0.05)
    assert expected == pytest.approx(math.sqrt((1.0 + rho) / (1.0 - rho) / 250))


def test_trends_make_less_sure_and_bad_arguments_are_refused():
    trending = dataclasses.replace(NORMAL, autocorrelation=0.4)
    assert probabilistic_sharpe_at_null(trending) < probabilistic_sharpe_at_null(NORMAL)
    assert minimum_track_record_length_at_null(NORMAL, 1.0) == math.inf
    with pytest.raises(ValueError, match="between -1 and 1"):
        sharpe_deviation(dataclasses.replace(NORMAL, autocorrelation=1.0), 0.0)
    with pytest.raises(ValueError, match="no spread is left"):
        sharpe_deviation(SharpeSample(0.0, 24, 5.0, 3.0), 1.0)
