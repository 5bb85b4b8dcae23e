"""Ours against vectorbt: the overlay's market orders on five years of real hours, without slippage and with it."""

import numpy as np
import pytest

from tests.differential.agreement import TOLERANCE, same_equity
from tests.differential.ours import jumping, run_ours
from tests.differential.vectorbt_orders import replay

# Spot accounts hold no more than they can pay for, fees included.
EXPOSURES = {"calm_exposure": 0.9, "moderate_exposure": 0.6, "high_exposure": 0.4, "cascade_exposure": 0.2}


@pytest.mark.parametrize("market_of", [lambda hours: hours, jumping], ids=["hours", "jumping"])
def test_the_overlay_trades_alike(hours, market_of):
    run = run_ours(market_of(hours), "overlay", EXPOSURES)
    fills, equity = replay(run)
    assert len(fills) == len(run.trades) > 400
    assert (fills["bar"] == run.trades["bar"]).all()
    for name in ("size", "price", "fee"):
        np.testing.assert_allclose(run.trades[name], fills[name], rtol=TOLERANCE, atol=0.0)
    same_equity(run.equity, equity)


def test_slippage_that_the_bars_range_does_not_admit_is_a_price_there_and_a_cost_here(hours):
    """Ours is right: nothing was traded beyond the range. What it costs is charged all the same, the fee on it excepted."""
    run = run_ours(hours, "overlay", EXPOSURES, slippage_bps=20.0)
    fills, _ = replay(run)
    assert len(fills) == len(run.trades)
    bars = run.prices[fills["bar"]]
    admitted = (fills["price"] <= bars["high"]) & (fills["price"] >= bars["low"])
    assert 0 < (~admitted).sum() < len(fills)
    for name in ("price", "fee"):
        np.testing.assert_allclose(run.trades[name][admitted], fills[name][admitted], rtol=TOLERANCE, atol=0.0)
    ours, theirs = run.trades[~admitted], fills[~admitted]
    edge = np.where(ours["size"] > 0.0, bars["high"][~admitted], bars["low"][~admitted])
    np.testing.assert_array_equal(ours["price"], edge)
    beyond = np.abs(theirs["size"]) * np.abs(theirs["price"] - edge)
    of_price = np.abs(ours["size"]) * edge * run.costs["taker_fee"]
    np.testing.assert_allclose(ours["fee"], of_price + beyond, rtol=TOLERANCE, atol=0.0)
