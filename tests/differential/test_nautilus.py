"""Ours against nautilus_trader, tick by tick: rules on five years of real hours, and 200 streams of random orders."""

import numpy as np
import pytest

from datafeeds.markets import open_market
from runs.perpetual.accounting import LIMIT, MARKET, STOP
from tests.differential.agreement import same_equity, same_trades
from tests.differential.nautilus import replay
from tests.differential.ours import jumping, run_ours

RULES = "tests.differential.rules"
BARS = 200


def agree(run):
    """Assert that nautilus_trader does what ours did; return the trades."""
    trades, equity = replay(run)
    same_trades(run.trades, trades)
    same_equity(run.equity, equity)
    maker = np.isclose(run.trades["fee"], np.abs(run.trades["size"]) * run.trades["price"] * run.costs["maker_fee"])
    assert (maker == trades["maker"]).all()
    return trades


@pytest.mark.parametrize(
    ("strategy", "kinds", "least"),
    [
        ("magnet", {MARKET, LIMIT, STOP}, 1_000),
        ("overlay", {MARKET}, 1_000),
        (f"{RULES}:Bracket", {MARKET, LIMIT, STOP}, 4_000),
        (f"{RULES}:LimitEntry", {LIMIT, STOP}, 4_000),
    ],
)
def test_a_rule_trades_alike_over_five_years(hours, strategy, kinds, least):
    trades = agree(run_ours(hours, strategy))
    assert len(trades) > least
    assert set(trades["kind"].tolist()) == kinds


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_random_orders_are_filled_alike(hours, first):
    filled, markets = [], (hours, jumping(hours))
    for seed in range(first, first + 20):
        market = markets[seed // 2 % 2]
        start = seed * (len(market) - BARS) // 200
        filled.append(agree(run_ours(market[start : start + BARS], f"{RULES}:RandomOrders", {"seed": seed})))
    trades = np.concatenate(filled)
    assert len(trades) > 20 * BARS / 4
    assert {MARKET, LIMIT, STOP} == set(trades["kind"].tolist())
    assert trades["maker"].any()


def test_funding_on_what_nautilus_held_makes_the_rest_of_the_equity(market_data):
    # It settles none itself: position at the bar's open instant x last known mark x rate, here from its fills alone.
    run = run_ours(open_market(str(market_data / "binance_1h" / "BTCUSDT.parquet")).head(8_000), "overlay")
    trades, equity = replay(run)
    same_trades(run.trades, trades)
    held = np.bincount(trades["bar"], trades["size"], len(equity)).cumsum()
    mark, rate = run.prices["mark_close"][:-1], run.prices["funding_rate"][1:]
    mark = np.where(np.isnan(mark), run.prices["open"][1:], mark)
    paid = np.r_[0.0, held[:-1] * mark * np.nan_to_num(rate)]
    assert np.count_nonzero(paid) > 900
    same_equity(run.equity, equity - paid.cumsum())
