"""The heat table: every figure of it is a sum over the map, made here from the map's own arrays."""

import itertools
import math
from functools import cache

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import significant_clusters
from runs.analysis.heat import heat_levels
from runs.analysis.record import analyse
from runs.engines.event import run_model

PARAMETERS = ModelParameters()


@cache
def market():
    return simulate(3, bars=500)


@cache
def known():
    snapshots, state = run_model(PARAMETERS, market())
    return snapshots, state


def held(state, side, low, high):
    """Return size and value between two prices: many thin slices of the map's columns, the close's bin beyond the close."""
    positions, sign = state.positions, (-1, 1)[side]
    shares = (positions.mass[side] / positions.unit[:, None]).sum(axis=0)
    place = sign * float(state.memory["position"][0])
    edges = np.linspace(*sorted((sign * math.log(low), sign * math.log(high))), 4001) / PARAMETERS.bin_width
    columns = np.arange(len(shares) + 1.0) + positions.base[side]
    own = math.floor(place) - positions.base[side]
    columns[own] = place
    running = np.concatenate([[0.0], shares[own:].cumsum()])
    sizes = state.memory["level"][0] * np.diff(np.interp(edges, columns[own:], running))
    middles = np.exp(sign * (edges[1:] + edges[:-1]) / 2 * PARAMETERS.bin_width)
    return sizes.sum(), (sizes * middles).sum()


@pytest.mark.parametrize("fraction", [0.001, 0.005, 0.01, 0.037, 0.5])
def test_every_level_is_what_the_map_holds_between_its_edges(fraction):
    _, state = known()
    levels = heat_levels(state, PARAMETERS, significant_clusters(state), fraction)
    for side, name in ((0, "long"), (1, "short")):
        running = running_usd = 0.0
        mine = [level for level in levels if level["side"] == name]
        for level in sorted(mine, key=lambda level: abs(level["distance_fraction"])):
            size, usd = held(state, side, level["low_quote"], level["high_quote"])
            running += size
            running_usd += level["size_usd"]
            assert level["size_base"] == pytest.approx(size, rel=1e-6, abs=1e-9)
            # At the geometric mean price; of what spreads over h it lies within h ** 2 / 24 of the mean.
            spread = math.log(level["high_quote"] / level["low_quote"])
            assert level["size_usd"] == pytest.approx(usd, rel=spread**2 / 8 + 1e-6, abs=1e-6)
            assert level["cumulative_base"] == pytest.approx(running, rel=1e-6)
            assert level["cumulative_usd"] == pytest.approx(running_usd, rel=1e-9)


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.037])
def test_the_levels_leave_no_gap_are_of_equal_height_and_part_at_the_price(fraction):
    _, state = known()
    close = float(market().frame["close"].iloc[-1])
    levels = heat_levels(state, PARAMETERS, significant_clusters(state), fraction)
    heights = [math.log(level["high_quote"] / level["low_quote"]) for level in levels]
    assert heights == pytest.approx([heights[0]] * len(levels))
    assert heights[0] == pytest.approx(math.log1p(fraction), rel=0.1)
    for upper, lower in itertools.pairwise(levels):
        assert upper["low_quote"] == pytest.approx(lower["high_quote"], rel=1e-12)
        assert upper["price_quote"] > lower["price_quote"]
    shorts, longs = ([level for level in levels if level["side"] == side] for side in ("short", "long"))
    assert levels == shorts + longs
    assert shorts[-1]["low_quote"] == longs[0]["high_quote"] == pytest.approx(close, rel=1e-12)
    for end in (shorts[0]["high_quote"] / close, close / longs[-1]["low_quote"]):
        assert math.log(end) == pytest.approx(PARAMETERS.cluster_window)


def test_shares_are_of_the_largest_level():
    levels = heat_levels(known()[1], PARAMETERS, significant_clusters(known()[1]), 0.01)
    largest = max(level["size_usd"] for level in levels)
    assert [level["share_of_largest_fraction"] for level in levels] == [level["size_usd"] / largest for level in levels]
    assert max(level["share_of_largest_fraction"] for level in levels) == 1.0


def test_each_cluster_marks_the_one_level_that_holds_its_centre():
    found = analyse(market(), PARAMETERS)
    assert found["clusters"]
    for cluster in found["clusters"]:
        levels = [level for level in found["heat"]["levels"] if cluster["priority"] in level["clusters"]]
        assert len(levels) == 1
        assert levels[0]["low_quote"] <= cluster["price_quote"] < levels[0]["high_quote"]
        assert levels[0]["side"] == cluster["type"]


def test_a_clusters_size_is_what_the_map_holds_in_its_extent():
    _, state = known()
    for cluster in analyse(market(), PARAMETERS)["clusters"]:
        size, _ = held(state, 0 if cluster["type"] == "long" else 1, cluster["low_quote"], cluster["high_quote"])
        assert cluster["size_base"] == pytest.approx(size, rel=1e-6)
        assert cluster["size_usd"] == pytest.approx(cluster["size_base"] * cluster["price_quote"])


def test_a_map_of_three_bars_has_levels_too():
    flat = market().between(None, str(market().frame["ts"].iloc[2]))
    record = analyse(flat, PARAMETERS)
    assert all(0.0 <= level["share_of_largest_fraction"] <= 1.0 for level in record["heat"]["levels"])


def test_a_level_without_height_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        heat_levels(known()[1], PARAMETERS, significant_clusters(known()[1]), 0.0)
