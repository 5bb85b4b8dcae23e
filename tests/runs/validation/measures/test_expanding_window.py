"""Out of sample means out of sample."""

import numpy as np
import pytest

from runs.statistics.glm import fit_poisson, predict_poisson
from runs.validation.measures.expanding_window import first_scored, log_size, walk_forward


def sample(rows=900):
    random = np.random.default_rng(0)
    covariates = random.standard_normal((rows, 2))
    return covariates, np.exp(covariates @ np.array([0.5, -0.3])) * random.lognormal(0.0, 1.0, rows)


@pytest.mark.parametrize("cut", [501, 700, 899])
def test_a_poisoned_future_changes_no_earlier_forecast(cut):
    covariates, sizes = sample()
    poisoned, garbage = covariates.copy(), sizes.copy()
    poisoned[cut:] = 1e3
    garbage[cut:] = 1e9
    ours, theirs = walk_forward(covariates, sizes, 168), walk_forward(poisoned, garbage, 168)
    assert ours[:cut].tobytes() == theirs[:cut].tobytes()


def test_each_week_is_forecast_by_a_fit_to_all_before_it():
    covariates, sizes = sample()
    design = np.column_stack([np.ones(len(sizes)), covariates])
    forecasts = walk_forward(covariates, sizes, 168)
    assert np.isnan(forecasts[:500]).all()
    for start in (500, 668, 836):
        expected = predict_poisson(design[start : start + 168], fit_poisson(design[:start], sizes[:start]))
        assert forecasts[start : start + 168] == pytest.approx(expected, rel=1e-4)


def test_the_first_fit_takes_a_third_or_five_hundred():
    assert (first_scored(900), first_scored(30_000)) == (500, 10_000)
    assert np.isnan(walk_forward(np.zeros((300, 0)), np.ones(300), 10)).all()


def test_logs_of_sizes_know_no_future_and_no_unit():
    sizes = np.array([0.0, 2.0, 0.0, 8.0])
    logs = log_size(sizes)
    assert np.isnan(logs[0])
    assert logs[1:] == pytest.approx(np.log([2.01, 0.01 * 2 / 3, 8.025]))
    assert log_size(sizes[:3])[1:].tobytes() == logs[1:3].tobytes()
    assert log_size(1e6 * sizes)[1:] - logs[1:] == pytest.approx(np.log(1e6))
