"""One account in several markets: what one loses, all stand for."""

from decimal import Decimal

import numpy as np
import pytest

from runs.perpetual.accounting import DELISTING, LIQUIDATION, MARKET, STOP, reconciliation_error
from runs.perpetual.costs import CostParameters
from runs.perpetual.orders import order_row
from tests.runs.perpetual.joint_desk import DecimalAccount, JointDesk, bars_of

FREE = CostParameters(
    taker_fee_bps=0.0,
    maker_fee_bps=0.0,
    slippage_bps=0.0,
    leverage=10.0,
    starting_cash=1000.0,
    liquidation_fee_rate=0.0,
)
TIER = np.array([[0.0, 0.01, 0.0, 100.0]])
FLAT = (100.0, 100.0, 100.0, 100.0)


def desk_of(*rows, costs=FREE, leaves=None, **columns):
    return JointDesk([bars_of(np.array(own), **columns) for own in rows], costs, TIER, leaves)


def test_a_loss_in_one_market_liquidates_by_the_accounts_margin_the_largest_position_first():
    # Worth 1000 with 40 coins and 20 coins at 100: at 85 the first loses 600 and the second 300, at their worst at once.
    fall = (100.0, 100.0, 84.0, 84.0)
    desk = desk_of([FLAT, fall], [FLAT, fall])
    desk.send(0, order_row(0, MARKET, 20.0))
    desk.send(1, order_row(0, MARKET, 40.0))
    desk.bar()
    equity = desk.bar()
    # The larger falls to 84 alone: 1000 - 640 > .01 (3360 + 2000), so it is closed at its low, and then the other has 360 left:
    # 360 + 20 (P - 100) = .01 x 20 P at P = 82.8, below 84.
    assert desk.events == [[], [(LIQUIDATION, -40.0, 84.0)]]
    assert equity == pytest.approx(1000.0 - 640.0 - 320.0)


def test_a_position_whose_own_fall_ends_it_is_closed_where_the_accounts_margin_ends():
    desk = desk_of([FLAT, (100.0, 100.0, 50.0, 50.0)], [FLAT, FLAT])
    desk.send(0, order_row(0, MARKET, 40.0))
    desk.send(1, order_row(0, MARKET, 10.0))
    desk.bar()
    desk.bar()
    # 1000 + 40 (P - 100) - .01 x 1000 = .01 x 40 P
    assert desk.events[0] == [(LIQUIDATION, -40.0, pytest.approx((4000.0 - 1000.0 + 10.0) / (40.0 - 0.4)))]
    assert desk.events[1] == []


def test_profit_in_one_market_stands_behind_the_other():
    rise, fall = (100.0, 130.0, 100.0, 130.0), (100.0, 100.0, 75.0, 75.0)
    alone = desk_of([FLAT, FLAT, fall], [FLAT, FLAT, FLAT])
    behind = desk_of([FLAT, FLAT, fall], [FLAT, rise, (130.0,) * 4])
    for desk in (alone, behind):
        desk.send(0, order_row(0, MARKET, 45.0))
        desk.send(1, order_row(0, MARKET, 45.0))
        for _ in range(3):
            desk.bar()
    assert alone.events[0]
    assert alone.events[0][0][0] == LIQUIDATION
    assert not behind.events[0]


def test_a_stop_is_the_worst_that_a_position_can_do_to_the_others():
    fall = (100.0, 100.0, 60.0, 60.0)
    for stop, liquidated in ((95.0, False), (None, True)):
        desk = desk_of([FLAT, (100.0, 100.0, 90.0, 90.0)], [FLAT, fall])
        desk.send(0, order_row(0, MARKET, 49.0))
        desk.send(1, order_row(0, MARKET, 20.0))
        if stop is not None:
            desk.send(1, order_row(1, STOP, -20.0, stop))
        desk.bar()
        desk.bar()
        kinds = {kind for events in desk.events for kind, _, _ in events}
        assert (LIQUIDATION in kinds) == liquidated


@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_isolated_positions_answer_for_themselves_alone(mode):
    costs = CostParameters(**{**FREE.__dict__, "margin_mode": mode})
    desk = desk_of([FLAT, (100.0, 100.0, 92.0, 92.0)], [FLAT, (100.0, 100.0, 70.0, 70.0)], costs=costs)
    desk.send(0, order_row(0, MARKET, 40.0))
    desk.send(1, order_row(0, MARKET, 30.0))
    desk.bar()
    equity = desk.bar()
    if mode == "isolated":
        # 300 of margin: 300 + 30 (P - 100) = .01 x 30 P
        assert desk.events == [[], [(LIQUIDATION, -30.0, pytest.approx(2700.0 / 29.7))]]
        assert equity == pytest.approx(1000.0 - 320.0 + 30.0 * (2700.0 / 29.7 - 100.0))
    else:
        assert {kind for events in desk.events for kind, _, _ in events} == {LIQUIDATION}


def test_margin_that_another_position_holds_opens_nothing():
    desk = desk_of([FLAT, FLAT], [FLAT, FLAT])
    desk.send(0, order_row(0, MARKET, 80.0))
    desk.bar()
    desk.send(1, order_row(0, MARKET, 21.0))
    desk.bar()
    assert desk.events == [[], []]
    assert desk.accounts["refused_margin"][1] == 1
    desk = desk_of([FLAT, FLAT], [FLAT, FLAT])
    desk.send(0, order_row(0, MARKET, 80.0))
    desk.bar()
    desk.send(1, order_row(0, MARKET, 20.0))
    desk.bar()
    assert desk.events[1] == [(MARKET, 20.0, 100.0)]


def test_what_a_market_that_leaves_holds_is_closed_at_its_last_close_as_a_taker():
    costs = CostParameters(**{**FREE.__dict__, "taker_fee_bps": 10.0})
    desk = desk_of([FLAT, (100.0, 110.0, 100.0, 110.0), FLAT], [FLAT, FLAT, FLAT], costs=costs, leaves=[1, -1])
    desk.send(0, order_row(0, MARKET, 10.0), order_row(1, STOP, -10.0, 50.0))
    desk.bar()
    equity = desk.bar()
    assert desk.events[0] == [(DELISTING, -10.0, 110.0)]
    assert desk.books["count"][0] == 0
    assert equity == pytest.approx(1000.0 + 100.0 - 1.0 - 1.1)
    assert desk.bar([-1, 2]) == equity


def test_in_a_hole_a_position_keeps_its_last_price_and_nothing_happens():
    desk = desk_of([FLAT, (100.0, 101.0, 99.0, 99.0), FLAT], [FLAT, FLAT, FLAT])
    desk.send(0, order_row(0, MARKET, 10.0))
    desk.bar()
    held = desk.bar()
    desk.send(0, order_row(1, MARKET, -10.0))
    assert desk.bar([-1, 2]) == held == 990.0
    assert desk.events[0] == []


def exact(values):
    return {k: Decimal(repr(float(value))) for k, value in enumerate(values)}


def test_random_trading_in_three_markets_equals_an_account_in_exact_decimals():
    liquidations, refusals = np.sum([trade_at_random(seed) for seed in range(40)], axis=0)
    assert liquidations > 40
    assert refusals > 40


def trade_at_random(seed):
    """Hold random trading to the twin; return how many liquidations and refusals there were."""
    random, bars, count = np.random.default_rng(seed), 60, 3
    opens = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.03, (count, bars)), axis=1))
    closes = opens * np.exp(random.normal(0.0, 0.02, opens.shape))
    highs = np.maximum(opens, closes) * np.exp(np.abs(random.normal(0.0, 0.01, opens.shape)))
    lows = np.minimum(opens, closes) * np.exp(-np.abs(random.normal(0.0, 0.01, opens.shape)))
    rates = np.where(random.random(opens.shape) < 0.2, random.normal(0.0, 0.001, opens.shape), np.nan)
    costs = CostParameters(
        starting_cash=1e4, leverage=20.0, taker_fee_bps=5.0, slippage_bps=0.0, liquidation_fee_rate=0.004
    )
    markets = [
        bars_of(np.stack([opens[k], highs[k], lows[k], closes[k]], axis=1), funding_rate=rates[k]) for k in range(count)
    ]
    desk, twin = JointDesk(markets, costs, TIER), DecimalAccount(1e4, 20.0, 0.01, 5e-4, 0.004)
    for bar in range(bars):
        sent = {}
        for k in range(count):
            if random.random() < 0.35:
                sent[k] = float(np.round(random.normal(0.0, 400.0), 3))
                desk.send(k, order_row(bar * count + k, MARKET, sent[k]))
        at = {name: exact(values[:, bar]) for name, values in (("o", opens), ("h", highs), ("l", lows), ("c", closes))}
        for k in range(count):
            if not np.isnan(rates[k, bar]):
                mark = at["o"][k]
                twin.fund(k, mark, Decimal(repr(float(rates[k, bar]))))
        twin.meet_opens(at["o"])
        gone = set(twin.liquidated)
        twin.liquidated.clear()
        for k, size in sent.items():
            if k not in gone:
                twin.trade(k, Decimal(repr(size)), at["o"])
        twin.meet_ranges(at["o"], at["l"], at["h"])
        gone |= set(twin.liquidated)
        twin.liquidated.clear()
        equity = desk.bar()
        assert equity == pytest.approx(float(twin.wallet + twin.profit(at["c"])), abs=1e-9 * 1e4), bar
        liquidated = {k for k, events in enumerate(desk.events) if any(kind == LIQUIDATION for kind, _, _ in events)}
        assert liquidated == gone, bar
        parts = desk.accounts["wallet"] - 1e4
        assert equity == pytest.approx(1e4 + parts.sum() + sum(
            float(a["size"]) * (closes[k, bar] - float(a["entry_price"])) for k, a in enumerate(desk.accounts)
        ), abs=1e-9 * 1e4)  # fmt: skip
    for k in range(count):
        ledger = desk.fills[k, : desk.members["lines"][k]]
        assert reconciliation_error(desk.accounts[k : k + 1], ledger, closes[k, -1]) < 1e-9
    assert float(desk.accounts["refused_margin"].sum()) == twin.refused
    return float(desk.accounts["liquidations"].sum()), twin.refused
