"""Each rule of what happens inside a bar, by name; all of them together are held to a twin in `test_order_inside_a_bar`."""

import math
from dataclasses import replace

import numpy as np
import pytest

from runs.perpetual.accounting import (
    FILL,
    FUNDING,
    LIMIT,
    LIQUIDATION,
    MARKET,
    STOP,
    open_account,
    reconciliation_error,
)
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters
from runs.perpetual.filling import slipped
from runs.perpetual.matching import process_bar
from runs.perpetual.orders import (
    CANCELLED,
    FILLED,
    LIQUIDATED,
    ORDER,
    PRICES,
    REFUSED,
    STOP_LIMIT,
    order_row,
)

FREE = CostParameters(taker_fee_bps=0.0, maker_fee_bps=0.0, slippage_bps=0.0, leverage=100.0, starting_cash=1e6)
ONE_TIER = np.array([[0.0, 0.005, 0.0, 100.0]])
NAN = math.nan


def order(number, kind, size, price=NAN, parent=-1, **more):
    return order_row(number, kind, size, price, parent=parent, **more).item()


class Desk:
    """An account with working orders, taken through bars one by one."""

    def __init__(self, *orders, costs=FREE, tiers=ONE_TIER):
        self.account = open_account(costs.starting_cash)
        self.orders = np.zeros(max(len(orders), 1), dtype=ORDER)
        for row, values in enumerate(orders):
            self.orders[row] = values
        self.count, self.costs, self.tiers = len(orders), costs.records(default_listing().instruments), tiers[None]
        self.prices = np.full(1, NAN).repeat(len(PRICES)).view(PRICES)
        self.ledger, self.lines, self.bars = np.zeros(200, dtype=FILL), 0, 0

    def bar(self, opened, high, low, close, **more):
        row = np.full(1, NAN).repeat(len(PRICES)).view(PRICES)
        row["open"], row["high"], row["low"], row["close"] = opened, high, low, close
        for name, value in more.items():
            row[name] = value
        self.prices = row if self.bars == 0 else np.concatenate([self.prices, row])
        first = self.lines
        self.lines, _, _ = process_bar(
            self.account, self.orders, self.count, self.bars, self.prices, self.bars, self.costs, self.tiers,
            self.ledger, self.lines,
        )  # fmt: skip
        self.bars += 1
        assert reconciliation_error(self.account, self.ledger[: self.lines], close) <= 1e-12
        return [(int(f["kind"]), float(f["size"]), float(f["price"])) for f in self.ledger[first : self.lines]]

    def states(self):
        return self.orders["state"][: self.count].tolist()


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_stop_is_hit_before_the_target(side):
    desk = Desk(
        order(0, MARKET, side), order(1, STOP, -side, 100 - 5 * side, 0), order(2, LIMIT, -side, 100 + 5 * side, 0)
    )
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(100.0, 110.0, 90.0, 100.0) == [(STOP, -side, 100 - 5 * side)]
    assert desk.states() == [FILLED, FILLED, CANCELLED]


def test_a_stop_is_live_on_the_entry_bar():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 98.0, 0))
    assert desk.bar(100.0, 101.0, 97.0, 100.0) == [(MARKET, 1.0, 100.0), (STOP, -1.0, 98.0)]


def test_the_range_proves_no_target_in_the_bar_of_an_entry_inside_it():
    desk = Desk(order(0, LIMIT, 1.0, 98.0), order(1, LIMIT, -1.0, 102.0, 0))
    assert desk.bar(100.0, 103.0, 97.0, 100.0) == [(LIMIT, 1.0, 98.0)]
    assert desk.bar(100.0, 103.0, 99.0, 100.0) == [(LIMIT, -1.0, 102.0)]


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_target_further_on_than_its_entry_by_stop_is_met_after_it_on_every_path(side):
    entry, target = order(0, STOP, side, 100 + 5 * side), order(1, LIMIT, -side, 100 + 8 * side, 0)
    for level, met in ((95.0, (LIMIT, -side, 100 + 8 * side)), (99.5, (STOP, -side, 100 - 0.5 * side))):
        desk = Desk(entry, target, order(2, STOP, -side, level if side > 0 else 200.0 - level, 0))
        low, high = sorted((100 - side, 100 + 9 * side))
        assert desk.bar(100.0, high, low, 100 + 6 * side) == [(STOP, side, 100 + 5 * side), met]


def test_liquidation_may_come_between_an_entry_by_stop_and_its_target():
    desk = Desk(order(0, STOP, 1.0, 105.0), order(1, LIMIT, -1.0, 108.0, 0), costs=replace(LEVERED, leverage=100.0))
    assert [kind for kind, _, _ in desk.bar(100.0, 109.0, 99.0, 106.0)] == [STOP, LIQUIDATION]


def test_an_order_further_on_than_one_that_waited_itself_hangs_on_the_path():
    entry, target = order(0, LIMIT, 1.0, 95.0), order(1, LIMIT, -1.0, 97.0, 0)
    again = order(2, LIMIT, -1.0, 99.0, 1)  # beyond the target that the close proves: the high may have come before
    assert len(Desk(entry, target, again).bar(100.0, 100.0, 94.0, 98.0)) == 2


def test_a_target_is_filled_in_the_bar_of_its_entry_where_the_close_lies_beyond_it_and_no_stop_was_reached():
    entry, target = order(0, LIMIT, 1.0, 95.0), order(1, LIMIT, -1.0, 97.0, 0)
    assert Desk(entry, target).bar(100.0, 100.0, 94.0, 98.0) == [(LIMIT, 1.0, 95.0), (LIMIT, -1.0, 97.0)]
    stop = order(2, STOP, -1.0, 94.5, 0)
    assert Desk(entry, target, stop).bar(100.0, 100.0, 94.0, 98.0) == [(LIMIT, 1.0, 95.0), (STOP, -1.0, 94.5)]


def test_the_stop_of_an_entry_inside_the_bar_takes_the_worst():
    desk = Desk(order(0, LIMIT, 1.0, 98.0), order(1, STOP, -1.0, 95.0, 0))
    assert desk.bar(100.0, 103.0, 94.0, 100.0) == [(LIMIT, 1.0, 98.0), (STOP, -1.0, 95.0)]


def test_a_gap_through_the_stop_fills_at_the_open_not_at_the_stop():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0))
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(90.0, 96.0, 89.0, 95.0) == [(STOP, -1.0, 90.0)]


def test_a_resting_limit_trades_at_its_price_as_maker_where_the_open_jumps_over_it():
    costs = CostParameters(slippage_bps=0.0, starting_cash=1e6)
    desk = Desk(order(0, MARKET, 1.0), order(1, LIMIT, -1.0, 97.0, 0), costs=costs)
    desk.bar(96.0, 96.5, 95.5, 96.0)
    assert desk.bar(98.0, 99.0, 97.5, 98.0) == [(LIMIT, -1.0, 97.0)]
    assert desk.ledger["fee"][1] == pytest.approx(0.0194)


@pytest.mark.parametrize(("close", "price", "fee"), [(100.0, 98.0, 0.0196), (98.0, 96.0, 0.048), (97.0, 96.0, 0.048)])
def test_a_limit_sent_at_the_close_rests_unless_it_was_marketable_there(close, price, fee):
    desk = Desk(costs=CostParameters(slippage_bps=0.0, starting_cash=1e6))
    desk.bar(100.0, 101.0, 95.0, close)
    desk.orders[0], desk.count = order(0, LIMIT, 1.0, 98.0), 1
    assert desk.bar(96.0, 99.0, 95.0, 97.0) == [(LIMIT, 1.0, price)]
    assert desk.ledger["fee"][0] == pytest.approx(fee)


def test_a_limit_that_the_open_has_left_behind_waits_for_its_price_as_maker():
    desk = Desk(costs=CostParameters(slippage_bps=0.0, starting_cash=1e6))
    desk.bar(100.0, 101.0, 95.0, 97.0)
    desk.orders[0], desk.count = order(0, LIMIT, 1.0, 98.0), 1
    assert desk.bar(99.0, 99.0, 97.5, 99.0) == [(LIMIT, 1.0, 98.0)]
    assert desk.ledger["fee"][0] == pytest.approx(0.0196)


def test_a_marketable_limit_slips_as_a_market_order_does_but_not_beyond_its_price():
    for limit, price, extra in ((101.0, 100.4, 0.6), (100.7, 100.4, 0.3), (100.2, 100.2, 0.0)):
        costs = CostParameters(taker_fee_bps=0.0, slippage_bps=100.0, leverage=10.0, starting_cash=1e6)
        desk = Desk(order(0, LIMIT, 2.0, limit), costs=costs)
        assert desk.bar(100.0, 100.4, 99.0, 100.0) == [(LIMIT, 2.0, price)]
        assert desk.account["fees"][0] == pytest.approx(2 * extra)


LEVERED = CostParameters(
    taker_fee_bps=0.0, maker_fee_bps=0.0, slippage_bps=0.0, leverage=10.0, starting_cash=1e6, margin_mode="isolated"
)


@pytest.mark.parametrize("marks", [{}, {"mark_close": 92.0}])
def test_a_stop_nearer_than_liquidation_is_met_first_on_the_last_price(marks):
    costs = CostParameters(slippage_bps=0.0, leverage=10.0, starting_cash=1e5, margin_mode="isolated")
    tiers = np.array([[0.0, 0.004, 0.0, 125.0]])  # liquidation at 90.36
    desk = Desk(order(0, MARKET, 10.0), order(1, STOP, -10.0, 95.0, 0), costs=costs, tiers=tiers)
    desk.bar(100.0, 101.0, 99.0, 100.0, **marks)
    assert desk.bar(98.0, 98.0, 89.0, 92.0, **marks) == [(STOP, -10.0, 95.0)]
    assert desk.account["wallet"][0] == pytest.approx(1e5 - 50.0 - 5e-4 * (1_000.0 + 950.0))
    assert desk.states() == [FILLED, FILLED]


def test_liquidation_comes_before_a_nearer_stop_where_the_mark_says_so_or_the_open_has_passed_both():
    for bar, marks, price in (
        ((98.0, 98.0, 89.0, 92.0), {"mark_low": 90.0, "mark_high": 98.0}, 90.0 / 0.995),
        ((89.0, 95.0, 88.0, 92.0), {}, 89.0),
    ):
        desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0), costs=LEVERED)
        desk.bar(100.0, 101.0, 99.0, 100.0)
        [(kind, _, at)] = desk.bar(*bar, **marks)
        assert (kind, at) == (LIQUIDATION, pytest.approx(price))
        assert desk.states() == [FILLED, LIQUIDATED]


def test_a_stop_that_adds_is_not_on_the_way_to_liquidation():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, 1.0, 105.0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert [kind for kind, _, _ in desk.bar(98.0, 98.0, 89.0, 92.0)] == [LIQUIDATION]


@pytest.mark.parametrize("levels", [(90.0, 95.0), (95.0, 90.0)])
def test_the_stops_on_the_way_to_liquidation_are_met_by_their_distance(levels):
    # By what they leave, the cross account's liquidation moves away: 50 coins at 100 on 1,000 of cash.
    costs = CostParameters(taker_fee_bps=0.0, slippage_bps=0.0, leverage=10.0, starting_cash=1_000.0)
    stops = (order(number, STOP, -20.0, level) for number, level in enumerate(levels, 1))
    desk = Desk(order(0, MARKET, 50.0), *stops, costs=costs)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(98.0, 98.0, 75.0, 80.0) == [(STOP, -20.0, 95.0), (STOP, -20.0, 90.0)]
    assert desk.account["size"][0] == 10.0


def test_liquidation_is_judged_on_the_wick_not_on_the_close():
    # reliability notes 2.10
    desk = Desk(order(0, MARKET, 1.0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(100.0, 101.0, 90.4, 100.5)[0][0] == LIQUIDATION


def test_liquidation_follows_the_mark_where_it_is_known():
    for mark_low, happens in ((92.0, False), (90.0, True)):
        desk = Desk(order(0, MARKET, 1.0), costs=LEVERED)
        desk.bar(100.0, 101.0, 99.0, 100.0)
        kinds = [k for k, _, _ in desk.bar(100.0, 101.0, 85.0, 100.0, mark_low=mark_low, mark_high=101.0)]
        assert (LIQUIDATION in kinds) == happens


def test_a_mark_below_the_last_price_liquidates_at_the_worst_last_price():
    desk = Desk(order(0, MARKET, 1.0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(100.0, 101.0, 95.0, 100.0, mark_low=85.0, mark_high=101.0) == [(LIQUIDATION, -1.0, 95.0)]


def test_a_gap_beyond_liquidation_fills_at_the_open_and_costs_no_more_than_the_margin():
    desk = Desk(order(0, MARKET, 1.0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(70.0, 75.0, 60.0, 70.0) == [(LIQUIDATION, -1.0, 70.0)]
    assert desk.account["wallet"][0] == pytest.approx(1e6 - 10.0)
    assert desk.account["insurance_fund"][0] == pytest.approx(20.0)


def test_a_market_exit_cannot_outrun_a_liquidation_at_the_open():
    desk = Desk(order(0, MARKET, 1.0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    desk.orders[0] = order(1, MARKET, -1.0)
    assert desk.bar(70.0, 75.0, 60.0, 70.0) == [(LIQUIDATION, -1.0, 70.0)]
    assert desk.states() == [LIQUIDATED]


def test_funding_is_settled_on_what_was_held_at_the_open():
    desk = Desk(order(0, MARKET, 2.0))
    assert desk.bar(100.0, 101.0, 99.0, 100.0, funding_rate=0.01) == [(MARKET, 2.0, 100.0)]
    desk.orders[0] = order(1, MARKET, -2.0)
    events = desk.bar(100.0, 101.0, 99.0, 100.0, funding_rate=0.01)
    assert [kind for kind, _, _ in events] == [FUNDING, MARKET]
    assert desk.account["funding"][0] == pytest.approx(2.0)


def test_funding_is_priced_at_the_last_known_mark():
    desk = Desk(order(0, MARKET, 1.0))
    desk.bar(100.0, 101.0, 99.0, 100.0, mark_close=104.0)
    desk.bar(100.0, 101.0, 99.0, 100.0, funding_rate=0.01, mark_close=500.0)
    assert desk.account["funding"][0] == pytest.approx(1.04)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    desk.bar(102.0, 103.0, 99.0, 100.0, funding_rate=0.01)  # no mark known: the open stands in
    assert desk.account["funding"][0] == pytest.approx(2.06)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_what_settles_within_a_bar_falls_due_on_what_is_held_after_its_open(side):
    desk = Desk(order(0, MARKET, 2.0 * side))
    events = desk.bar(100.0, 101.0, 99.0, 100.0, funding_rate=0.5, funding_rate_within=0.03)
    assert sorted(kind for kind, _, _ in events) == [MARKET, FUNDING]
    assert desk.account["funding"][0] == pytest.approx(6.0 * side)
    desk.orders[0] = order(1, MARKET, -2.0 * side)
    desk.bar(100.0, 101.0, 99.0, 100.0, funding_rate=0.01, funding_rate_within=0.03)
    assert desk.account["funding"][0] == pytest.approx(8.0 * side)  # sold at the open: what settles later is not ours


@pytest.mark.parametrize(("rate", "paid"), [(0.03, 3.0), (-0.03, 0.0)])
def test_a_position_stopped_within_a_bar_pays_what_settles_there_and_receives_nothing(rate, paid):
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0))
    desk.bar(100.0, 101.0, 90.0, 100.0, funding_rate_within=rate)
    assert desk.account["size"][0] == 0.0
    assert desk.account["funding"][0] == pytest.approx(paid)


@pytest.mark.parametrize(("rate", "paid"), [(0.03, 3.0), (-0.03, 0.0)])
def test_a_position_opened_within_a_bar_pays_what_settles_there_and_receives_nothing(rate, paid):
    desk = Desk(order(0, LIMIT, 1.0, 95.0))
    desk.bar(100.0, 101.0, 94.0, 100.0, funding_rate_within=rate)
    assert desk.account["size"][0] == 1.0
    assert desk.account["funding"][0] == pytest.approx(paid)


def test_a_position_turned_round_within_a_bar_pays_for_the_side_that_costs_more():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -3.0, 95.0))
    desk.bar(100.0, 101.0, 90.0, 92.0, funding_rate_within=-0.03)
    assert desk.account["size"][0] == -2.0
    assert desk.account["funding"][0] == pytest.approx(6.0)


@pytest.mark.parametrize(("rate", "closed"), [(0.0, False), (0.06, True), (-0.06, False)])
def test_what_is_paid_within_a_bar_can_liquidate_and_what_is_received_saves_nobody(rate, closed):
    costs = CostParameters(leverage=10.0, margin_mode="isolated", taker_fee_bps=0.0, slippage_bps=0.0)
    desk = Desk(order(0, MARKET, 1.0), costs=costs)
    events = desk.bar(100.0, 101.0, 95.0, 100.0, funding_rate_within=rate)
    assert (LIQUIDATION in [kind for kind, _, _ in events]) is closed
    saved = Desk(order(0, MARKET, 1.0), costs=costs)
    events = saved.bar(100.0, 101.0, 90.0, 100.0, funding_rate_within=-0.06)
    assert LIQUIDATION in [kind for kind, _, _ in events]
    assert saved.account["funding"][0] == 0.0


def test_slippage_stays_inside_the_bar_and_is_charged_whole():
    assert slipped(100.0, -1.0, 0.01, 99.5, 101.0) == (99.5, 0.5)
    costs = CostParameters(taker_fee_bps=0.0, slippage_bps=100.0, leverage=10.0, starting_cash=1e6)
    desk = Desk(order(0, MARKET, 2.0), costs=costs)
    assert desk.bar(100.0, 100.4, 99.0, 100.0) == [(MARKET, 2.0, 100.4)]
    assert desk.account["fees"][0] == pytest.approx(2 * 0.6)


def test_taker_and_maker_fees():
    costs = CostParameters(taker_fee_bps=10.0, maker_fee_bps=1.0, slippage_bps=0.0, starting_cash=1e6)
    taker = Desk(order(0, MARKET, 1.0), costs=costs)
    taker.bar(100.0, 101.0, 98.0, 100.0)
    maker = Desk(order(0, LIMIT, 1.0, 99.0), costs=costs)
    maker.bar(100.0, 101.0, 98.0, 100.0)
    crossing = Desk(order(0, LIMIT, 1.0, 105.0), costs=costs)
    crossing.bar(100.0, 101.0, 98.0, 100.0)
    assert [desk.account["fees"][0] for desk in (taker, maker, crossing)] == pytest.approx([0.1, 0.0099, 0.1])


@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_margin_limits_shorts_as_it_limits_longs(mode, side):
    # ecosystem notes 1.2: cash 1000, 10x, price 100: 95 accepted, 105 and 500 rejected
    costs = CostParameters(taker_fee_bps=5.0, slippage_bps=0.0, leverage=10.0, starting_cash=1_000.0, margin_mode=mode)
    states = []
    for size in (95.0, 105.0, 500.0):
        desk = Desk(order(0, MARKET, side * size), costs=costs)
        desk.bar(100.0, 100.0, 100.0, 100.0)
        states += desk.states()
    assert states == [FILLED, REFUSED, REFUSED]


def test_a_refused_entry_takes_its_children_with_it():
    desk = Desk(order(0, MARKET, 1e9), order(1, STOP, -1e9, 95.0, 0), order(2, LIMIT, -1e9, 105.0, 0))
    assert desk.bar(100.0, 110.0, 90.0, 100.0) == []
    assert desk.states() == [REFUSED, CANCELLED, CANCELLED]


@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_a_turn_round_is_one_order(mode):
    costs = CostParameters(taker_fee_bps=0.0, slippage_bps=0.0, leverage=10.0, starting_cash=1_000.0, margin_mode=mode)
    desk = Desk(order(0, MARKET, 90.0), costs=costs)
    desk.bar(100.0, 100.0, 100.0, 100.0)
    desk.orders[0] = order(1, MARKET, -185.0)
    assert desk.bar(100.0, 100.0, 100.0, 100.0) == [(MARKET, -185.0, 100.0)]
    assert desk.account["size"][0] == -95.0


def test_one_of_a_group_cancels_the_others():
    desk = Desk(order(0, LIMIT, 1.0, 95.0, group=7), order(1, STOP, 1.0, 105.0, group=7))
    assert desk.bar(100.0, 106.0, 99.0, 100.0) == [(STOP, 1.0, 105.0)]
    assert desk.states() == [CANCELLED, FILLED]


def test_a_stop_limit_rests_as_a_limit_after_its_trigger():
    desk = Desk(order(0, STOP_LIMIT, 1.0, 105.0, limit=103.0))
    assert desk.bar(100.0, 106.0, 99.0, 105.0) == []
    assert desk.bar(105.0, 106.0, 102.0, 104.0) == [(LIMIT, 1.0, 103.0)]


def test_a_stop_limit_is_filled_in_the_bar_of_its_trigger_where_the_close_proves_it():
    desk = Desk(order(0, STOP_LIMIT, 1.0, 105.0, limit=103.0))
    assert desk.bar(100.0, 106.0, 99.0, 103.0) == [(LIMIT, 1.0, 103.0)]


def test_a_stop_limit_that_is_marketable_at_its_trigger_takes():
    costs = CostParameters(taker_fee_bps=10.0, maker_fee_bps=0.0, slippage_bps=100.0, starting_cash=1e6)
    for limit, price in ((107.0, 106.05), (105.5, 105.5), (105.0, 105.0)):
        desk = Desk(order(0, STOP_LIMIT, 1.0, 105.0, limit=limit), costs=costs)
        assert desk.bar(100.0, 108.0, 99.0, 107.0) == [(LIMIT, 1.0, pytest.approx(price))]
        assert desk.account["fees"][0] == pytest.approx(price * 1e-3)


def test_a_stop_limit_that_the_open_triggers_takes_the_open():
    desk = Desk(
        order(0, STOP_LIMIT, 1.0, 105.0, limit=107.0), costs=CostParameters(slippage_bps=0.0, starting_cash=1e6)
    )
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(106.0, 108.0, 104.0, 107.0) == [(LIMIT, 1.0, 106.0)]
    assert desk.ledger["fee"][0] == pytest.approx(0.053)


@pytest.mark.parametrize("entry", [order(0, LIMIT, 1.0, 95.0), order(0, STOP, 1.0, 102.0)])
def test_a_protective_stop_beyond_its_entry_triggers_there_and_earns_nothing(entry):
    # A sell stop above the price at which its entry was filled: the venue would trigger it at once.
    desk = Desk(entry, order(1, STOP, -1.0, 103.0, 0))
    at = entry[3]
    assert desk.bar(100.0, 103.5, 94.0, 98.0) == [(entry[1], 1.0, at), (STOP, -1.0, at)]


def test_a_protective_stop_beyond_the_open_of_its_entry_by_limit_triggers_at_the_open():
    desk = Desk(costs=FREE)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    desk.orders, desk.count = np.array([order(0, LIMIT, 1.0, 97.0), order(1, STOP, -1.0, 96.0, 0)], dtype=ORDER), 2
    assert desk.bar(95.0, 98.0, 94.0, 97.0) == [(LIMIT, 1.0, 97.0), (STOP, -1.0, 95.0)]


def test_fills_lie_inside_the_bar_and_are_never_better_than_the_trigger():
    random = np.random.default_rng(1)
    costs = CostParameters(leverage=20.0, starting_cash=1e5)
    for _ in range(400):
        desk, close = Desk(costs=costs), 100.0
        for bar in range(12):
            last = close
            opened, swing = close * (1 + 0.02 * random.standard_normal()), random.exponential(0.02, 2)
            close = opened * (1 + 0.02 * random.standard_normal())
            high, low = max(opened, close) * (1 + swing[0]), min(opened, close) * (1 - swing[1])
            kind = random.choice([MARKET, LIMIT, STOP])
            size, price = (
                float(random.choice([-1.0, 1.0]) * random.uniform(0.1, 50.0)),
                opened * (1 + 0.03 * random.standard_normal()),
            )
            desk.orders, desk.count = np.zeros(1, dtype=ORDER), 1
            desk.orders[0] = order(bar, kind, size, price)
            jumped = min(last, opened) <= price <= max(last, opened)
            for event, filled, at in desk.bar(opened, high, low, close):
                assert low <= at <= high or (event == LIMIT and at == price and jumped)
                if event == STOP:
                    assert at >= min(price, high) if filled > 0 else at <= max(price, low)
                if event == LIMIT:
                    assert at <= price if filled > 0 else at >= price
