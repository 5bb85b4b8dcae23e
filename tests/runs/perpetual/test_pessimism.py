"""Options for the pessimist: limits that a touch does not fill, a share of the bar's volume, impact. By default none acts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.costs import CostParameters
from runs.perpetual.orders import CANCELLED, FILLED, REFUSED, WORKING
from tests.runs.perpetual.test_matching import FREE, Desk, order


def desk_with(*orders, **options):
    return Desk(*orders, costs=replace(FREE, **options))


@pytest.mark.parametrize(("side", "kind"), [(1.0, "entry"), (-1.0, "entry"), (1.0, "target"), (-1.0, "target")])
def test_a_limit_needs_a_trade_some_ticks_beyond_its_price(side, kind):
    resting = [order(0, LIMIT, side, 100.0 - 3.0 * side)]
    if kind == "target":
        resting = [order(0, MARKET, -side), order(1, LIMIT, side, 100.0 - 3.0 * side, 0)]
    desk = desk_with(*resting, limit_through_ticks=3.0)
    for extreme, filled in ((3.0, False), (3.2, False), (3.3, True)):
        low, high = sorted((100.0 + 0.5 * side, 100.0 - extreme * side))
        events = [event for event in desk.bar(100.0, high, low, 100.0) if event[0] == LIMIT]
        assert events == ([(LIMIT, side, 100.0 - 3.0 * side)] if filled else [])


def test_a_jump_and_a_close_must_lie_as_far_beyond_a_resting_limit():
    desk = desk_with(order(0, LIMIT, 1.0, 97.3), limit_through_ticks=3.0)
    desk.bar(99.0, 99.0, 98.0, 99.0)
    assert desk.bar(97.2, 98.0, 97.1, 98.0) == []
    assert desk.bar(97.0, 98.0, 97.0, 98.0) == [(LIMIT, 1.0, 97.3)]  # 97.3 - 97.0 is less than .3 in floating point
    for close, filled in ((97.2, 1), (97.3, 2)):
        entry, target = order(0, LIMIT, 1.0, 96.0), order(1, LIMIT, -1.0, 97.0, 0)
        desk = desk_with(entry, target, limit_through_ticks=3.0)
        assert len(desk.bar(98.0, 98.0, 95.0, close)) == filled


def test_a_limit_that_takes_needs_no_trade_beyond_it():
    assert desk_with(order(0, LIMIT, 1.0, 100.0), limit_through_ticks=9.0).bar(100.0, 101.0, 100.0, 101.0)


def test_what_opens_more_than_its_share_of_the_volume_is_refused_with_its_reason():
    for size, state in ((5.0, FILLED), (5.1, REFUSED)):
        desk = desk_with(order(0, MARKET, size), order(1, STOP, -size, 95.0, 0), max_volume_share=0.05)
        desk.bar(100.0, 101.0, 99.0, 100.0, volume=100.0)
        assert desk.states() == [state, WORKING if state == FILLED else CANCELLED]
        assert desk.account["refused_volume"][0] == (state == REFUSED)
        assert desk.account["refused_margin"][0] == desk.account["refused_leverage"][0] == 0.0


def test_what_closes_by_market_or_stop_is_never_refused_for_volume():
    for closing in (order(1, MARKET, -5.0), order(1, STOP, -5.0, 99.5)):
        desk = desk_with(order(0, MARKET, 5.0), max_volume_share=0.05)
        desk.bar(100.0, 101.0, 99.0, 100.0, volume=100.0)
        desk.orders[0] = closing
        assert len(desk.bar(100.0, 101.0, 99.0, 100.0, volume=0.0)) == 1
        assert desk.account["size"][0] == 0.0


def test_a_resting_limit_waits_for_a_bar_whose_volume_holds_it():
    desk = desk_with(order(0, LIMIT, 5.0, 99.0), max_volume_share=0.05)
    assert desk.bar(100.0, 101.0, 98.0, 100.0, volume=99.0) == []
    assert desk.bar(98.0, 101.0, 98.0, 100.0, volume=99.0) == []
    assert desk.bar(98.0, 101.0, 98.0, 100.0, volume=100.0) == [(LIMIT, 5.0, 99.0)]
    assert desk.account["refused_volume"][0] == 0.0


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_impact_is_the_root_of_the_share_times_the_range(side):
    for size, volume, share in (
        (1.0, 100.0, 0.01),
        (4.0, 100.0, 0.04),
        (4.0, 1.0, 1.0),
        (4.0, 0.0, 1.0),
        (4.0, math.nan, 1.0),
    ):
        desk = desk_with(order(0, MARKET, side * size), impact=0.5, slippage_bps=2.0)
        [(_, _, price)] = desk.bar(100.0, 102.0, 98.0, 100.0, volume=volume)
        cost = side * (price - 100.0) + desk.account["fees"][0] / size
        assert cost == pytest.approx(100.0 * (2e-4 + 0.5 * 0.04 * math.sqrt(share)))


def test_a_maker_pays_no_impact():
    desk = desk_with(order(0, LIMIT, 5.0, 99.0), impact=5.0)
    assert desk.bar(100.0, 101.0, 98.0, 100.0, volume=1.0) == [(LIMIT, 5.0, 99.0)]
    assert desk.account["fees"][0] == 0.0


def test_by_default_volume_and_ticks_change_nothing():
    assert {getattr(CostParameters(), name) for name in ("limit_through_ticks", "max_volume_share", "impact")} == {0.0}
    events = []
    for volume in (np.nan, 0.0, 1e-9):
        desk = Desk(order(0, LIMIT, 5.0, 99.0), costs=CostParameters())
        events.append([desk.bar(100.0, 101.0, 99.0, 100.0, volume=volume), desk.account["wallet"][0]])
    assert events[0] == events[1] == events[2]
