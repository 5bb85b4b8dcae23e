"""The cascade's phases: every transition, scripted."""

import math

import numpy as np
import pytest

from indicators.liquidation.cascade_phase import (
    BUILDING,
    CASCADING,
    PHASE,
    RECOVERING,
    TRIGGERED,
    WASHED_OUT,
    advance_phase,
    open_interest_drop,
)

LIMITS = {"washout_drop": 0.2, "hysteresis": 0.0, "trigger_bars": 3.0, "steady_bars": 2.0, "recovery_bars": 4.0}
NAN = math.nan
CALM = (BUILDING, 0.0, NAN, NAN, 0.0)


def play(bars, phase=CALM, **limits):
    """Each bar: clusters fallen below, above, open interest now, funding; returns the phases' numbers and the last phase."""
    limits, numbers, before = LIMITS | limits, [], 100.0
    settings = np.array([tuple(limits.values())], dtype=[(name, np.float64) for name in limits])[0]
    state = np.array([phase], dtype=PHASE)[0]
    for below, above, now, funding in bars:
        advance_phase(state, settings, below, above, below >= above, before, now, funding)
        numbers.append(state["number"])
        before = now
    return numbers, state


def test_nothing_fallen_keeps_building():
    assert play([(0, 0, 100.0, 0.0)] * 5)[0] == [BUILDING] * 5


def test_the_whole_anatomy_of_a_downward_cascade():
    bars = [
        (1, 0, 98.0, 1e-4),  # the first long cluster falls
        (1, 0, 90.0, 1e-4),  # the next one
        (0, 0, 78.0, 1e-4),  # open interest is down a fifth, funding not yet flipped
        (0, 0, 77.0, -1e-4),  # now it has
        (0, 0, 76.0, -1e-4),  # a new low: not steady
        (0, 0, 76.5, -1e-4),
        (0, 0, 77.0, -1e-4),  # two bars without a new low
        (0, 0, 78.0, 0.0),
        (0, 0, 78.0, 0.0),
        (0, 0, 78.0, 0.0),
        (0, 0, 78.0, 0.0),
    ]
    numbers, phase = play(bars)
    assert numbers == [
        TRIGGERED, CASCADING, CASCADING, WASHED_OUT, WASHED_OUT, WASHED_OUT,
        RECOVERING, RECOVERING, RECOVERING, RECOVERING, BUILDING,
    ]  # fmt: skip
    assert phase["direction"] == 0.0


def test_two_clusters_at_once_are_a_cascade():
    numbers, phase = play([(2, 0, 98.0, 0.0)])
    assert numbers == [CASCADING]
    assert phase["direction"] == -1.0


def test_a_short_squeeze_goes_up_and_needs_positive_funding_to_wash_out():
    numbers, phase = play([(0, 2, 90.0, -1e-4), (0, 0, 75.0, -1e-4), (0, 0, 75.0, 1e-4)])
    assert numbers == [CASCADING, CASCADING, WASHED_OUT]
    assert phase["direction"] == 1.0


def test_a_trigger_without_a_follower_goes_back_to_building():
    assert play([(1, 0, 99.0, 0.0)] + [(0, 0, 99.0, 0.0)] * 3)[0] == [TRIGGERED, TRIGGERED, TRIGGERED, BUILDING]


def test_a_cascade_that_dies_out_recovers_without_a_wash_out():
    assert play([(2, 0, 99.0, 0.0)] + [(0, 0, 99.0, 0.0)] * 3)[0][-1] == RECOVERING


def test_without_open_interest_nothing_is_washed_out():
    numbers, phase = play([(2, 0, NAN, -1e-3)] + [(1, 0, NAN, -1e-3)] * 10)
    assert WASHED_OUT not in numbers
    assert open_interest_drop(phase, NAN) == 0.0


def test_unknown_funding_is_not_asked_for():
    assert play([(2, 0, 90.0, NAN), (0, 0, 79.0, NAN)])[0] == [CASCADING, WASHED_OUT]


def test_a_new_trigger_while_recovering_starts_anew():
    recovering = (RECOVERING, -1.0, 100.0, 70.0, 1.0)
    assert play([(0, 1, 80.0, 0.0)], recovering)[1].item() == (TRIGGERED, 1.0, 100.0, 80.0, 0.0)


def test_the_drop_is_measured_from_before_the_trigger():
    _, phase = play([(1, 0, 95.0, 0.0), (1, 0, 85.0, 0.0)])
    assert open_interest_drop(phase, 85.0) == pytest.approx(0.15)


def test_a_new_low_by_dust_does_not_unsettle_what_was_washed_out():
    washed_out = (WASHED_OUT, -1.0, 100.0, 75.0, 0.0)
    bars = [(0, 0, 74.9, 0.0), (0, 0, 74.8, 0.0)]
    assert play(bars, washed_out)[0] == [WASHED_OUT, WASHED_OUT]
    assert play(bars, washed_out, hysteresis=0.1)[0] == [WASHED_OUT, RECOVERING]
    bleeding = [(0, 0, 74.0, 0.0), (0, 0, 72.9, 0.0)]
    phase = play(bleeding, washed_out, hysteresis=0.1)[1]
    assert (phase["number"], phase["lowest"]) == (WASHED_OUT, 72.9), "small falls add up to one that counts"
