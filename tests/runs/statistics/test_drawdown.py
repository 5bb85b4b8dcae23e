"""Drawdowns of trades in random order."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.statistics import performance
from runs.statistics.drawdown import trade_order_drawdowns

TRADES = np.array([0.10, -0.06, 0.04, -0.12, 0.08, -0.03])


def test_it_approaches_all_orders():
    falls = [
        performance.largest_drawdown(np.cumprod(1.0 + np.array(order)), 1.0).fraction for order in permutations(TRADES)
    ]
    found = trade_order_drawdowns(TRADES, 20_000)
    assert found.observed == performance.largest_drawdown(np.cumprod(1.0 + TRADES), 1.0).fraction
    assert found.median == pytest.approx(np.quantile(falls, 0.5), abs=2e-3)
    assert found.quantile_95 == pytest.approx(np.quantile(falls, 0.05), abs=2e-3)
    assert found.probability_worse == pytest.approx(np.mean(np.array(falls) < found.observed - 1e-12), abs=0.012)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=12), st.integers(0, 99))
def test_bounds(trades, seed):
    found = trade_order_drawdowns(np.array(trades), 50, seed)
    assert -1.0 <= found.quantile_95 <= found.median <= 0.0
    assert 0.0 <= found.probability_worse <= 1.0
    worst = np.prod(1.0 + np.minimum(trades, 0.0)) - 1.0
    assert worst - 1e-12 <= found.quantile_95


def test_losses_all_at_the_end_are_the_worst_order_and_all_the_same_has_one():
    trades = np.array([0.1] * 10 + [-0.1] * 10)
    assert trade_order_drawdowns(trades).probability_worse == 0.0
    same = trade_order_drawdowns(np.full(8, -0.05))
    assert same.probability_worse == 0.0
    assert same.median == pytest.approx(0.95**8 - 1.0)


def test_a_lucky_order_is_called_so():
    lucky = np.array([-0.05, 0.06] * 30)
    assert trade_order_drawdowns(lucky).probability_worse > 0.99


def test_a_loss_of_more_than_all_is_a_loss_of_all():
    assert trade_order_drawdowns(np.array([0.2, -1.3, 0.5]), 20).quantile_95 == -1.0


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="one or more"):
        trade_order_drawdowns(np.zeros(0))
    with pytest.raises(ValueError, match="finite"):
        trade_order_drawdowns(np.array([0.1, np.nan]))
