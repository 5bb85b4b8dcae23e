"""The map by leverage: groups without a gap, whose maps add up to the whole, each where its leverages are liquidated."""

import itertools
import math

import numpy as np
import pytest

from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS, group_models
from indicators.liquidation.liquidation_price import liquidation_distance
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import DISTRIBUTIONS, ModelParameters
from indicators.liquidation.position_map import BEFORE
from indicators.liquidation.step import run
from tests.indicators.liquidation.markets import calm, market

ENDS_OF_NAMES = {"2-5x": (2.0, 5.0), "10x": (10.0, 10.0), "20-25x": (20.0, 25.0), "50x and above": (50.0, 250.0)}


def state_of(model, bars):
    state = initial_state(model)
    run(model, bars, state)
    return state


def test_groups_meet_without_a_gap_and_hold_the_leverages_of_their_names():
    assert [group.name for group in LEVERAGE_GROUPS] == list(ENDS_OF_NAMES)
    assert LEVERAGE_GROUPS[0].lowest == 0.0
    assert LEVERAGE_GROUPS[-1].highest == math.inf
    assert all(low.highest == high.lowest for low, high in itertools.pairwise(LEVERAGE_GROUPS))
    for name, lowest, highest in LEVERAGE_GROUPS:
        assert all(lowest <= leverage < highest for leverage in ENDS_OF_NAMES[name])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("ages", [((168.0,), (1.0,)), ((24.0, 720.0), (0.26, 0.74))], ids=["one", "two"])
def test_maps_of_the_groups_add_up_to_the_whole(distribution, ages):
    parameters = ModelParameters(
        leverage_distribution=distribution, half_life_hours=ages[0], half_life_shares=ages[1], bin_width=0.002
    )
    bars = market(5, 600)
    whole = state_of(build_model(parameters, 3600), bars)
    groups = [state_of(model, bars) for model in group_models(parameters, 3600)]
    assert whole.density.max() > 1e-4
    np.testing.assert_allclose(sum(group.density for group in groups), whole.density, rtol=0.0, atol=1e-12)
    for name in ("swept", "shares"):
        added = sum(group.memory[0][name] for group in groups)
        np.testing.assert_allclose(added, whole.memory[0][name], rtol=1e-12, atol=1e-12 * whole.memory[0]["level"])


def test_each_group_stands_where_its_leverages_are_liquidated():
    bars = calm(300)  # nothing in reach is swept but what lies within .2 % of the price
    for model, (name, *_) in zip(group_models(ModelParameters(cluster_window=0.6), 3600), LEVERAGE_GROUPS, strict=True):
        state = state_of(model, bars)
        for side, sign in ((LONG, 1.0), (SHORT, -1.0)):
            density = state.density[side, BEFORE:]
            middle = float(np.average(np.arange(len(density)) + 0.5, weights=density)) * 0.001
            ends = [liquidation_distance(leverage, sign, 0.0) for leverage in ENDS_OF_NAMES[name]]
            near, far = sorted(abs(math.log1p(-sign * away)) for away in ends)
            assert near / math.sqrt(2.0) < middle < far * math.sqrt(2.0)
