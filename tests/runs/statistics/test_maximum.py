"""Moments of the largest of independent normals."""

import math

import numpy as np
import pytest

from runs.statistics.maximum import maximum_of_normals


@pytest.mark.parametrize(
    ("trials", "mean"),
    [(1, 0.0), (2, 0.56419), (5, 1.16296), (10, 1.53875), (45, 2.20772), (100, 2.50759), (1000, 3.24144)],
)
def test_the_mean_is_the_exact_integral(trials, mean):
    assert maximum_of_normals(trials).mean == pytest.approx(mean, abs=5e-6)


@pytest.mark.parametrize(("trials", "variance"), [(1, 1.0), (2, 1.0 - 1.0 / math.pi), (3, 0.559467)])
def test_the_variance_is_that_of_closed_forms(trials, variance):
    assert maximum_of_normals(trials).variance == pytest.approx(variance, abs=1e-6)


def test_it_is_what_drawing_gives():
    drawn = np.random.default_rng(0).standard_normal((40_000, 7)).max(axis=1)
    exact = maximum_of_normals(7)
    assert exact.mean == pytest.approx(drawn.mean(), abs=0.015)
    assert exact.variance == pytest.approx(drawn.var(), abs=0.015)


def test_less_than_one_trial_is_none():
    with pytest.raises(ValueError, match="one or more"):
        maximum_of_normals(0.5)
