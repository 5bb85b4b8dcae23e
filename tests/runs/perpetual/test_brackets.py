"""Each rule of roles, moving stops, expiry, post-only orders and times to leave, by name; `test_every_path` has all paths."""

import numpy as np
import pytest

from runs.perpetual.accounting import LIMIT, MARKET, STOP, TIME_STOP
from runs.perpetual.costs import CostParameters
from runs.perpetual.orders import (
    ADDS,
    CANCELLED,
    CLOSES,
    EXPIRED,
    FILLED,
    LIQUIDATED,
    ORDER,
    REDUCES,
    REFUSED,
    STOP_LIMIT,
    WAITING,
    WORKING,
)
from tests.runs.perpetual.test_matching import FREE, LEVERED, NAN, Desk, order

SIDES = pytest.mark.parametrize("side", [1.0, -1.0])


def replaced(desk, *rows):
    desk.orders, desk.count = np.array(list(rows), dtype=ORDER), len(rows)


def turned(side, *prices):
    """Return open, high, low and close of a bar as a short sees a long's: mirrored at 100."""
    opened, high, low, close = (100.0 + side * (price - 100.0) for price in prices)
    return opened, max(high, low), min(high, low), close


@SIDES
def test_targets_close_their_shares_and_the_stop_what_is_left(side):
    desk = Desk(
        order(0, MARKET, 4.0 * side), order(1, STOP, -4.0 * side, 100 - 5 * side, 0, role=CLOSES),
        order(2, LIMIT, -1.0 * side, 100 + 2 * side, 0, role=REDUCES),
        order(3, LIMIT, -2.0 * side, 100 + 4 * side, 0, role=REDUCES),
    )  # fmt: skip
    desk.bar(100.0, 100.0, 100.0, 100.0)
    assert desk.bar(*turned(side, 100.0, 103.0, 99.0, 102.0)) == [(LIMIT, -1.0 * side, 100 + 2 * side)]
    assert desk.states() == [FILLED, WORKING, FILLED, WORKING]
    assert desk.bar(*turned(side, 102.0, 102.0, 94.0, 94.0)) == [(STOP, -3.0 * side, 100 - 5 * side)]
    assert desk.states() == [FILLED, FILLED, FILLED, CANCELLED]


def test_a_stop_also_closes_what_was_added():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0, role=CLOSES), order(2, MARKET, 0.5, role=ADDS))
    desk.bar(100.0, 101.0, 99.0, 100.0)
    assert desk.bar(100.0, 101.0, 94.0, 95.0) == [(STOP, -1.5, 95.0)]


def test_what_reduces_never_turns_a_position_round():
    desk = Desk(
        order(0, MARKET, 1.0), order(1, LIMIT, -5.0, 102.0, role=REDUCES), order(2, LIMIT, -5.0, 103.0, role=REDUCES)
    )
    assert desk.bar(100.0, 104.0, 99.0, 100.0) == [(MARKET, 1.0, 100.0), (LIMIT, -1.0, 102.0)]
    assert desk.states() == [FILLED, FILLED, CANCELLED]


@pytest.mark.parametrize("role", [REDUCES, CLOSES, ADDS])
def test_what_is_for_a_position_ends_unfilled_where_there_is_none(role):
    desk = Desk(order(0, MARKET, -1.0, role=role))
    assert desk.bar(100.0, 101.0, 99.0, 100.0) == []
    assert desk.states() == [CANCELLED]


def test_what_was_to_add_ends_with_the_position():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0, role=CLOSES))
    desk.bar(100.0, 101.0, 99.0, 100.0)
    replaced(desk, desk.orders[1].item(), order(2, MARKET, 1.0, role=ADDS))
    assert desk.bar(94.0, 95.0, 93.0, 94.0) == [(STOP, -1.0, 94.0)]
    assert desk.states() == [FILLED, CANCELLED]


def test_what_protects_a_long_ends_when_it_is_turned_to_a_short():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0, role=CLOSES), order(2, MARKET, -3.0))
    desk.bar(100.0, 101.0, 94.0, 100.0)
    assert desk.account["size"][0] == -2.0
    assert desk.states() == [FILLED, CANCELLED, FILLED]


@SIDES
def test_a_trailing_stop_follows_the_best_price_and_never_goes_back(side):
    desk = Desk(order(0, MARKET, side), order(1, STOP, -side, 100 - 9 * side, 0, role=CLOSES, trail=4.0))
    for bar, stands in (((100, 101, 99, 100), 97), ((102, 105, 101.5, 103), 101), ((103, 104, 102, 102), 101)):
        desk.bar(*turned(side, *bar))
        assert desk.orders["price"][1] == 100 + side * (stands - 100)
    assert desk.bar(*turned(side, 102, 103, 100, 101)) == [(STOP, -side, 100 + side)]


def test_a_trailing_stop_needs_no_price_to_begin_with():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, NAN, 0, role=CLOSES, trail=4.0))
    assert desk.bar(100.0, 101.0, 96.0, 100.0) == [(MARKET, 1.0, 100.0), (STOP, -1.0, 96.0)]


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        ((100.0, 103.0, 96.0, 102.0), 96.0),  # the price fell at once, to 100 - 4
        ((100.0, 103.0, 98.0, 102.0), 98.0),  # it rose to 102 and came back to the low
        ((100.0, 103.0, 99.0, 102.0), 99.0),  # it rose to the high first
        ((100.0, 102.9, 99.0, 102.0), None),  # from no high before the low is it four
        ((95.0, 103.0, 94.0, 102.0), 95.0),  # the open is below where it stood
    ],
)
def test_a_trailing_stop_is_met_at_the_worst_that_some_path_allows(bar, price):
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.5, 0, role=CLOSES, trail=4.0))
    desk.bar(99.0, 99.5, 98.0, 99.0)
    assert desk.bar(*bar) == ([] if price is None else [(STOP, -1.0, price)])


def test_targets_on_the_way_to_where_a_trailing_stop_turns_are_filled_before_it():
    bracket = [order(0, MARKET, 4.0), order(1, STOP, -4.0, 90.0, 0, role=CLOSES, trail=4.0)]
    targets = [order(2 + n, LIMIT, -1.0, at, 0, role=REDUCES) for n, at in enumerate((101.0, 102.0, 103.0))]
    desk = Desk(*bracket, *targets)
    events = desk.bar(100.0, 104.0, 98.0, 104.0)  # up to 102, down to 98
    assert events == [(MARKET, 4.0, 100.0), (LIMIT, -1.0, 101.0), (LIMIT, -1.0, 102.0), (STOP, -2.0, 98.0)]


@SIDES
def test_a_stop_goes_to_the_entry_price_once_the_price_has_gone_far_enough(side):
    armed = order(1, STOP, -side, 100 - 9 * side, 0, role=CLOSES, arms_at=100 + 3 * side)
    for bar, met, stands in (
        ((101, 104, 101, 103), None, 100), ((101, 104, 100, 103), 100, 100), ((101, 102, 95, 96), None, 91),
    ):  # fmt: skip
        desk = Desk(order(0, MARKET, side), armed)
        desk.bar(100.0, 100.0, 100.0, 100.0)
        events = desk.bar(*turned(side, *bar))
        assert events == ([] if met is None else [(STOP, -side, 100.0)])
        assert desk.orders["price"][1] == 100 + side * (stands - 100)


def test_a_stop_that_the_fill_has_left_behind_its_price_to_arm_never_goes_to_the_entry_price():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 95.0, 0, role=CLOSES, arms_at=103.0))
    assert desk.bar(104.0, 106.0, 103.0, 105.0) == [(MARKET, 1.0, 104.0)]
    assert desk.orders["price"][1] == 95.0


def test_liquidation_is_judged_before_a_stop_that_only_a_rise_would_move():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 50.0, 0, role=CLOSES, arms_at=101.0), costs=LEVERED)
    desk.bar(100.0, 100.0, 100.0, 100.0)
    desk.bar(100.0, 102.0, 89.0, 95.0)
    assert desk.states() == [FILLED, LIQUIDATED]


@pytest.mark.parametrize("k", [1, 3])
def test_an_order_good_for_k_bars_meets_k_bars(k):
    desk = Desk(order(0, LIMIT, 1.0, 95.0, expires=k), order(1, STOP, -1.0, 90.0, 0))
    for bar in range(k + 1):
        assert desk.bar(100.0, 101.0, 99.0, 100.0) == []
        assert desk.states() == ([WORKING, WAITING] if bar < k else [EXPIRED, CANCELLED])
    assert desk.bar(100.0, 101.0, 90.0, 100.0) == []
    assert desk.account["expired"][0] == 1.0
    filled = Desk(order(0, LIMIT, 1.0, 95.0, expires=k))
    for _ in range(k):
        filled.bar(100.0, 101.0, 99.0, 100.0)
    assert filled.bar(100.0, 101.0, 94.0, 100.0) == [(LIMIT, 1.0, 95.0)]
    assert filled.account["expired"][0] == 0.0


@pytest.mark.parametrize(
    ("close", "bar", "outcome"),
    [
        (98.0, (96.0, 99.0, 95.0, 97.0), REFUSED),  # marketable at the close at which it was sent
        (97.0, (99.0, 100.0, 98.5, 99.0), REFUSED),  # also where the open has left it behind
        (98.5, (96.0, 99.0, 95.0, 97.0), FILLED),  # it was in the book when the open jumped over it
        (98.5, (99.0, 99.0, 98.2, 99.0), WORKING),
    ],
)
def test_a_post_only_limit_is_refused_and_counted_where_it_would_take(close, bar, outcome):
    desk = Desk(costs=CostParameters(slippage_bps=0.0, starting_cash=1e6))
    desk.bar(100.0, 101.0, 95.0, close)
    replaced(desk, order(0, LIMIT, 1.0, 98.0, post_only=1), order(1, STOP, -1.0, 90.0, 0))
    events = desk.bar(*bar)
    assert events == ([(LIMIT, 1.0, 98.0)] if outcome == FILLED else [])
    assert desk.states() == [outcome, {REFUSED: CANCELLED, FILLED: WORKING, WORKING: WAITING}[outcome]]
    assert desk.account["refused_post_only"][0] == (outcome == REFUSED)
    if outcome == WORKING:  # it rests, and is no longer looked at
        assert desk.bar(97.0, 97.5, 96.0, 97.0) == [(LIMIT, 1.0, 98.0)]
        assert desk.ledger["fee"][0] == pytest.approx(98.0 * 2e-4)


@pytest.mark.parametrize("entry", [order(0, MARKET, 1.0), order(0, STOP, 1.0, 101.0), order(0, LIMIT, 1.0, 99.0)])
def test_a_post_only_target_that_its_entry_has_passed_is_refused(entry):
    desk = Desk(entry, order(1, LIMIT, -1.0, 98.0, 0, post_only=1))
    desk.bar(100.0, 103.0, 97.0, 100.0)
    assert desk.states() == [FILLED, REFUSED]


def test_a_post_only_stop_limit_that_is_marketable_at_its_trigger_is_refused():
    for bar in ((100.0, 106.0, 99.0, 105.0), (106.0, 107.0, 104.0, 105.0)):
        desk = Desk(order(0, STOP_LIMIT, 1.0, 105.0, limit=107.0, post_only=1))
        assert desk.bar(*bar) == []
        assert desk.states() == [REFUSED]


@pytest.mark.parametrize("entry", [order(0, MARKET, 1.0), order(0, LIMIT, 1.0, 99.0)])
def test_a_position_ends_at_the_open_k_bars_after_its_fill(entry):
    desk = Desk(entry, order(1, MARKET, -1.0, NAN, 0, role=CLOSES, starts=3))
    desk.bar(100.0, 101.0, 98.0, 100.0)
    for _ in range(2):
        assert desk.bar(100.0, 101.0, 98.0, 100.0) == []
    assert desk.bar(97.0, 101.0, 96.0, 100.0) == [(TIME_STOP, -1.0, 97.0)]


def test_a_stop_that_waits_quietly_still_moves():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 90.0, 0, role=CLOSES, trail=20.0, arms_at=130.0))
    desk.bar(100.0, 100.0, 100.0, 100.0)
    for high, stands in ((105.0, 90.0), (115.0, 95.0), (114.0, 95.0), (131.0, 111.0)):
        desk.bar(112.0 if high > 110.0 else 104.0, high, 112.0 if high > 110.0 else 104.0, 112.0)
        assert desk.orders["price"][1] == stands


def test_a_moved_stop_stands_on_the_venues_grid():
    desk = Desk(order(0, MARKET, 1.0), order(1, STOP, -1.0, 90.0, 0, role=CLOSES, trail=4.3), costs=FREE)
    desk.costs["price_tick"] = 0.5
    desk.bar(100.0, 100.0, 100.0, 100.0)
    assert desk.orders["price"][1] == 95.5
    assert desk.bar(100.0, 104.5, 99.7, 100.0) == [(STOP, -1.0, 100.0)]


@pytest.mark.parametrize(
    ("entry", "stands"),
    [(order(0, LIMIT, 1.0, 98.0), 92.5), (order(0, STOP, 1.0, 102.0), 97.0), (order(0, MARKET, 1.0), 97.0)],
)
def test_a_stop_follows_what_is_known_to_have_come_after_its_entry(entry, stands):
    # The high of 103 may have come before a fall to 98, and came after a rise to 102.
    desk = Desk(entry, order(1, STOP, -1.0, 90.0, 0, role=CLOSES, trail=6.0))
    assert len(desk.bar(100.0, 103.0, 97.5, 98.5)) == 1
    assert desk.orders["price"][1] == stands
