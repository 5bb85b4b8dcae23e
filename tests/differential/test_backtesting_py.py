"""Ours against backtesting.py, bar by bar: what enters by market orders on five years of real hours."""

import numpy as np
import pytest

from tests.differential.agreement import TOLERANCE, same_equity
from tests.differential.backtesting_py import replay, summed
from tests.differential.ours import jumping, run_ours

ONE_FEE = {"maker_fee_bps": 4.0, "taker_fee_bps": 4.0}


def whole(market):
    return market


# Where opens jump, backtesting.py gives a resting target the open (`test_documented_differences.py`): no targets there.
@pytest.mark.parametrize(
    ("strategy", "market_of", "least"),
    [
        ("magnet", whole, 400),
        ("overlay", whole, 400),
        ("tests.differential.rules:Bracket", whole, 2_000),
        ("overlay", jumping, 150),
    ],
)
def test_a_rule_trades_alike(hours, strategy, market_of, least):
    run = run_ours(market_of(hours), strategy, **ONE_FEE)
    fills, equity = replay(run)
    ours = summed(run.trades["bar"], run.trades["price"], run.trades["size"])
    assert len(ours) == len(fills) > least
    assert (ours["bar"] == fills["bar"]).all()
    for name in ("price", "size"):
        np.testing.assert_allclose(ours[name], fills[name], rtol=TOLERANCE, atol=0.0)
    same_equity(run.equity, equity)
