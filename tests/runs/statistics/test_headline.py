"""Intervals of the headline figures."""

import math

import numpy as np
import pytest

from runs.statistics import performance
from runs.statistics.headline import FIGURES, headline_intervals, stated_intervals


def noise(days, seed=0, mean=0.001):
    return np.random.default_rng(seed).standard_normal(days) * 0.02 + mean


def test_each_figure_lies_in_its_interval_and_has_the_metrics_formula():
    returns = noise(800)
    found = headline_intervals(returns)
    assert set(found) == {
        "total_return_fraction", "annual_growth_fraction", "annual_volatility_fraction", "sharpe", "sortino",
        "max_daily_drawdown_fraction",
    }  # fmt: skip
    for name, figure in FIGURES.items():
        assert found[name].low < figure(returns) < found[name].high
    assert performance.daily_drawdown(returns) == performance.largest_drawdown(np.cumprod(1.0 + returns), 1.0).fraction


def test_the_sharpe_interval_of_independent_returns_is_that_of_theory():
    returns = noise(2000)
    deviation = math.sqrt((1.0 + 0.5 * (performance.sharpe(returns) ** 2 / 365)) / 2000) * math.sqrt(365)
    interval = headline_intervals(returns, draws=3000)["sharpe"]
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * deviation, rel=0.12)


def test_trends_widen_it():
    noises = noise(1500, mean=0.0)
    trending = noises.copy()
    for day in range(1, 1500):
        trending[day] += 0.5 * trending[day - 1]
    trending *= noises.std() / trending.std()
    wide, narrow = (headline_intervals(values)["sharpe"] for values in (trending, noises))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_less_confidence_is_narrower_and_the_same_seed_repeats():
    returns = noise(300)
    wide, narrow = headline_intervals(returns), headline_intervals(returns, confidence=0.5)
    for name in FIGURES:
        assert wide[name].low < narrow[name].low < narrow[name].high < wide[name].high
    assert headline_intervals(returns) == wide
    assert headline_intervals(returns, seed=1) != wide


def test_the_sharpe_interval_knows_no_scale():
    returns = noise(200)
    assert headline_intervals(0.25 * returns)["sharpe"] == pytest.approx(headline_intervals(returns)["sharpe"])


def test_few_days_have_no_interval():
    assert all(math.isnan(interval.low) for interval in headline_intervals(noise(19)).values())


def test_a_run_that_never_traded_is_sure_to_make_nothing():
    found = headline_intervals(np.zeros(100))
    assert found["total_return_fraction"] == found["max_daily_drawdown_fraction"] == (0.0, 0.0)
    assert math.isnan(found["sharpe"].low)
    assert math.isnan(found["sortino"].high)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        headline_intervals(noise(50), confidence=95.0)
    with pytest.raises(ValueError, match="one finite number a day"):
        headline_intervals(np.array([0.1, math.nan] * 20))


def test_what_a_run_states_is_plain_and_says_how_it_was_drawn():
    returns = noise(100)
    stated, found = stated_intervals(returns), headline_intervals(returns)
    assert (stated["confidence"], stated["draws"], stated["seed"], stated["days"]) == (0.95, 1000, 0, 100)
    assert stated["sharpe"] == {"low": found["sharpe"].low, "high": found["sharpe"].high}
    assert stated["max_daily_drawdown_fraction"]["low"] == found["max_daily_drawdown_fraction"].low


def coverage(runs, days, rho):
    true, hits, random = 1.5, 0, np.random.default_rng(0)
    for run in range(runs):
        noise = random.standard_normal(days + 30)
        for day in range(1, days + 30):
            noise[day] += rho * noise[day - 1]
        returns = 0.02 * (noise[30:] * math.sqrt(1.0 - rho**2) + true / math.sqrt(365))
        interval = headline_intervals(returns, draws=300, seed=run)["sharpe"]
        hits += interval.low <= true <= interval.high
    return hits / runs


@pytest.mark.slow
@pytest.mark.parametrize(("days", "rho", "least"), [(365, 0.0, 0.91), (1500, 0.0, 0.92), (1500, 0.3, 0.88)])
def test_the_true_sharpe_is_inside_as_often_as_said(days, rho, least):
    assert least <= coverage(400, days, rho) <= 0.98
