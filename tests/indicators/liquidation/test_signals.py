"""Magnet, cascade risk and post-wipe levels, on cases whose answer is plain."""

import math

import numpy as np
import pytest

from indicators.liquidation.clusters import MOST
from indicators.liquidation.signals import (
    MAX_LEVELS,
    cascade_gain,
    cascade_risk,
    drop_levels,
    empty_levels,
    magnet,
    nearest_level,
    price_impact,
    record_level,
)
from indicators.liquidation.snapshot import CLUSTER

NAN = math.nan


@pytest.mark.parametrize(
    ("above", "below", "lone", "expected"),
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
def test_the_magnet_needs_more_than_twice_the_other_side(above, below, lone, expected):
    assert magnet(above, below, 2.0, lone) == pytest.approx(expected, nan_ok=True)


def risk(prices, close=100.0):
    clusters = np.zeros((2, MOST), dtype=CLUSTER)
    clusters["price"][0, : len(prices)] = prices
    return cascade_risk(clusters, 0, len(prices), close, 0.02, 0.05)


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


@pytest.mark.parametrize(("share", "expected"), [(0.01, 0.0030), (0.1, 0.0095), (1.0, 0.03)])
def test_impact_is_the_square_root_law(share, expected):
    # Donier & Bonart 2015: sigma_D = 3 %, Y = 1
    assert price_impact(share * 1000.0, 1000.0, 0.03, 1.0) == pytest.approx(expected, abs=5e-5)


def test_gain_counts_what_the_push_reaches():
    outward = np.zeros((2, 10))
    outward[0] = [5.0, 5.0, 0.0, 2.0, 4.0, 8.0, 0.0, 0.0, 0.0, 0.0]
    assert cascade_gain(outward, 0, 2, 10.0, 2.0) == pytest.approx(0.2)
    assert cascade_gain(outward, 0, 2, 10.0, 2.5) == pytest.approx(0.4)
    assert cascade_gain(outward, 0, 2, 10.0, 100.0) == pytest.approx(1.4)
    assert cascade_gain(outward, 0, 2, 0.0, 2.0) == 0.0


def test_levels_are_kept_dated_and_the_nearest_is_found():
    levels = empty_levels()
    record_level(levels, 0, 90.0, 1e6, 10.0, True, 1.0)
    record_level(levels, 0, 95.0, 2e6, 20.0, False, 1.0)
    level = levels[0, nearest_level(levels, 0, 100.0, 0.01)]
    assert (level["price"], level["bar"], level["reported"]) == (95.0, 20.0, 0.0)


def test_a_wipe_within_the_same_event_keeps_the_larger():
    levels = empty_levels()
    record_level(levels, 0, 90.0, 1e6, 10.0, True, 3.0)
    record_level(levels, 0, 88.0, 3e6, 12.0, True, 3.0)
    record_level(levels, 0, 87.0, 2e6, 13.0, True, 3.0)
    standing = levels[0][~np.isnan(levels[0]["price"])]
    assert standing["price"].tolist() == [88.0]


def test_a_full_table_gives_up_its_weakest():
    levels = empty_levels()
    for bar in range(MAX_LEVELS):
        record_level(levels, 1, 100.0 + bar, 1e6 + bar, 10.0 * bar, True, 1.0)
    record_level(levels, 1, 500.0, 1.0, 1e4, True, 1.0)
    assert 500.0 not in levels[1]["price"]
    record_level(levels, 1, 600.0, 9e9, 2e4, True, 1.0)
    assert 600.0 in levels[1]["price"]
    assert 100.0 not in levels[1]["price"]


@pytest.mark.parametrize(("side", "inside", "broken"), [(0, 89.2, 89.0), (1, 90.8, 91.0)])
def test_a_close_beyond_the_tolerance_breaks_a_level(side, inside, broken):
    levels = empty_levels()
    record_level(levels, side, 90.0, 1e6, 10.0, True, 1.0)
    drop_levels(levels, side, inside, 0.01, 0.0)
    assert nearest_level(levels, side, inside, 0.01) >= 0
    drop_levels(levels, side, broken, 0.01, 0.0)
    assert np.isnan(levels["price"]).all()


def test_a_level_ages():
    levels = empty_levels()
    record_level(levels, 0, 90.0, 1e6, 10.0, True, 1.0)
    drop_levels(levels, 0, 100.0, 0.01, 10.0)
    assert nearest_level(levels, 0, 100.0, 0.01) >= 0
    drop_levels(levels, 0, 100.0, 0.01, 10.5)
    assert nearest_level(levels, 0, 100.0, 0.01) == -1
