"""Trailing stops, several targets, and limit entries that post only or expire: ours, nautilus_trader and backtesting.py."""

import numpy as np
import pytest

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.orders import CLOSES, REDUCES
from tests.differential import backtesting_py, nautilus
from tests.differential.agreement import same_equity, same_trades
from tests.differential.scenes import order, scene
from tests.differential.test_documented_differences import FLAT, ONE_FEE, prices


def walked(random, count):
    """Return (count, 4) bars of a walk in quarters, each opening at the last close."""
    bars, price = [FLAT, FLAT], 100.0
    for _ in range(count):
        path = price + np.r_[0, random.choice([-0.25, 0.25], 16).cumsum()]
        bars.append((price, path.max(), path.min(), path[-1]))
        price = path[-1]
    return bars


def bracket(random, side, kind):
    """Return an entry near 100 with a stop that trails, and for an entry at the market targets for parts."""
    price = {} if kind == MARKET else {"price": 100.0 - side * 0.5}
    stop = 100.0 - side * float(random.integers(3, 9)) / 2.0
    rows = [
        order(0, kind, 4.0 * side, **price),
        order(1, STOP, -4.0 * side, stop, parent=0, role=CLOSES, trail=float(random.integers(2, 12)) / 4.0),
    ]
    targets = (
        np.sort(random.choice(np.arange(1, 9), random.integers(0, 3), replace=False)) / 2.0 if kind == MARKET else ()
    )
    sizes = (-1.0 * side, -2.0 * side)
    rows += [
        order(2 + n, LIMIT, sizes[n], 100.0 + side * float(away), parent=0, role=REDUCES)
        for n, away in enumerate(targets)
    ]
    return rows


@pytest.mark.parametrize("kind", [MARKET, LIMIT])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_trailing_stops_and_targets_for_parts_are_filled_alike(side, kind):
    kinds, random = [], np.random.default_rng(int(10 * kind + side + 1))
    for _ in range(60):
        run = scene(walked(random, 12), {1: bracket(random, side, kind)}, **ONE_FEE)
        trades, equity = nautilus.replay(run)
        same_trades(run.trades, trades)
        same_equity(run.equity, equity)
        kinds += [tuple(run.trades["order"].tolist())]
    assert (0, 1) in kinds
    assert kind != MARKET or {(0, 2, 1), (0, 2, 3, 1)} <= set(kinds)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_post_only_limit_is_refused_or_rests_alike(side):
    def turned(*bar):
        opened, high, low, close = (100.0 + side * (price - 100.0) for price in bar)
        return opened, max(high, low), min(high, low), close

    for level, filled in ((99.0, 1), (101.0, 0)):
        sent = [order(0, LIMIT, side, 100.0 + side * (level - 100.0), post_only=1)]
        run = scene(
            [FLAT, FLAT, turned(100.0, 100.5, 98.0, 99.0), turned(99.0, 99.5, 98.5, 99.0)], {1: sent}, **ONE_FEE
        )
        trades, _ = nautilus.replay(run)
        same_trades(run.trades, trades)
        assert len(trades) == filled
        assert trades["maker"].all()


def test_a_limit_that_has_expired_is_filled_by_none():
    bars = [FLAT, FLAT, FLAT, FLAT, (100.0, 100.0, 94.0, 95.0), FLAT]
    for bars_good, filled in ((2, 0), (3, 1)):
        run = scene(bars, {1: [order(0, LIMIT, 1.0, 96.0, expires=1 + bars_good)]}, **ONE_FEE)
        assert len(run.trades) == len(nautilus.replay(run)[0]) == len(backtesting_py.replay(run)[0]) == filled


def test_backtesting_py_moves_a_trailing_stop_at_the_close_and_misses_what_every_path_meets():
    """Ours and nautilus are right: from 104 to 99 every path goes through 102. backtesting.py's strategy sets a stop at a close."""
    bars = [FLAT, FLAT, FLAT, (100.0, 104.0, 99.0, 99.0), FLAT]
    run = scene(
        bars, {1: [order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, parent=0, role=CLOSES, trail=2.0)]}, **ONE_FEE
    )
    assert prices(run.trades) == [100.0, 99.0]
    assert prices(nautilus.replay(run)[0]) == [100.0, 99.0]
    assert prices(backtesting_py.replay(run)[0]) == [100.0]
