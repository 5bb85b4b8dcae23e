"""Moving stops, several targets and roles against every path of every bar of a small world: the worst is taken, and no worse."""

import itertools

import numpy as np
import pytest

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.orders import CLOSES, REDUCES
from tests.runs.perpetual.every_path import NEVER, Bracket, outcomes, worth
from tests.runs.perpetual.test_matching import Desk, order

BASE = 100
BARS = [
    (opened, high, low, close)
    for low, high in itertools.combinations_with_replacement(range(BASE - 3, BASE + 4), 2)
    for opened, close in itertools.product(range(low, high + 1), repeat=2)
]
STOPS, TRAILS, ARMS = (BASE - 9, BASE - 2), (0, 1, 2, 4), (NEVER, BASE + 1, BASE + 2)
TARGETS = ((), ((BASE + 2, 1.0),), ((BASE + 1, 0.25), (BASE + 3, 0.75)), ((BASE + 1, 0.5), (BASE + 2, 0.25)))
ENTRIES = (None, ("market", 0), ("limit", BASE - 1), ("limit", BASE), ("stop", BASE), ("stop", BASE + 1))
KINDS = {"market": MARKET, "limit": LIMIT, "stop": STOP}


def rows(bracket, side):
    """Return the rows of a bracket; a short's are mirrored at `BASE`."""
    kind, level = bracket.entry or ("market", BASE)

    def turned(price):
        return float(BASE + side * (price - BASE))

    price = {} if kind == "market" else {"price": turned(level)}
    entry = order(0, KINDS[kind], side, **price)
    more = {"trail": float(bracket.trail), "arms_at": turned(bracket.arms_at) if bracket.arms_at < NEVER else 0.0}
    stop = order(1, STOP, -side, turned(bracket.stop), 0, role=CLOSES, **more)
    shares = enumerate(bracket.targets)
    targets = [order(2 + n, LIMIT, -side * share, turned(at), 0, role=REDUCES) for n, (at, share) in shares]
    return [entry, stop, *targets]


def does(bracket, bar, side):
    """Return what ours does in a bar, as `outcomes` writes it, and the desk."""

    def turned(price):
        return float(BASE + side * (price - BASE))

    desk = Desk(*rows(bracket, side))
    flat = (BASE, BASE, BASE, BASE)
    if bracket.entry is None:
        desk.bar(*flat)
        desk.orders["price"][1] = turned(bracket.stop)  # whatever that bar has made of it
    opened, high, low, close = (turned(price) for price in bar)
    first = desk.lines
    desk.bar(opened, max(high, low), min(high, low), close)
    names = {0: bracket.entry and bracket.entry[0], 1: "stop"} | {2 + n: f"target {n}" for n in range(9)}
    lines = desk.ledger[first : desk.lines]
    met = tuple((names[int(f["order"])], side * float(f["size"]), turned(float(f["price"]))) for f in lines)
    return met, desk


def holds_on_every_path(bracket, bar, side):
    met, _ = does(bracket, bar, side)
    possible = outcomes(bracket, *bar)
    close = bar[3]
    worst = min(worth(fills, close) for fills in possible)
    assert worth(met, close) == worst, (bracket, bar, side, met, possible)
    assert sorted(met) in [sorted(fills) for fills in possible], (bracket, bar, side, met, possible)


def cases(entry):
    """Return brackets whose targets lie beyond their entry, with all bars that meet it inside."""
    brackets = [
        Bracket(entry, BASE, stop, trail, arms, targets)
        for stop, trail, arms, targets in itertools.product(STOPS, TRAILS, ARMS, TARGETS)
        if entry is None or all(level > entry[1] for level, _ in targets)
    ]
    return [
        (bracket, bar)
        for bracket, bar in itertools.product(brackets, BARS)
        if entry is None or entry[0] == "market" or (bar[0] > entry[1] if entry[0] == "limit" else bar[0] < entry[1])
    ]


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bracket_takes_the_worst_of_all_paths(entry):
    every = cases(entry)
    for number in np.random.default_rng(5).choice(len(every), 1_500, replace=False):
        holds_on_every_path(*every[number], 1.0 if number % 2 else -1.0)


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_bracket_takes_the_worst_of_all_paths_in_every_bar(entry):
    for number, (bracket, bar) in enumerate(cases(entry)):
        holds_on_every_path(bracket, bar, 1.0 if number % 2 else -1.0)
