"""The compiled map against a slow one that recounts every entry, and what must hold of any map."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import build_model, copy_state, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.position_map import BEFORE, mass_between, settle
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, run_bars
from tests.indicators.liquidation.markets import calm, market
from tests.indicators.liquidation.reference_map import ReferenceMap

COARSE = dict(bin_width=0.01, cluster_window=0.15)
KINDS = {
    "power": ModelParameters(half_life_hours=(20.0,), **COARSE),
    "tiers": ModelParameters(half_life_hours=(20.0,), leverage_distribution="tiers", **COARSE),
    "two half-lives": ModelParameters(half_life_hours=(5.0, 60.0), half_life_shares=(0.26, 0.74), **COARSE),
}


def twins(model, parameters):
    return [
        [
            ReferenceMap(model.kernel.running[side], model.kernel.margin, hours, share)
            for hours, share in zip(parameters.half_life_hours, parameters.half_life_shares, strict=True)
        ]
        for side in (LONG, SHORT)
    ]


def settled(state, model):
    """The map with all that waits laid."""
    positions = copy_state(state).positions
    settle(positions, model.kernel, float(state.memory["position"][0]), 0)
    return positions


@pytest.mark.parametrize("phase", [0.0, 0.375])
@pytest.mark.parametrize("kind", KINDS)
def test_the_map_equals_one_that_recounts_every_entry(kind, phase):
    parameters, bars = KINDS[kind], market(3, 60, volatility=0.03)
    bars["low"][40] *= 0.72  # further than what is laid at once
    model = build_model(parameters, 3600.0, grid_phase=phase)
    state, snapshots, slow = initial_state(model), np.zeros(60, dtype=SNAPSHOT), twins(model, parameters)
    level, before = 0.0, math.nan
    for index, bar in enumerate(bars):
        run_bars(state, model, bars, snapshots, index, index + 1)
        low, high, close = (math.log(bar[name]) / 0.01 - phase for name in ("low", "high", "close"))
        for side, sign, extreme in ((LONG, -1.0, low), (SHORT, 1.0, high)):
            swept = 0.0
            for one in slow[side]:
                swept += one.sweep(sign * before, sign * extreme)[0]
                one.open(min(sign * low, sign * high), max(sign * low, sign * high), sign * close)
            name = "model_liquidated_long" if side == LONG else "model_liquidated_short"
            assert snapshots[name][index] == pytest.approx(level * swept, rel=1e-9, abs=1e-12)
            expected = {}
            for one in slow[side]:
                for place, share in one.density().items():
                    expected[place] = expected.get(place, 0.0) + share
            outward = np.array([expected.get(math.floor(sign * close) + k, 0.0) for k in range(100)])
            read = state.density[side, BEFORE:]
            np.testing.assert_allclose(read, outward[: len(read)], rtol=1e-9, atol=1e-15)
            whole, first = settled(state, model), math.floor(sign * close) - state.positions.base[side]
            held = (whole.mass[side] / whole.unit[:, None]).sum(axis=0)[first : first + 100]
            np.testing.assert_allclose(held, outward, rtol=1e-9, atol=1e-12)
        level, before = state.memory["level"][0], close


def test_the_map_is_a_share_of_all_positions_that_fills_up_with_age():
    """In a market that stands still nothing is swept: after n half-lives a side holds 1 - 2 ** -n of what is in reach."""
    parameters = ModelParameters(half_life_hours=(10.0,))
    model, bars = build_model(parameters, 3600.0), calm(40)
    state = initial_state(model)
    for age in range(1, 5):
        snapshots = run(model, bars[:10], state)
        whole = settled(state, model)
        held = whole.mass.sum(axis=2)[:, 0] / whole.unit[0]
        assert held == pytest.approx([1.0 - 2.0**-age] * 2, rel=0.02)  # some liquidations lie inside the bar itself
        assert snapshots["map_age_half_lives"][-1] == pytest.approx(age)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(sorted(KINDS)))
def test_shares_are_never_negative_and_never_more_than_all(seed, kind):
    model = build_model(KINDS[kind], 3600.0)
    state = initial_state(model)
    run(model, market(seed, 80, volatility=0.03), state)
    assert (state.positions.mass >= -1e-15 * state.positions.unit.max()).all()
    assert ((state.positions.mass / state.positions.unit[:, None]).sum(axis=(1, 2)) <= 1.0 + 1e-12).all()


def test_renormalising_the_unit_changes_nothing_that_can_be_seen():
    """A half-life of one hour reaches the largest unit after 30 bars."""
    parameters = ModelParameters(half_life_hours=(1.0,), **COARSE)
    model, bars = build_model(parameters, 3600.0), market(5, 100, volatility=0.02)
    state, slow = initial_state(model), twins(model, parameters)
    run(model, bars, state)
    assert state.positions.unit[0] < 1e9
    before = math.nan
    for bar in bars:
        low, high, close = (math.log(bar[name]) / 0.01 for name in ("low", "high", "close"))
        slow[SHORT][0].sweep(before, high)
        slow[SHORT][0].open(low, high, close)
        before = close
    expected = [slow[SHORT][0].density().get(math.floor(before) + k, 0.0) for k in range(100)]
    np.testing.assert_allclose(state.density[SHORT, BEFORE : BEFORE + 15], expected[:15], rtol=1e-9)
    whole, first = settled(state, model), math.floor(before) - state.positions.base[SHORT]
    held = whole.mass[SHORT, 0, first : first + 100] / whole.unit[0]
    np.testing.assert_allclose(held, expected, rtol=1e-9, atol=1e-12)


@given(
    hnp.arrays(np.float64, 40, elements=st.floats(0.0, 1.0)),
    st.floats(0.0, 0.99), st.floats(0.0, 36.9), st.floats(0.0, 36.9),
)  # fmt: skip
def test_mass_between_is_the_integral_of_a_step_function(bins, start, low, high):
    low, high = sorted((low, high))
    density = np.concatenate([np.zeros(BEFORE), bins[:37]])[None].repeat(2, axis=0)
    mass = moment = 0.0
    for place, held in enumerate(bins[:37]):
        first, last = max(place, start), place + 1
        a, b = max(first, low), min(last, high)
        if b > a:
            part = held * (b - a) / (last - first)
            mass += part
            moment += part * (a + b) / 2
    assert mass_between(density, SHORT, start, low, high) == pytest.approx((mass, moment), rel=1e-9, abs=1e-12)
