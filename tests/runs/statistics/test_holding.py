"""What merely holding earns, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics.holding import constant_exposure_returns, held_worth, holding_returns, mean_exposure
from runs.statistics.performance import sharpe, total_return


def test_a_held_coin_is_worth_its_price_less_all_funding_so_far():
    worth = held_worth(np.array([110.0, 90.0, 120.0]), np.array([1.0, 0.0, -2.0]))
    assert worth.tolist() == [109.0, 89.0, 121.0]


def test_a_held_coin_may_be_worth_less_than_nothing():
    assert held_worth(np.array([100.0, 10.0]), np.array([30.0, 0.0])).tolist() == [70.0, -20.0]


def test_a_day_of_holding_is_measured_on_the_price_at_its_start():
    returns = holding_returns(100.0, np.array([110.0, 99.0]), np.array([1.0, -2.2]))
    assert returns == pytest.approx([0.09, -0.08])


def test_mean_exposure_is_signed_over_all_bars_and_a_lost_account_has_none():
    position, close = np.array([1.0, -1.0, 0.0, 3.0]), np.full(4, 50.0)
    assert mean_exposure(position, close, np.array([100.0, 200.0, 100.0, 0.0])) == pytest.approx((0.5 - 0.25) / 4)


def test_a_constant_exposure_earns_its_multiple_every_day():
    returns = np.array([0.1, -0.2])
    assert total_return(constant_exposure_returns(0.5, returns)) == pytest.approx(1.05 * 0.9 - 1.0)
    assert total_return(constant_exposure_returns(-1.0, returns)) == pytest.approx(0.9 * 1.2 - 1.0)


def test_what_a_constant_exposure_has_lost_never_comes_back():
    earned = constant_exposure_returns(3.0, np.array([0.1, -0.4, 0.5]))
    assert earned.tolist() == pytest.approx([0.3, -1.0, 0.0])


@given(st.floats(0.001, 2.0))
def test_the_sharpe_ratio_of_a_constant_exposure_is_that_of_holding(exposure):
    returns = np.array([0.01, -0.02, 0.03, 0.005])
    assert sharpe(constant_exposure_returns(exposure, returns)) == pytest.approx(sharpe(returns))
    assert sharpe(constant_exposure_returns(-exposure, returns)) == pytest.approx(-sharpe(returns))
