"""Where engines differ on the same bars and orders: who is right, and why."""

import pytest

from runs.perpetual.accounting import LIMIT, LIQUIDATION, MARKET, STOP
from tests.differential import backtesting_py, nautilus
from tests.differential.agreement import same_equity, same_trades
from tests.differential.scenes import order, scene

FLAT = (100.0, 100.0, 100.0, 100.0)
ONE_FEE = {"maker_fee_bps": 4.0, "taker_fee_bps": 4.0}


def prices(fills):
    return fills["price"].tolist()


def test_a_stop_that_the_open_has_jumped_over_gets_the_open_and_not_its_trigger():
    """Ours and backtesting.py are right: nothing was traded at 95. nautilus' venue fills there; its emulator does not."""
    long_with_stop = [order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, parent=0)]
    run = scene([FLAT, FLAT, FLAT, (93.0, 94.0, 92.0, 93.0)], {1: long_with_stop}, **ONE_FEE)
    assert prices(run.trades) == [100.0, 93.0]
    assert prices(backtesting_py.replay(run)[0]) == [100.0, 93.0]
    assert prices(nautilus.replay(run)[0]) == [100.0, 93.0]
    assert prices(nautilus.replay(run, stops_at_the_venue=True)[0]) == [100.0, 95.0]


def test_a_resting_limit_gets_its_own_price_where_the_open_is_better():
    """Ours and nautilus are right: the order stood in the book at 97 and was taken there. backtesting.py gives it the open."""
    long_with_target = [order(0, MARKET, 1.0), order(1, LIMIT, -1.0, 97.0, parent=0)]
    bars = [(96.0, 96.0, 96.0, 96.0)] * 3 + [(98.0, 99.0, 97.5, 98.0)]
    run = scene(bars, {1: long_with_target}, **ONE_FEE)
    assert prices(run.trades) == [96.0, 97.0]
    trades, equity = nautilus.replay(run)
    same_trades(run.trades, trades)
    same_equity(run.equity, equity)
    assert trades["maker"].tolist() == [False, True]
    assert prices(backtesting_py.replay(run)[0]) == [96.0, 98.0]


def test_the_stop_of_a_limit_entry_works_in_the_entrys_own_bar():
    """Ours and nautilus are right: every path to 92 goes through 95 and 93. backtesting.py lets the stop wait for the next bar."""
    entry = [order(0, LIMIT, 1.0, 95.0), order(1, STOP, -1.0, 93.0, parent=0)]
    run = scene([FLAT, FLAT, (100.0, 100.0, 92.0, 94.0), (94.0, 94.0, 94.0, 94.0)], {1: entry}, **ONE_FEE)
    assert prices(run.trades) == [95.0, 93.0]
    same_trades(run.trades, nautilus.replay(run)[0])
    assert prices(backtesting_py.replay(run)[0]) == [95.0]


def test_the_target_of_a_limit_entry_in_its_own_bar_hangs_on_the_path_unless_the_close_proves_it():
    """Ours takes the path that pays less. nautilus does what it is told; backtesting.py waits even where the close proves it."""
    entry = [order(0, LIMIT, 1.0, 95.0), order(1, LIMIT, -1.0, 97.0, parent=0)]
    open_question = scene([FLAT, FLAT, (100.0, 100.0, 94.0, 96.0)], {1: entry}, **ONE_FEE)
    assert prices(open_question.trades) == [95.0]
    same_trades(open_question.trades, nautilus.replay(open_question)[0])
    proven = scene([FLAT, FLAT, (100.0, 100.0, 94.0, 98.0)], {1: entry}, **ONE_FEE)
    assert prices(proven.trades) == [95.0, 97.0]
    same_trades(proven.trades, nautilus.replay(proven)[0])
    assert prices(backtesting_py.replay(proven)[0]) == [95.0]


def test_a_target_beyond_a_stop_entry_is_met_after_it_on_every_path():
    """All agree: from 100 no path meets 108 before 105, and 98 was not reached."""
    entry = [order(0, STOP, 1.0, 105.0), order(1, STOP, -1.0, 98.0, parent=0), order(2, LIMIT, -1.0, 108.0, parent=0)]
    run = scene([FLAT, FLAT, (100.0, 109.0, 99.0, 106.0)], {1: entry}, **ONE_FEE)
    assert prices(run.trades) == [105.0, 108.0]
    assert prices(nautilus.replay(run)[0]) == [105.0, 108.0]
    assert prices(backtesting_py.replay(run)[0]) == [105.0, 108.0]


@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_own_liquidation_is_a_forced_order_that_nautilus_does_not_know(mode):
    """Ours is right: venues close the account. nautilus holds on; its wallet after the same forced order is ours.

    Less what a venue takes and gives: the liquidation fee, and what the insurance fund bears.
    """
    size = 10.0 if mode == "isolated" else 95.0
    bars = [FLAT, FLAT, FLAT, (98.0, 98.0, 80.0, 85.0), (85.0, 85.0, 85.0, 85.0)]
    run = scene(bars, {1: [order(0, MARKET, size)]}, starting_cash=1e3, leverage=10.0, margin_mode=mode, **ONE_FEE)
    forced = run.trades[run.trades["kind"] == LIQUIDATION]
    assert len(forced) == 1
    held, equity = nautilus.replay(run)
    assert len(held) == 1
    assert equity[3] < run.equity[3], "who is not closed loses more, here all the way to 85"
    closing = scene(
        [*bars[:3], (98.0, 98.0, forced["price"][0], forced["price"][0])],
        {1: [order(0, MARKET, size), order(1, STOP, -size, forced["price"][0], parent=0)]},
        starting_cash=1e3, leverage=100.0, **ONE_FEE,
    )  # fmt: skip
    trades, wallet = nautilus.replay(closing)
    paid = forced["liquidation_fee"][0] - forced["insurance_fund"][0] - trades["fee"][1]
    assert abs(wallet[-1] - paid - run.equity[3]) < 1e-9 * run.account["start"][0]
