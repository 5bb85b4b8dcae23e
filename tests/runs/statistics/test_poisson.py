"""The Poisson fit against another optimiser, the deviance against its definition."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from runs.statistics.poisson import fit_poisson, poisson_deviance, predict_poisson


def sample(seed, rows=400, columns=3, noise=1.0):
    random = np.random.default_rng(seed)
    design = np.column_stack([np.ones(rows), random.standard_normal((rows, columns))])
    truth = random.normal(0.0, 0.7, columns + 1)
    return design, np.exp(design @ truth) * random.lognormal(-0.5 * noise**2, noise, rows), truth


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_is_where_another_optimiser_ends(seed):
    design, sizes, _ = sample(seed)

    def loss(b):
        return float((np.exp(design @ b) - sizes * (design @ b)).sum())

    def slope(b):
        return design.T @ (np.exp(design @ b) - sizes)

    theirs = minimize(loss, np.zeros(4), jac=slope, method="BFGS", options={"gtol": 1e-6}).x
    assert fit_poisson(design, sizes) == pytest.approx(theirs, abs=1e-4)


def test_it_finds_the_truth_whatever_the_noise_around_the_mean():
    design, sizes, truth = sample(1, rows=100_000, noise=0.5)
    assert fit_poisson(design, sizes) == pytest.approx(truth, abs=0.05)


def test_a_warm_start_ends_at_the_same_place():
    design, sizes, _ = sample(2)
    assert fit_poisson(design, sizes, np.array([1.0, -2.0, 0.5, 3.0])) == pytest.approx(fit_poisson(design, sizes))


def test_columns_that_say_the_same_do_no_harm():
    design, sizes, _ = sample(3)
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
