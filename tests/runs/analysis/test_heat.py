"""The heat table: every figure of it is a sum over the book, made here from the book's own arrays."""

import itertools
import math
from functools import cache

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.from_entries import significant_clusters
from indicators.liquidation.parameters import ModelParameters
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


def standing(state, side):
    """Return absolute bins and base coin in each, mixed by hand from mass, scale and shares."""
    ledger, mass = state.book.ledger[0], state.book.mass[side]
    weights = state.learned[0]["shares"][side][: len(mass)] * ledger["scale"][side][: len(mass)]
    return ledger["base"][side] + np.arange(mass.shape[1]), weights @ mass


@pytest.mark.parametrize("fraction", [0.001, 0.005, 0.01, 0.037, 0.5])
def test_every_level_is_the_sum_of_the_books_bins_between_its_edges(fraction):
    _, state = known()
    levels = heat_levels(state, PARAMETERS.bin_width, significant_clusters(state), fraction)
    for side, name in ((0, "long"), (1, "short")):
        bins, sizes = standing(state, side)
        middles = np.exp((bins + 0.5) * PARAMETERS.bin_width)
        running = running_usd = 0.0
        mine = [level for level in levels if level["side"] == name]
        for level in sorted(mine, key=lambda level: abs(level["distance_fraction"])):
            inside = (middles > level["low_quote"]) & (middles < level["high_quote"])
            running += sizes[inside].sum()
            running_usd += (sizes * middles)[inside].sum()
            assert level["size_base"] == pytest.approx(sizes[inside].sum(), rel=1e-9, abs=1e-12)
            assert level["size_usd"] == pytest.approx((sizes * middles)[inside].sum(), rel=1e-9, abs=1e-9)
            assert level["cumulative_base"] == pytest.approx(running, rel=1e-9)
            assert level["cumulative_usd"] == pytest.approx(running_usd, rel=1e-9)


def test_the_levels_leave_no_gap_fall_from_top_to_bottom_and_part_at_the_price():
    _, state = known()
    close = float(market().frame["close"].iloc[-1])
    levels = heat_levels(state, PARAMETERS.bin_width, significant_clusters(state), 0.01)
    for upper, lower in itertools.pairwise(levels):
        if upper["side"] == lower["side"]:
            assert upper["low_quote"] == pytest.approx(lower["high_quote"], rel=1e-12)
        assert upper["price_quote"] > lower["price_quote"]
    shorts, longs = ([level for level in levels if level["side"] == side] for side in ("short", "long"))
    assert levels == shorts + longs
    assert shorts[-1]["low_quote"] > close > longs[0]["high_quote"]
    # between the sides lies the bin of the price itself, in which nothing stands
    assert shorts[-1]["low_quote"] / longs[0]["high_quote"] == pytest.approx(math.exp(PARAMETERS.bin_width))
    assert len(shorts) == len(longs) == 15


def test_shares_are_of_the_largest_level():
    levels = heat_levels(known()[1], PARAMETERS.bin_width, significant_clusters(known()[1]), 0.01)
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


def test_a_clusters_size_is_what_the_book_holds_in_its_extent():
    _, state = known()
    for cluster in analyse(market(), PARAMETERS)["clusters"]:
        bins, sizes = standing(state, 0 if cluster["type"] == "long" else 1)
        middles = np.exp((bins + 0.5) * PARAMETERS.bin_width)
        inside = (middles > cluster["low_quote"]) & (middles < cluster["high_quote"])
        assert cluster["size_base"] == pytest.approx(sizes[inside].sum(), rel=1e-9)
        centre = math.exp(float(np.average(bins[inside] + 0.5, weights=sizes[inside])) * PARAMETERS.bin_width)
        assert cluster["price_quote"] == pytest.approx(centre, rel=1e-9)
        assert cluster["size_usd"] == pytest.approx(cluster["size_base"] * cluster["price_quote"])


def test_an_empty_book_has_empty_levels():
    flat = market().between(None, str(market().frame["ts"].iloc[2]))
    record = analyse(flat, PARAMETERS)
    assert all(0.0 <= level["share_of_largest_fraction"] <= 1.0 for level in record["heat"]["levels"])


def test_a_level_without_height_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        heat_levels(known()[1], PARAMETERS.bin_width, significant_clusters(known()[1]), 0.0)
