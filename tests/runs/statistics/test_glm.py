"""The logistic fit against a brute-force maximum, closed forms, and data that separate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.statistics.logistic import fit_logistic, log_loss, predict_logistic


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
