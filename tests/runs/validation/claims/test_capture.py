"""The capture curve by brute force, and on liquidations that follow the map or do not."""

from dataclasses import replace

import numpy as np
import pytest

from runs.validation.baselines.variants import random_levels
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, judge
from runs.validation.claims.capture import MIN_BINS, capture, capture_claim, liquidated_bins
from runs.validation.dataset import LIQUIDATION
from runs.validation.measures.reach import by_distance, previous_closes, reached, standing_before
from tests.runs.validation.worlds import dataset_of


def prints_by(dataset, weights, seed=0):
    """Return liquidations in every bin that a bar reached, as large as `weights` (n, 2, bins) there, with noise."""
    random, rows = np.random.default_rng(seed), []
    before = previous_closes(dataset.bars)
    for bar, counts in enumerate(reached(dataset).astype(int)):
        for side, count in enumerate(counts):
            for place in np.flatnonzero(weights[bar, side, :count]):
                sign, size = -1.0 if side == 0 else 1.0, weights[bar, side, place] * random.lognormal()
                rows.append((bar, side, before[bar] * np.exp(sign * (place + 0.5) * dataset.bin_width), size))
    return np.array(rows, dtype=LIQUIDATION)


def test_the_top_quarter_by_brute_force():
    random = np.random.default_rng(1)
    density, liquidated = random.random((30, 20)), random.random((30, 20))
    bins = random.integers(0, 21, 30)
    caught = capture(density, liquidated, bins)
    for bar, count in enumerate(bins):
        if count < MIN_BINS:
            assert caught.size[bar] == caught.chance[bar] == 0.0
            continue
        top = int(np.ceil(count / 4))
        best = np.argsort(-density[bar, :count])[:top]
        assert caught.size[bar] == pytest.approx(liquidated[bar, best].sum())
        assert caught.chance[bar] == pytest.approx(liquidated[bar, :count].sum() * top / count)


def test_equal_densities_catch_what_chance_does():
    liquidated = np.random.default_rng(2).random((5, 12))
    caught = capture(np.ones((5, 12)), liquidated, np.full(5, 12))
    assert caught.size == pytest.approx(caught.chance)


def test_weights_say_what_would_lie_there_anyway():
    random = np.random.default_rng(3)
    weights, bins = random.random((8, 12)), np.full(8, 12)
    caught = capture(random.random((8, 12)), 3.0 * weights, bins, weights=weights)
    assert caught.size == pytest.approx(caught.chance)
    assert not capture(weights, weights, bins, weights=np.zeros((8, 12))).size.any()


def test_prints_are_found_at_their_distance():
    dataset = dataset_of(3, 400)
    liquidations = prints_by(dataset, standing_before(by_distance(dataset.density, dataset.starts)))
    ours = replace(dataset, liquidations=liquidations)
    for side in range(2):
        total = liquidations["size"][liquidations["side"] == side].sum()
        assert liquidated_bins(ours, side).sum() == pytest.approx(total)


def test_prints_that_follow_the_map_are_captured_and_even_ones_are_not():
    dataset = dataset_of(4, 4000)
    followed = replace(
        dataset, liquidations=prints_by(dataset, standing_before(by_distance(dataset.density, dataset.starts)))
    )
    even = replace(dataset, liquidations=prints_by(dataset, np.ones_like(dataset.density)))
    for side, name in enumerate(("long", "short")):
        assert judge([capture_claim("capture", name, followed, side)])[0].verdict == VALIDATED
        assert judge([capture_claim("capture", name, even, side)])[0].verdict == NOT_VALIDATED
        for seed in range(5):
            random = random_levels(followed, seed)
            assert judge([capture_claim("capture", name, random, side)])[0].verdict == NOT_VALIDATED


def test_without_prices_there_is_too_little_data_and_a_reason():
    claim = judge([capture_claim("capture", "long", dataset_of(3, 400), 0)])[0]
    assert claim.verdict == TOO_LITTLE_DATA
    assert "no prices" in claim.remarks[0]
