"""All bars of a small world against a slow, obvious twin: what a position meets, and what an entry inside the bar meets."""

import itertools

import numpy as np
import pytest

from indicators.liquidation.liquidation_price import liquidation_price
from runs.perpetual.accounting import LIMIT, LIQUIDATION, MARKET, STOP
from runs.perpetual.orders import ORDER
from tests.runs.perpetual.test_matching import FREE, LEVERED, Desk, order

LEVELS = (86.0, 92.0, 97.0, 103.0, 108.0, 114.0)
BARS = [
    (opened, high, low, close)
    for low, opened, close, high in itertools.product(LEVELS, repeat=4)
    if low <= min(opened, close) <= max(opened, close) <= high
]


def held(side, stop, target, bar, mark):
    """What a position of one coin from 100 meets: prices are turned so that higher is better."""
    opened, high, low, _ = bar
    trigger = side * liquidation_price(100.0, 10.0, side, maintenance_margin_rate=0.005)
    worst, best = (low, high) if side > 0 else (-high, -low)
    opened, stop, target = side * opened, side * stop, side * target
    liquidated = (side * mark if mark is not None else worst) <= trigger
    if liquidated and opened <= trigger:
        return LIQUIDATION, opened
    if opened <= stop:
        return STOP, opened
    if opened >= target:
        return LIMIT, target
    if liquidated and (mark is not None or stop <= trigger):
        return LIQUIDATION, min(max(trigger, worst), opened)
    if worst <= stop:
        return STOP, stop
    return (LIMIT, target) if best >= target else None


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("mark", [None, 100.0, 93.0, 89.0])
def test_what_a_position_meets_in_every_bar(side, mark):
    seen = set()
    for bar, below, above in itertools.product(BARS, (88.0, 92.0, 95.0), (103.0, 105.0)):
        stop, target = (below, above) if side > 0 else (200.0 - below, 200.0 - above)
        # A mark at the worst that it was, seen from a long.
        worst = mark if side > 0 or mark is None else 200.0 - mark
        marks = {} if mark is None else {"mark_low": min(worst, 100.0), "mark_high": max(worst, 100.0)}
        desk = Desk(
            order(0, MARKET, side), order(1, STOP, -side, stop, 0), order(2, LIMIT, -side, target, 0), costs=LEVERED
        )
        desk.bar(100.0, 100.0, 100.0, 100.0)
        expected = held(side, stop, target, bar, worst)
        met = desk.bar(*bar, **marks)
        assert met == ([] if expected is None else [(expected[0], -side, pytest.approx(side * expected[1]))])
        seen.add(None if expected is None else expected[0])
    assert seen == {STOP, LIMIT} | ({None} if mark != 89.0 else set()) | (
        {LIQUIDATION} if mark in (None, 89.0) else set()
    )


def entered(kind, entry, stop, target, bar, last_close):
    """What a long's bracket meets whose entry at a price was sent at the last close."""
    opened, high, low, close = bar
    limit = kind == LIMIT
    if opened <= entry if limit else opened >= entry:
        price = entry if limit and last_close > entry else opened
        events = [(kind, 1.0, price)]
        if opened <= stop:
            return [*events, (STOP, -1.0, opened)]
        if opened >= target:
            return [*events, (LIMIT, -1.0, opened)]
        proof = high
    elif low <= entry if limit else high >= entry:
        # The price that meets a buy stop goes up: a target above it is met after it. One that meets a buy limit comes down.
        events, stop, proof = [(kind, 1.0, entry)], min(stop, entry), close if limit or target < entry else high
    else:
        return []
    if low <= stop:
        return [*events, (STOP, -1.0, stop)]
    return [*events, (LIMIT, -1.0, target)] if proof >= target else events


@pytest.mark.parametrize("kind", [LIMIT, STOP])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_what_an_entry_at_a_price_meets_in_every_bar(side, kind):
    kinds = set()
    turned = (lambda price: price) if side > 0 else (lambda price: 200.0 - price)
    for bar, entry, stop, target in itertools.product(BARS, (94.0, 100.0, 105.0), (87.0, 98.0), (96.0, 104.0, 110.0)):
        if stop >= target:
            continue
        for last_close in (93.0, 107.0):
            desk = Desk(costs=FREE)
            desk.bar(*[turned(last_close)] * 4)
            desk.orders = np.array(
                [
                    order(0, kind, side, turned(entry)), order(1, STOP, -side, turned(stop), 0),
                    order(2, LIMIT, -side, turned(target), 0),
                ],
                dtype=ORDER,
            )  # fmt: skip
            desk.count = 3
            opened, high, low, close = (turned(price) for price in bar)
            met = desk.bar(opened, max(high, low), min(high, low), close)
            expected = entered(kind, entry, stop, target, bar, last_close)
            assert met == [(what, side * size, turned(price)) for what, size, price in expected]
            kinds.add(tuple(what for what, _, _ in expected))
    assert kinds == {(), (kind,), (kind, STOP), (kind, LIMIT)}


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_what_an_entry_at_the_open_meets_in_every_bar(side):
    for bar, below, above in itertools.product(BARS, (92.0, 95.0, 97.0, 103.0), (97.5, 103.5, 105.0, 108.0)):
        if below >= above:
            continue
        stop, target = (below, above) if side > 0 else (above, below)
        opened, high, low, _ = bar
        desk = Desk(order(0, MARKET, side), order(1, STOP, -side, stop, 0), order(2, LIMIT, -side, target, 0))
        worst, best = (low, high) if side > 0 else (high, low)
        steps = (
            (STOP, stop, opened, opened), (LIMIT, target, opened, opened), (STOP, stop, worst, stop), (LIMIT, target, best, target),
        )  # fmt: skip
        reached = (
            [(kind, -side, at)]
            for kind, level, price, at in steps
            if (price - level) * (side if kind == LIMIT else -side) >= 0.0
        )
        assert desk.bar(*bar) == [(MARKET, side, opened), *next(reached, [])]
