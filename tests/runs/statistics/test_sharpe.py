"""Published examples of the probabilistic and the deflated Sharpe ratio, and what holds for any."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics import performance
from runs.statistics.sharpe import (
    SharpeSample,
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_backtest_length_years,
    probabilistic_sharpe,
    sharpe_sample,
)

DEVIATION = math.sqrt(0.5 / 250)  # of the trials in the example of Bailey & López de Prado 2014, per day
PAPER = SharpeSample(2.5 / math.sqrt(250), 1250, -3.0, 10.0)
NORMAL = SharpeSample(2.5 / math.sqrt(250), 1250)
HEDGE_FUND = SharpeSample(0.458, 24, -2.448, 10.164)  # Bailey & López de Prado 2012, months


def test_the_threshold_of_the_paper_of_2014():
    threshold = expected_maximum_sharpe(100, DEVIATION)
    assert threshold == pytest.approx(0.113173, abs=2e-6)
    assert threshold * math.sqrt(250) == pytest.approx(1.7894, abs=5e-5)


@pytest.mark.parametrize(
    ("sample", "trials", "expected"),
    [
        (PAPER, 100, 0.9004),
        (PAPER, 46, 0.9505),
        (NORMAL, 88, 0.9505),
    ],
)
def test_deflated_ratios_of_the_paper_of_2014(sample, trials, expected):
    assert deflated_sharpe(sample, trials, DEVIATION) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("sample", "trials", "expected"), [(PAPER, 10, 0.99388), (NORMAL, 100, 0.94277)])
def test_deflated_ratios_recomputed(sample, trials, expected):
    assert deflated_sharpe(sample, trials, DEVIATION) == pytest.approx(expected, abs=5e-6)


def test_probabilistic_ratios_of_the_paper_of_2012():
    assert probabilistic_sharpe(SharpeSample(0.458, 24)) == pytest.approx(0.9817, abs=1e-4)
    assert probabilistic_sharpe(HEDGE_FUND) == pytest.approx(0.9134, abs=5e-5)


@pytest.mark.parametrize(("trials", "expected"), [(10, 1.57460), (45, 2.23564), (100, 2.53060), (1000, 3.25512)])
def test_expected_maxima(trials, expected):
    assert expected_maximum_sharpe(trials) == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize(("trials", "approximation"), [(2, 0.51976), (5, 1.19259)])
def test_expected_maxima_of_few(trials, approximation):
    assert expected_maximum_sharpe(trials) == pytest.approx(approximation, abs=5e-6)


@pytest.mark.parametrize(
    ("trials", "mean"), [(5, 1.16296), (10, 1.53875), (45, 2.20772), (100, 2.50759), (1000, 3.24144)]
)
def test_the_approximation_is_at_most_three_percent_high(trials, mean):
    # The exact mean of the largest of so many normals, by numerical integration (Harter 1961 tabulates the first ones).
    assert 1.0 < expected_maximum_sharpe(trials) / mean < 1.03


def test_five_years_allow_45_trials():
    assert expected_maximum_sharpe(45, 1.0 / math.sqrt(5.0)) == pytest.approx(0.9998, abs=5e-5)
    assert minimum_backtest_length_years(45) == pytest.approx(4.998, abs=5e-4)


@given(st.integers(2, 10**6), st.floats(0.1, 5.0))
def test_the_backtest_length_lies_below_its_bound(trials, annual):
    assert 0.0 <= minimum_backtest_length_years(trials, annual) < 2.0 * math.log(trials) / annual**2


@given(st.floats(-0.3, 0.3), st.integers(10, 5000), st.floats(1.0, 1e6), st.floats(1.0, 1e6))
def test_more_trials_deflate_more(ratio, observations, trials, others):
    sample, (few, many) = SharpeSample(ratio, observations, -0.5, 6.0), sorted((trials, others))
    assert 0.0 <= deflated_sharpe(sample, many, 0.03) <= deflated_sharpe(sample, few, 0.03) <= 1.0
    assert deflated_sharpe(sample, few, 0.03) <= probabilistic_sharpe(sample)


def test_one_trial_is_not_deflated():
    assert deflated_sharpe(PAPER, 1, DEVIATION) == probabilistic_sharpe(PAPER)


def test_the_sample_is_that_of_the_run_metrics_and_knows_no_scale():
    returns = np.random.default_rng(0).standard_t(4, 900) * 0.02 + 0.001
    sample, scaled = sharpe_sample(returns), sharpe_sample(1000.0 * returns)
    assert sample.sharpe * math.sqrt(365) == pytest.approx(performance.sharpe(returns), rel=1e-14)
    assert [scaled.sharpe, scaled.skewness, scaled.kurtosis] == pytest.approx(
        [sample.sharpe, sample.skewness, sample.kurtosis]
    )
    mirrored = sharpe_sample(-returns)
    assert mirrored.skewness == pytest.approx(-sample.skewness)
    assert sample.kurtosis > 3.0


@pytest.mark.parametrize("returns", [np.zeros(50), np.full(9, 0.01), np.array([0.1, 0.2, 0.3])])
def test_no_ratio_without_variance_or_days(returns):
    with pytest.raises(ValueError, match="four or more that vary"):
        sharpe_sample(returns)


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="one or more"):
        expected_maximum_sharpe(0.9)
    with pytest.raises(ValueError, match="none below zero"):
        expected_maximum_sharpe(10, -1.0)
    with pytest.raises(ValueError, match="above zero"):
        minimum_backtest_length_years(10, 0.0)
    with pytest.raises(ValueError, match="no returns have both"):
        probabilistic_sharpe(SharpeSample(1.0, 50, 5.0, 3.0))


def test_the_probability_of_unskilled_returns_is_uniform():
    random = np.random.default_rng(0)
    values = [probabilistic_sharpe(sharpe_sample(random.standard_normal(250))) for _ in range(1500)]
    assert np.quantile(values, [0.05, 0.5, 0.95]) == pytest.approx([0.05, 0.5, 0.95], abs=0.03)
