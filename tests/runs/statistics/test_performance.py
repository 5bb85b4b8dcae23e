"""Headline figures: the one-pass fall is the one of the whole series."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics.performance import (
    annual_volatility,
    daily_drawdown,
    deepest_fall,
    downside_deviation,
    drawdowns,
    headline,
    largest_drawdown,
    mean_return,
    sample_deviation,
    sharpe,
    total_return,
)

EQUITY = st.lists(st.floats(0.0, 1e9), min_size=1, max_size=60).map(np.array)


@given(EQUITY, st.floats(1e-3, 1e9))
def test_the_deepest_fall_is_the_least_drawdown_to_the_last_bit(equity, start):
    assert deepest_fall(equity, start) == min(drawdowns(equity, start).min(), 0.0)
    assert deepest_fall(equity, start) == largest_drawdown(equity, start).fraction


def test_headline_figures_of_a_known_course():
    figures = headline(np.array([0.1, -0.5, 0.0]), np.array([110.0, 55.0, 55.0]), 100.0)
    assert figures["total_return_fraction"] == 55.0 / 100.0 - 1.0
    assert figures["max_bar_drawdown_fraction"] == -0.5
    assert figures["bar_calmar"] == figures["annual_growth_fraction"] / 0.5


@given(st.floats(-0.5, 0.5), st.integers(2, 400))
def test_equal_returns_have_no_deviation(value, days):
    assert sample_deviation(np.full(days, value)) == 0.0
    assert math.isnan(sharpe(np.full(days, value)))


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=60).map(np.array))
def test_figures_of_daily_returns_are_those_of_numpy(returns):
    worth = np.cumprod(1.0 + returns)
    assert total_return(returns) == pytest.approx(worth[-1] - 1.0, rel=1e-12)
    assert daily_drawdown(returns) == pytest.approx(min(drawdowns(worth, 1.0).min(), 0.0), rel=1e-12)
    assert mean_return(returns) == pytest.approx(returns.mean(), abs=1e-14)
    assert annual_volatility(returns) == pytest.approx(returns.std(ddof=1) * math.sqrt(365.0), abs=1e-12)
    assert downside_deviation(returns) == pytest.approx(math.sqrt((np.minimum(returns, 0.0) ** 2).mean()), abs=1e-14)
