"""What is true is validated; what knows nothing is not."""

from dataclasses import replace

import numpy as np
import pytest

from docs.worlds.validation import path_of_range_and_volume
from runs.validation.baselines.predictors import side_tables
from runs.validation.baselines.variants import random_levels
from runs.validation.claim import TOO_LITTLE_DATA, VALIDATED, judge
from runs.validation.claims.forecast import forecast_claims, table_claims
from runs.validation.protocol import measure_claims
from tests.runs.validation.worlds import dataset_of, map_is_true, with_reports


def verdicts(dataset):
    return {claim.name: claim.verdict for claim in measure_claims(dataset)}


def test_a_world_in_which_the_map_is_true_is_validated():
    found = {claim.name: claim for claim in measure_claims(map_is_true(1, 3000))}
    for side in ("long", "short"):
        for claim in ("forecast", "today"):
            assert found[f"{claim}_{side}"].verdict == VALIDATED, (claim, side)
        slope = found[f"calibration_{side}"].details["slope"]
        assert slope["low"] <= 1.0 <= slope["high"]


@pytest.mark.parametrize("seed", range(6))
def test_the_trap_of_random_levels_is_validated_on_nothing(seed):
    world = map_is_true(1, 3000) if seed % 2 else dataset_of(2, 3000)
    assert VALIDATED not in verdicts(random_levels(world, seed)).values()


def test_without_reports_there_is_too_little_data():
    dataset = dataset_of(1)
    found = judge(forecast_claims(with_reports(dataset, np.full((1500, 2), np.nan))))
    assert {claim.verdict for claim in found} == {TOO_LITTLE_DATA}
    assert all(claim.remarks for claim in found)


def test_too_few_bars_are_too_little_data():
    assert set(verdicts(dataset_of(1, 400)).values()) == {TOO_LITTLE_DATA}


def test_a_poisoned_future_changes_no_earlier_forecast():
    world, cut = map_is_true(1), 1100
    bars = world.bars.copy()
    for name in ("liquidated_long", "liquidated_short"):
        bars[name][cut:] = 1e6
    ours, theirs = side_tables(world)[0], side_tables(replace(world, bars=bars))[0]
    names = ("excursion", "volume", "volatility", "map")
    until = cut - (len(world.bars) - len(ours.sizes)) - ours.scored.start
    assert until > 100
    assert ours.forecast(names)[:until].tobytes() == theirs.forecast(names)[:until].tobytes()


def false_positives(seeds):
    """Return how many of the seeds validate each claim where liquidations follow range and volume alone."""
    dataset = dataset_of(9)
    tables = side_tables(with_reports(dataset, path_of_range_and_volume(dataset, 0)))
    counts = {"forecast": 0, "today": 0, "open_interest": 0, "kernel": 0}
    for seed in seeds:
        sizes = path_of_range_and_volume(dataset, seed)[-len(tables[0].sizes) :, 0]
        for claim in judge(table_claims(replace(tables[0], sizes=sizes), "long")):
            counts[claim.name.removesuffix("_long")] += claim.verdict == VALIDATED
    return counts


def test_liquidations_without_a_map_validate_next_to_nothing():
    assert max(false_positives(range(8)).values()) <= 2  # at a rate of .05, three of eight come once in 170 times


@pytest.mark.slow
def test_liquidations_without_a_map_are_validated_at_most_at_the_nominal_rate():
    assert max(false_positives(range(200)).values()) <= 18  # the binomial's 99 % point at .05
