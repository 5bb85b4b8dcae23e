"""The order of events inside a bar: an exhaustive truth table against a slow, obvious twin, and each rule by name."""

import itertools
import math

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
from runs.perpetual.costs import CostParameters
from runs.perpetual.matching import process_bar, slipped
from runs.perpetual.orders import CANCELLED, FILLED, LIQUIDATED, ORDER, PRICES, REFUSED, STOP_LIMIT, WAITING, WORKING

FREE = CostParameters(taker_fee_bps=0.0, maker_fee_bps=0.0, slippage_bps=0.0, leverage=100.0, starting_cash=1e6)
ONE_TIER = np.array([[0.0, 0.005, 0.0]])
NAN = math.nan


def order(number, kind, size, price=NAN, parent=-1, group=-1, limit=NAN):
    return (number, kind, size, price, limit, parent, group, WAITING if parent >= 0 else WORKING, -1)


class Desk:
    """An account with working orders, taken through bars one by one."""

    def __init__(self, *orders, costs=FREE, tiers=ONE_TIER):
        self.account = open_account(costs.starting_cash)
        self.orders = np.zeros(max(len(orders), 1), dtype=ORDER)
        for row, values in enumerate(orders):
            self.orders[row] = values
        self.count, self.costs, self.tiers = len(orders), costs.record(), tiers
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


def obvious(side, stop, target, opened, high, low):
    """A long (or short) entered at the open with stop and target: what the pessimist says happened."""
    entry = (MARKET, side, opened)
    gone = (lambda level: opened <= level) if side > 0 else (lambda level: opened >= level)
    if gone(stop):
        return [entry, (STOP, -side, opened)]
    if (opened >= target) if side > 0 else (opened <= target):
        return [entry, (LIMIT, -side, opened)]
    if (low <= stop) if side > 0 else (high >= stop):
        return [entry, (STOP, -side, stop)]
    if (high >= target) if side > 0 else (low <= target):
        return [entry, (LIMIT, -side, target)]
    return [entry]


LEVELS = (90.0, 95.0, 100.0, 105.0, 110.0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_every_bar_against_the_pessimist(side):
    checked = 0
    for low, opened, close, high in itertools.product(LEVELS, repeat=4):
        if not low <= min(opened, close) <= max(opened, close) <= high:
            continue
        for below, above in itertools.product((92.0, 95.0, 97.0, 103.0), (97.5, 103.5, 105.0, 108.0)):
            if below >= above:
                continue
            stop, target = (below, above) if side > 0 else (above, below)
            desk = Desk(order(0, MARKET, side), order(1, STOP, -side, stop, 0), order(2, LIMIT, -side, target, 0))
            assert desk.bar(opened, high, low, close) == obvious(side, stop, target, opened, high, low)
            checked += 1
    assert checked > 500


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


def test_a_target_is_not_live_on_the_bar_of_an_entry_inside_it():
    desk = Desk(order(0, LIMIT, 1.0, 98.0), order(1, LIMIT, -1.0, 102.0, 0))
    assert desk.bar(100.0, 103.0, 97.0, 100.0) == [(LIMIT, 1.0, 98.0)]
    assert desk.bar(100.0, 103.0, 99.0, 100.0) == [(LIMIT, -1.0, 102.0)]


def test_the_stop_of_an_entry_inside_the_bar_takes_the_worst():
    desk = Desk(order(0, LIMIT, 1.0, 98.0), order(1, STOP, -1.0, 95.0, 0))
    assert desk.bar(100.0, 103.0, 94.0, 100.0) == [(LIMIT, 1.0, 98.0), (STOP, -1.0, 95.0)]


def test_a_gap_through_the_stop_fills_at_the_open_not_at_the_stop():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0))
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(90.0, 96.0, 89.0, 95.0) == [(STOP, -1.0, 90.0)]


def test_a_gap_through_the_target_fills_at_the_better_open():
    desk = Desk(order(0, MARKET, 1.0), order(1, LIMIT, -1.0, 105.0, 0))
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(107.0, 108.0, 106.0, 107.0) == [(LIMIT, -1.0, 107.0)]


LEVERED = CostParameters(
    taker_fee_bps=0.0, maker_fee_bps=0.0, slippage_bps=0.0, leverage=10.0, starting_cash=1e6, margin_mode="isolated"
)


def test_liquidation_comes_before_the_stop_where_the_extreme_reaches_both():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    [(kind, size, price)] = desk.bar(100.0, 101.0, 85.0, 100.0)
    assert (kind, size) == (LIQUIDATION, -1.0)
    assert price == pytest.approx(90.0 / 0.995)
    assert desk.states() == [FILLED, LIQUIDATED]


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


def test_fills_lie_inside_the_bar_and_are_never_better_than_the_trigger():
    random = np.random.default_rng(1)
    costs = CostParameters(leverage=20.0, starting_cash=1e5)
    for _ in range(400):
        desk, close = Desk(costs=costs), 100.0
        for bar in range(12):
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
            for event, filled, at in desk.bar(opened, high, low, close):
                assert low <= at <= high
                if event == STOP:
                    assert at >= min(price, high) if filled > 0 else at <= max(price, low)
                if event == LIMIT:
                    assert at <= price if filled > 0 else at >= price
