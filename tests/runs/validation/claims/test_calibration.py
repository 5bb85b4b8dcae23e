"""The slope: found where it is known, its interval honest, its claim true only where it is near one."""

import numpy as np
import pytest

from runs.statistics.bootstrap import joint_draws, joint_interval
from runs.validation.baselines.predictors import side_tables
from runs.validation.claim import NOT_VALIDATED, VALIDATED, judge
from runs.validation.claims.calibration import calibration_claim, reliability, slope_sample
from tests.runs.validation.worlds import dataset_of, noise, with_reports


def sample(slope, seed, rows=1000, days=40, noise=0.7):
    random = np.random.default_rng(seed)
    forecasts = random.lognormal(0.0, 1.5, rows)
    labels = np.arange(rows) * days // rows
    daily = random.lognormal(-0.125, 0.5, days)[labels]
    return forecasts, 3.0 * forecasts**slope * daily * random.lognormal(-0.5 * noise**2, noise, rows), labels


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.6])
def test_the_slope_of_the_law_is_found(slope):
    assert slope_sample(*sample(slope, 0, rows=20_000, days=400)).estimate == pytest.approx(slope, abs=0.06)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(150):
        interval = joint_interval([slope_sample(*sample(1.0, seed))])
        hits += interval.low <= 1.0 <= interval.high
    assert hits >= 0.82 * 150  # heavy tails and forty days: a little short of .95 (docs/design.md)


def test_one_step_is_close_to_a_full_fit_of_each_resample():
    forecasts, sizes, days = sample(1.0, 3)
    draws = joint_draws([slope_sample(forecasts, sizes, days)])
    random, fitted = np.random.default_rng(5), []
    for _ in range(200):
        rows = np.concatenate([np.flatnonzero(days == day) for day in random.integers(0, 40, 40)])
        fitted.append(slope_sample(forecasts[rows], sizes[rows], days[rows]).estimate)
    assert np.std(draws) == pytest.approx(np.std(fitted), rel=0.25)


@pytest.mark.parametrize(("power", "verdict"), [(1.0, VALIDATED), (0.6, NOT_VALIDATED), (1.6, NOT_VALIDATED)])
def test_the_claim_holds_where_size_follows_the_forecast_and_only_there(power, verdict):
    dataset = dataset_of(6, 8000)
    world = with_reports(dataset, dataset.model_liquidated**power * np.sqrt(noise(1, 8000)))
    table = side_tables(world)[0]
    claim = judge([calibration_claim("calibration_long", "long", table, world, 0)])[0]
    assert claim.verdict == verdict
    assert claim.details["slope"]["estimate"] == pytest.approx(power, abs=0.2)


def test_nothing_to_regress_on_gives_none():
    assert slope_sample(np.zeros(50), np.ones(50), np.arange(50)) is None
    assert slope_sample(np.ones(50), np.ones(50), np.arange(50)) is None


def test_the_reliability_table_holds_everything_once():
    forecasts, sizes, _ = sample(1.0, 1)
    table = reliability(forecasts, sizes)
    assert sum(row["bars"] for row in table) == 1000
    assert sum(row["reported"] * row["bars"] for row in table) == pytest.approx(sizes.sum())
    assert [row["forecast"] for row in table] == sorted(row["forecast"] for row in table)
