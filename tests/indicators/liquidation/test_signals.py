"""Magnet, cascade risk and impact, on cases whose answer is plain, and the states that hold a decision."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.liquidation.clusters import FOUND, MAX_CLUSTERS
from indicators.liquidation.position_map import BEFORE
from indicators.liquidation.signals import (
    branching_ratio,
    cascade_risk,
    held_magnet,
    held_risk,
    magnet,
    price_impact,
    smallest_gap,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("above", "below", "one_sided", "expected"),
    [
        (201.0, 100.0, False, 1.0),
        (200.0, 100.0, False, 0.0),  # more than twice, not twice
        (100.0, 201.0, False, -1.0),
        (100.0, 100.0, False, 0.0),
        (100.0, NAN, False, NAN),
        (NAN, 100.0, False, NAN),
        (NAN, NAN, True, NAN),
        (100.0, NAN, True, 1.0),
        (NAN, 100.0, True, -1.0),
    ],
)
def test_the_magnet_needs_more_than_twice_the_other_side(above, below, one_sided, expected):
    assert magnet(above, below, 2.0, one_sided) == pytest.approx(expected, nan_ok=True)


def risk(prices, close=100.0):
    clusters = np.zeros((2, MAX_CLUSTERS), dtype=FOUND)
    clusters["price"][0, : len(prices)] = prices
    return cascade_risk(smallest_gap(clusters, 0, len(prices), close), 0.02, 0.05)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([], 0.0),
        ([99.0], 0.0),  # fewer than two
        ([99.0, 97.1], 2.0),  # 1.9 %
        ([99.0, 97.0], 1.0),  # 2 % is not under 2 %
        ([99.0, 94.1], 1.0),
        ([99.0, 94.0], 0.0),
        ([99.0, 90.0, 88.5], 2.0),  # the smallest gap counts
    ],
)
def test_risk_by_the_smallest_gap(prices, expected):
    assert risk(prices) == expected


def test_a_held_magnet_is_left_ten_percent_on_the_other_side():
    ratios, said = [1.5, 2.01, 1.95, 1.81, 1.79, 1.95, 2.01, 0.6, 0.54, 0.49, 0.52, 0.56, 0.499, NAN, 1.9], []
    state = NAN
    for ratio in ratios:
        state = held_magnet(state, 100.0 * ratio, 100.0, 2.0, False, 0.1)
        said.append(state)
    expected = [0, 1, 1, 1, 0, 0, 1, 0, 0, -1, -1, 0, -1, NAN, 0]
    np.testing.assert_array_equal(said, expected)


def test_a_held_risk_rises_at_once_and_falls_late():
    gaps, said, state = [0.06, 0.049, 0.051, 0.0549, 0.0551, 0.019, 0.0219, 0.0221, 0.0551, math.inf], [], 0.0
    for gap in gaps:
        state = held_risk(state, gap, 0.02, 0.05, 0.1)
        said.append(state)
    assert said == [0, 1, 1, 1, 0, 2, 2, 1, 0, 0]


@given(
    st.floats(0.1, 10.0), st.floats(0.1, 10.0), st.floats(1.0, 4.0),
    st.sampled_from([-1.0, 0.0, 1.0, NAN]), st.floats(0.0, 0.2), st.sampled_from([0.0, 1.0, 2.0]),
)  # fmt: skip
def test_without_hysteresis_a_state_is_its_threshold(above, below, ratio, previous, gap, risk_before):
    assert held_magnet(previous, above, below, ratio, False, 0.0) == magnet(above, below, ratio, False)
    assert held_risk(risk_before, gap, 0.02, 0.05, 0.0) == cascade_risk(gap, 0.02, 0.05)


@pytest.mark.parametrize(("share", "expected"), [(0.01, 0.0030), (0.1, 0.0095), (1.0, 0.03)])
def test_impact_is_the_square_root_law(share, expected):
    # Donier & Bonart 2015: sigma_D = 3 %, Y = 1
    assert price_impact(share * 1000.0, 1000.0, 0.03, 1.0) == pytest.approx(expected, abs=5e-5)


def test_the_branching_ratio_counts_what_the_push_reaches():
    density = np.zeros((2, BEFORE + 10))
    density[0, BEFORE:] = [5.0, 5.0, 0.0, 2.0, 4.0, 8.0, 0.0, 0.0, 0.0, 0.0]
    for reach, expected in ((2.0, 0.2), (2.5, 0.4), (100.0, 1.4), (1e19, 1.4), (math.inf, 1.4)):
        assert branching_ratio(density, 0, 0.0, 2.0, 10.0, reach) == pytest.approx(expected)
    assert branching_ratio(density, 0, 0.0, 2.5, 10.0, 2.5) == pytest.approx(0.6)
    assert branching_ratio(density, 0, 0.0, 2.0, 0.0, 2.0) == 0.0
