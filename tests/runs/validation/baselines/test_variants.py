"""Each variant lacks what it says it lacks; reach and sweep agree with the model's own."""

from dataclasses import replace

import numpy as np
import pytest

from indicators.liquidation.kernel import POWER_SPAN
from indicators.liquidation.model import build_model
from indicators.liquidation.recording import record_heatmap
from runs.validation.baselines.variants import (
    average_map,
    path_bars,
    path_only,
    path_snapshots,
    random_levels,
    shifted_level,
    side_swapped,
    time_shifted,
)
from runs.validation.baselines.volume_profile import kernel_share, profile_maps, volume_profile
from runs.validation.dataset import Dataset, read_bars
from runs.validation.measures.reach import (
    by_distance,
    excursions,
    reached,
    standing_before,
    swept,
)
from tests.runs.validation.worlds import dataset_of

DATASET = dataset_of(3, 400)


def test_what_a_bar_reaches_in_the_map_before_it_is_what_the_model_swept():
    ours = swept(DATASET.density, reached(DATASET), DATASET.starts)
    inside = reached(DATASET) < DATASET.density.shape[2] - 1
    theirs = np.stack([DATASET.snapshots["model_liquidated_long"], DATASET.snapshots["model_liquidated_short"]], axis=1)
    assert ours[inside] == pytest.approx(theirs[inside], rel=1e-5, abs=1e-3)


def test_excursions_are_from_the_close_before_and_adverse():
    distances = excursions(DATASET.bars)
    assert (distances >= 0.0).all()
    low = min(DATASET.bars["mark_low"][7], DATASET.bars["close"][7])
    assert distances[7, 0] == pytest.approx(max(np.log(DATASET.bars["close"][6] / low), 0.0))


def test_the_path_only_map_sees_neither_volume_nor_open_interest():
    bars = DATASET.bars.copy()
    bars["volume"] *= np.random.default_rng(0).random(len(bars))
    bars["open_interest"] = np.nan
    other = Dataset(DATASET.market, bars, *list(vars(DATASET).values())[2:])
    assert path_only(other).tobytes() == path_only(DATASET).tobytes()


def test_a_map_by_distance_holds_all_of_the_map_and_what_lies_within_whole_bins():
    density, starts = DATASET.density.astype(np.float64), DATASET.starts
    maps = by_distance(density, starts)
    assert maps[:, :, :-1].sum() <= density.sum()
    assert maps.sum(axis=2) == pytest.approx(density.sum(axis=2), rel=0.02, abs=1.0)
    for bins in (1, 7, 40):
        exact = swept(density, np.full(starts.shape, float(bins)), starts)[1:]
        assert standing_before(maps)[1:, :, :bins].sum(axis=2) == pytest.approx(exact, rel=1e-9)


def test_the_average_map_knows_no_future():
    cut = 200
    density = DATASET.density.copy()
    density[cut:] = 1e6
    poisoned = replace(DATASET, density=density)
    assert average_map(poisoned)[: cut + 1].tobytes() == average_map(DATASET)[: cut + 1].tobytes()


def test_a_shifted_map_is_that_of_the_other_half_and_a_swapped_one_that_of_the_other_side():
    half, bar = len(DATASET.bars) // 2, 300
    bins = reached(DATASET)[bar]
    for side in range(2):
        other = by_distance(DATASET.density, DATASET.starts)[bar - 1 - half, side]
        whole = int(bins[side])
        expected = other[:whole].sum(dtype=np.float64) + (bins[side] - whole) * other[whole]
        assert time_shifted(DATASET)[bar, side] == pytest.approx(expected, rel=1e-6)
        alone = replace(DATASET, density=DATASET.density[:, ::-1], starts=DATASET.starts[:, ::-1])
        assert side_swapped(DATASET)[bar, side] == swept(alone.density, reached(DATASET), alone.starts)[bar, side]


def test_shifted_level_keeps_the_path_and_changes_the_sizes():
    shifted = shifted_level(DATASET)
    assert shifted.shape == DATASET.model_liquidated.shape
    assert not np.allclose(shifted, DATASET.model_liquidated)


def test_random_levels_are_fifty_a_day_and_repeat():
    ours, again = random_levels(DATASET, 1), random_levels(DATASET, 1)
    assert ours.density.tobytes() == again.density.tobytes()
    assert ours.density.sum(axis=(1, 2)).max() <= 50.0
    assert not np.array_equal(ours.model_liquidated, DATASET.model_liquidated)


def test_the_volume_profile_lays_volume_where_the_model_lays_shares_and_wipes_nothing():
    bars = DATASET.bars.copy()
    bars["open_interest"], bars["volume"] = 1.0, 1.0
    bars["mark_low"] = bars["mark_high"] = np.nan
    quiet = bars.copy()
    for name in ("open", "high", "low"):  # nothing is reached, so nothing is wiped and both maps are the same
        quiet[name] = quiet["close"] = bars["close"][0]
    still = record_heatmap(build_model(DATASET.parameters, DATASET.bar_seconds), quiet).density
    assert profile_maps(quiet, DATASET.parameters, DATASET.bar_seconds, 1) == pytest.approx(still, rel=1e-5, abs=1e-12)
    assert (volume_profile(replace(DATASET, bars=quiet)) == 0.0).all()
    moved = replace(DATASET, bars=bars)
    wiped = swept(read_bars(DATASET.market, bars, DATASET.parameters).density, reached(moved), DATASET.starts)
    assert (volume_profile(moved) >= wiped * (1.0 - 1e-5) - 1e-12).mean() > 0.99
    assert volume_profile(moved).sum() > 1.5 * wiped.sum()


def test_the_kernels_share_is_the_distribution_of_distances():
    far, near = np.full((1, 2), 5.0), np.full((1, 2), 0.02)
    assert kernel_share(DATASET, far) == pytest.approx(np.ones((1, 2)))
    first, last = (1.0 / leverage for leverage in (POWER_SPAN[1], POWER_SPAN[0]))
    exact = (0.02**0.25 - first**0.25) / (last**0.25 - first**0.25)
    assert kernel_share(DATASET, near) == pytest.approx(np.full((1, 2), exact), rel=1e-3)


def test_open_interest_scales_the_map_and_moves_no_level_of_it():
    """So the path-only map has the same clusters, the same magnet and the same order of levels (docs/design.md)."""
    ours, path = dataset_of(3, 1500).snapshots, path_snapshots(dataset_of(3, 1500))
    for name in ("cluster_above_price", "cluster_below_price", "magnet", "cascade_risk_down", "cascade_risk_up"):
        assert ours[name].tobytes() == path[name].tobytes(), name
    assert np.isin(ours["magnet"], (-1.0, 1.0)).any()
    assert (ours["branching_ratio_down"] != path["branching_ratio_down"]).any()
    record = record_heatmap(build_model(DATASET.parameters, DATASET.bar_seconds), path_bars(DATASET.bars))
    level, shares = (
        maps.sum(axis=(1, 2), dtype=np.float64)[:, None, None] for maps in (DATASET.density, record.density)
    )
    assert DATASET.density / level == pytest.approx(record.density / shares, rel=1e-4, abs=1e-9)
