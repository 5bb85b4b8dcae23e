"""Joined: money carried from window to window reconciles, whatever is held at a window's end is sold at its cost."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from runs.engines.parity import first_difference
from runs.outcome.metrics import run_metrics
from runs.perpetual.accounting import equity_from_fills, reconciliation_error
from runs.walks.bar_range import BarRange
from runs.walks.folder import WINDOW_END, joined_trades
from runs.walks.joining import join, joined_orders, trade
from strategies.trading import TradingParameters
from tests.runs.walks.walked import MEMORY, PLAN, WINDOWS, market, traded_windows

START = PLAN.configuration.costs.starting_cash


@pytest.fixture(scope="module")
def result():
    return join(market(), MEMORY, PLAN.configuration, traded_windows())


def test_the_product_of_window_returns_is_the_joined_return(result):
    product = math.prod(1.0 + traded_window.metrics["total_return_fraction"] for traded_window in traded_windows())
    assert run_metrics(result)["performance"]["total_return_fraction"] == pytest.approx(product - 1.0, rel=1e-12)
    assert result.equity[-1] == pytest.approx(START * product, rel=1e-12)


def test_the_ledger_of_all_windows_reconciles_with_the_account(result):
    close = float(result.close[-1])
    assert reconciliation_error(result.account, result.fills, close) < 1e-12
    assert equity_from_fills(START, result.fills, close) == pytest.approx(result.equity[-1], rel=1e-12)
    assert result.account["size"][0] == 0.0
    assert len(set(result.fills["order"][result.fills["order"] >= 0])) == (result.fills["order"] >= 0).sum()
    held = np.round(np.cumsum(result.fills["size"]), 9)
    np.testing.assert_allclose(held, result.fills["position_after"], atol=1e-9)


def test_every_window_begins_with_the_cash_that_the_one_before_left():
    cash = START
    for traded_window in traded_windows():
        assert traded_window.evaluation.account["start"][0] == cash
        assert traded_window.evaluation.position[-1] == 0.0
        cash = traded_window.evaluation.equity[-1]
        assert traded_window.evaluation.account["wallet"][0] == cash


def forced_legs():
    """Return traded_windows that end with a position, by an overlay that always holds one."""
    overlay = PLAN.configuration.__class__("overlay", rule={
        "calm_exposure": 1.0, "moderate_exposure": 0.75, "high_exposure": 0.5, "cascade_exposure": 0.25,
    })  # fmt: skip
    return overlay, trade(market(), MEMORY, WINDOWS[:2], [overlay, overlay])


def test_fills_name_the_orders_of_all_windows_those_of_a_windows_end_included():
    overlay, traded = forced_legs()
    fills, orders = join(market(), MEMORY, overlay, traded).fills, joined_orders(market(), traded)
    fills = fills[fills["order"] >= 0]
    assert len(fills) > 4
    ends = [traded_window.window.test_last - 1 - WINDOWS[0].test_first for traded_window in traded]
    closed = []
    for fill in fills:
        bar, kind, size, *_ = orders[fill["order"]]
        assert (kind, size) == ("Market", fill["size"])
        assert bar < fill["bar"] or bar in ends
        closed += [bar] if bar == fill["bar"] else []
    assert closed == ends


def test_a_position_left_is_sold_at_the_last_close_with_taker_fee_and_slippage():
    overlay, traded = forced_legs()
    costs = overlay.costs
    for traded_window in traded:
        bar_range = BarRange(market(), MEMORY, traded_window.window.test_first, traded_window.window.test_last)
        left = bar_range.left_open(traded_window.configuration)
        size, close = left.position[-1], market().frame["close"].iloc[traded_window.window.test_last - 1]
        assert size != 0.0
        assert traded_window.forced
        cost = abs(size) * close * (5.0 + costs.slippage_bps) * 1e-4  # Binance's taker fee of the newest terms
        assert traded_window.evaluation.equity[-1] == pytest.approx(left.equity[-1] - cost, rel=1e-12)
        np.testing.assert_array_equal(traded_window.evaluation.equity[:-1], left.equity[:-1])
        last = traded_window.evaluation.fills[-1]
        assert (last["size"], last["price"], last["bar"]) == (-size, close, traded_window.window.test_last - 1)
        assert last["fee"] == pytest.approx(cost, rel=1e-9)
        assert len(traded_window.evaluation.fills) == len(left.fills) + 1
        assert first_difference(traded_window.configuration, market(), left) is None


def test_windows_are_traded_under_options_as_the_event_engine_trades_them():
    options = TradingParameters(sides="long", entry_hours="0-11", cool_down_hours=24.0, entry_order="limit")
    configuration = replace(PLAN.configuration, trading=options)
    traded = trade(market(), MEMORY, WINDOWS, [configuration] * len(WINDOWS))
    joined = join(market(), MEMORY, configuration, traded)
    trips = joined_trades(joined, traded)
    assert set(trips["side"]) == {"long"}
    assert pd.DatetimeIndex(trips["entry_time"]).hour.max() < 12
    for window in traded:
        bar_range = BarRange(market(), MEMORY, window.window.test_first, window.window.test_last)
        left = bar_range.left_open(window.configuration)
        assert first_difference(window.configuration, market(), left) is None


def test_trades_name_their_window_and_what_its_end_forced():
    overlay, traded = forced_legs()
    joined = join(market(), MEMORY, overlay, traded)
    trades = joined_trades(joined, traded)
    for number, window in enumerate(WINDOWS[:2], start=1):
        rows = trades[trades["window"] == number]
        assert rows["exit_reason"].tolist()[-1] == WINDOW_END
        assert (rows["exit_reason"] == WINDOW_END).sum() == 1
        times = pd.DatetimeIndex(rows["entry_time"])
        assert times.min() >= market().times[window.test_first]
        assert times.max() < market().times[window.test_last]
    assert trades["net_pnl"].sum() == pytest.approx(joined.equity[-1] - START, rel=1e-9)


def test_between_tests_that_do_not_touch_the_account_is_flat():
    first, last = traded_windows()[0], WINDOWS[-1]
    configuration = traded_windows()[0].configuration
    apart = trade(market(), MEMORY, [WINDOWS[0], last], [configuration, configuration])
    joined = join(market(), MEMORY, PLAN.configuration, apart)
    gap = slice(first.window.test_last - first.window.test_first, last.test_first - first.window.test_first)
    assert (joined.equity[gap] == apart[0].evaluation.equity[-1]).all()
    assert (joined.position[gap] == 0.0).all()
    assert len(joined.market) == last.test_last - first.window.test_first


def test_with_less_than_an_account_needs_the_walk_trades_no_more(monkeypatch):
    poor = replace(forced_legs()[0], costs=replace(PLAN.configuration.costs, taker_fee_bps=1000.0))
    monkeypatch.setattr("runs.walks.joining.MIN_CASH", START)
    first, second = trade(market(), MEMORY, WINDOWS[:2], [poor, poor])
    assert 0.0 < first.evaluation.equity[-1] < START
    assert len(second.evaluation.fills) == 0
    assert not second.forced
    assert (second.evaluation.equity == first.evaluation.equity[-1]).all()
    joined = join(market(), MEMORY, poor, (first, second))
    assert reconciliation_error(joined.account, joined.fills, float(joined.close[-1])) < 1e-12
