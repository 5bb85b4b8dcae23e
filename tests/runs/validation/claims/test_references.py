"""Beside each claim stands what the price path alone does; it is that map's, and decides nothing."""

from dataclasses import replace

import numpy as np
import pytest

from runs.validation.baselines.variants import path_bars, path_only
from runs.validation.claim import judge
from runs.validation.claims.forecast import forecast_claims
from runs.validation.claims.trading import trading_claims
from runs.validation.claims.wipe import path_levels, wipe_levels
from runs.validation.dataset import read_bars
from tests.runs.validation.worlds import dataset_of, with_reports

DATASET = dataset_of(6, 8000)
WITHOUT = {"open_interest_long", "open_interest_short", "capture_long", "capture_short"}
"""Claims of which the path-only map is the baseline, or has the same order of levels."""


@pytest.fixture(scope="module")
def claims():
    short = dataset_of(1)
    return {claim.name: claim for claim in [*forecast_claims(short), *trading_claims(DATASET)]}


def test_every_claim_has_the_path_only_map_beside_it_but_those_it_cannot_tell_from_it(claims):
    assert {name for name, claim in claims.items() if not claim.references} == WITHOUT
    for claim in claims.values():
        assert all("path-only" in reference.baseline for reference in claim.references)


def test_in_a_market_without_open_interest_and_volume_map_and_path_only_map_are_one():
    """There every reference is the claim's own statistic against the same baseline."""
    market = dataset_of(1)
    bars = path_bars(market.bars)
    for name in ("liquidated_long", "liquidated_short"):
        bars[name] = market.bars[name]
    world = read_bars(market.market, bars, market.parameters)
    assert world.model_liquidated == pytest.approx(path_only(world))
    found = {claim.name: claim for claim in [*forecast_claims(world), *trading_claims(world)]}
    pairs = {
        "forecast": "range x volume",
        "today": "range x volume and the average map",
        "kernel": "another distribution",
    }
    for side in ("long", "short"):
        for kind, baseline in pairs.items():
            claim = found[f"{kind}_{side}"]
            own = next(test for test in claim.tests if test.baseline == baseline)
            assert claim.references[0].interval == pytest.approx(own.interval)
        calibration = found[f"calibration_{side}"]
        own = min(test.interval.estimate for test in calibration.tests)
        assert calibration.references[0].interval.estimate == pytest.approx(own)
    assert found["cascade"].references[0].interval == pytest.approx(found["cascade"].tests[0].interval)
    assert found["magnet"].references[0].interval == pytest.approx(found["magnet"].tests[1].interval)


def test_references_decide_nothing(claims):
    for claim in claims.values():
        spoilt = tuple(
            replace(test, interval=test.interval._replace(low=9.0, high=9.0, estimate=9.0, p_value=1e-9))
            for test in claim.references
        )
        assert judge([replace(claim, references=spoilt)])[0].verdict == judge([claim])[0].verdict


def test_levels_of_the_path_only_map_are_where_it_lost_most_as_many_as_wipes_left():
    wipes = wipe_levels(DATASET)
    path, lost = path_levels(DATASET, wipes), path_only(DATASET)
    for side in range(2):
        bars = path.bars[path.sides == side]
        assert len(bars) == (wipes.sides == side).sum()
        others = np.setdiff1d(np.arange(len(lost)), bars)
        assert lost[bars, side].min() >= lost[others, side].max()
        direction = 1.0 if side == 0 else -1.0
        adverse = DATASET.bars["low" if side == 0 else "high"][bars]
        assert (direction * (path.prices[path.sides == side] / adverse - 1.0) >= -0.01).all()
    blind = with_reports(DATASET, np.full((8000, 2), 1e6))
    assert path_levels(blind, wipes).prices.tobytes() == path.prices.tobytes(), "it knows no reports"
