"""The logistic and the Poisson fit against other maxima, closed forms, and data that separate."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from runs.statistics.glm import fit_logistic, fit_poisson, log_loss, poisson_deviance, predict_logistic, predict_poisson


def sample(seed=0, rows=2000, truth=(-1.0, 0.8, -0.4)):
    random = np.random.default_rng(seed)
    covariates = np.column_stack([np.ones(rows), random.standard_normal((rows, len(truth) - 1))])
    return covariates, (random.random(rows) < predict_logistic(covariates, np.array(truth))).astype(float)


def test_the_truth_is_found():
    covariates, events = sample(rows=100_000)
    assert fit_logistic(covariates, events) == pytest.approx([-1.0, 0.8, -0.4], abs=0.03)


@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_no_neighbour_has_a_smaller_loss(seed):
    covariates, events = sample(seed, rows=300)
    fitted = fit_logistic(covariates, events)
    least = log_loss(events, predict_logistic(covariates, fitted)).sum()
    for column in range(3):
        for step in (-0.02, 0.02):
            moved = fitted.copy()
            moved[column] += step
            assert log_loss(events, predict_logistic(covariates, moved)).sum() > least


def test_one_binary_covariate_gives_the_log_odds_ratio():
    table = {(0, 0): 30, (0, 1): 10, (1, 0): 15, (1, 1): 45}
    rows = np.array([key for key, count in table.items() for _ in range(count)], dtype=float)
    covariates = np.column_stack([np.ones(len(rows)), rows[:, 0]])
    expected = [np.log(10 / 30), np.log(45 * 30 / (15 * 10))]
    assert fit_logistic(covariates, rows[:, 1]) == pytest.approx(expected, abs=1e-3)


def test_data_that_separate_and_columns_that_repeat_give_finite_coefficients():
    value = np.linspace(-1.0, 1.0, 100)
    covariates = np.column_stack([np.ones(100), value, value])
    fitted = fit_logistic(covariates, (value > 0.1).astype(float))
    assert np.isfinite(fitted).all()
    assert fitted[1] == pytest.approx(fitted[2])
    assert np.isfinite(fit_logistic(covariates, np.zeros(100))).all()


def test_an_earlier_fit_to_start_from_changes_nothing():
    covariates, events = sample()
    warm = fit_logistic(covariates, events, fit_logistic(covariates[:500], events[:500]))
    assert warm == pytest.approx(fit_logistic(covariates, events), abs=1e-6)


def test_rows_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="same rows"):
        fit_logistic(np.ones((3, 1)), np.ones(2))
    with pytest.raises(ValueError, match="at least one"):
        fit_logistic(np.ones((0, 1)), np.ones(0))


def sizes_sample(seed, rows=400, columns=3, noise=1.0):
    random = np.random.default_rng(seed)
    design = np.column_stack([np.ones(rows), random.standard_normal((rows, columns))])
    truth = random.normal(0.0, 0.7, columns + 1)
    return design, np.exp(design @ truth) * random.lognormal(-0.5 * noise**2, noise, rows), truth


@pytest.mark.parametrize("seed", range(5))
def test_the_poisson_fit_is_where_another_optimiser_ends(seed):
    design, sizes, _ = sizes_sample(seed)

    def loss(b):
        return float((np.exp(design @ b) - sizes * (design @ b)).sum())

    def slope(b):
        return design.T @ (np.exp(design @ b) - sizes)

    theirs = minimize(loss, np.zeros(4), jac=slope, method="BFGS", options={"gtol": 1e-6}).x
    assert fit_poisson(design, sizes) == pytest.approx(theirs, abs=1e-4)


def test_the_poisson_fit_finds_the_truth_whatever_the_noise_around_the_mean():
    design, sizes, truth = sizes_sample(1, rows=100_000, noise=0.5)
    assert fit_poisson(design, sizes) == pytest.approx(truth, abs=0.05)


def test_a_warm_start_ends_at_the_same_place():
    design, sizes, _ = sizes_sample(2)
    assert fit_poisson(design, sizes, np.array([1.0, -2.0, 0.5, 3.0])) == pytest.approx(fit_poisson(design, sizes))


def test_columns_that_say_the_same_do_no_harm():
    design, sizes, _ = sizes_sample(3)
    doubled = np.column_stack([design, design[:, 1], np.zeros(len(design))])
    ours = predict_poisson(doubled, fit_poisson(doubled, sizes))
    assert ours == pytest.approx(predict_poisson(design, fit_poisson(design, sizes)), rel=1e-4)


def test_the_constant_forecast_is_the_mean():
    assert predict_poisson(np.ones((1, 1)), fit_poisson(np.ones((3, 1)), np.array([0.0, 1.0, 5.0]))) == pytest.approx(
        2.0
    )


def test_nothing_liquidated_gives_a_forecast_of_next_to_nothing():
    assert predict_poisson(np.ones((1, 1)), fit_poisson(np.ones((3, 1)), np.zeros(3)))[0] < 1e-9


@pytest.mark.parametrize(("covariates", "sizes"), [(np.ones((0, 1)), np.ones(0)), (np.ones((3, 1)), np.ones(2))])
def test_what_does_not_pair_up_is_refused(covariates, sizes):
    with pytest.raises(ValueError, match="same rows"):
        fit_poisson(covariates, sizes)


def test_the_deviance_is_twice_the_gap_of_log_likelihoods():
    for count, mean in [(0, 0.3), (1, 2.5), (7, 7.0), (4, 0.9)]:

        def log_likelihood(rate, count=count):
            return count * math.log(rate) - rate - math.lgamma(count + 1) if rate else 0.0

        expected = 2.0 * (log_likelihood(float(count)) - log_likelihood(mean))
        assert poisson_deviance(np.array([float(count)]), np.array([mean]))[0] == pytest.approx(expected)


def test_the_deviance_scales_with_the_unit():
    sizes, means = np.array([0.0, 2.0, 9.0]), np.array([0.5, 3.0, 4.0])
    assert poisson_deviance(1000.0 * sizes, 1000.0 * means) == pytest.approx(1000.0 * poisson_deviance(sizes, means))
