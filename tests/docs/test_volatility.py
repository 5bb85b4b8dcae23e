"""How forecasts of volatility are scored, on prices made by hand."""

import numpy as np
import pandas as pd
import pytest

from datafeeds.markets import read
from docs.volatility import Scores, qlike, realised_variance, saved, scores


def test_the_loss_is_least_where_the_forecast_was_right():
    ratio = np.array([0.5, 1.0, 2.0])
    assert qlike(ratio * 0.04, np.full(3, 0.04)) == pytest.approx(ratio - np.log(ratio) - 1.0)
    assert np.isnan(qlike(np.array([0.0, 0.04]), np.array([0.04, np.nan]))).all(), "nothing moved, nothing was forecast"


def market(closes, hours=1):
    opens = np.r_[1.0, closes[:-1]]
    times = pd.date_range("2024-01-01", periods=len(closes), freq=f"{hours}h")
    bars = {
        "open": opens,
        "high": np.maximum(opens, closes),
        "low": np.minimum(opens, closes),
        "close": closes,
        "volume": 1.0,
    }
    return read(pd.DataFrame(bars, index=times))


def test_what_came_is_the_sum_of_squares_after_the_close_up_to_the_horizon():
    steps = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    prices, first = market(np.exp(np.cumsum(steps))), pd.Timestamp("2024-01-01 01:00").timestamp()
    came = realised_variance(prices, first + 3600 * np.array([0, 2, 3]), 4)
    assert came[:2] == pytest.approx([(steps[1:5] ** 2).sum(), (steps[3:7] ** 2).sum()])
    assert np.isnan(came[2]), "beyond the end"


def test_averages_are_scored_at_the_hours_that_have_a_forecast():
    steps = 0.01 * np.random.default_rng(1).standard_normal(2600)
    prices = market(np.exp(np.cumsum(steps)))
    found = scores(prices, prices, 24)
    assert 100 < len(found.weeks) < 1140, "forecasts begin after 61 to 91 days"
    variance = pd.Series(steps**2).ewm(halflife=24.0, adjust=False).mean().to_numpy()
    came = np.convolve(steps**2, np.ones(24), "valid")[1:]
    expected = qlike(came, 24.0 * variance[: len(came)])[-len(found.weeks) :]
    assert found.averages[0] == pytest.approx(expected)


def test_sets_count_equally_and_whole_weeks_are_drawn():
    one = Scores(np.array([5, 5, 6]), np.array([1.0, 1.0, 1.0]), (np.array([2.0, 2.0, 4.0]),))
    other = Scores(np.array([6, 7]), np.array([1.0, 1.0]), (np.array([1.0, 1.0]),))
    assert saved([one], 0).estimate == pytest.approx(5.0 / 8.0)
    assert saved([one, other], 0).estimate == pytest.approx(5.0 / 16.0)
    assert saved([one, other], 0).blocks == 3
