"""Each variant lacks what it says it lacks; reach and sweep agree with the model's own."""

import numpy as np
import pytest

from runs.validation.baselines.variants import (
    average_map,
    path_only,
    random_levels,
    shifted_flow,
    side_swapped,
    time_shifted,
)
from runs.validation.baselines.volume_profile import kernel_share, leverage_kernels, volume_profile
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import (
    adverse_extremes,
    excursions,
    previous_closes,
    price_bins,
    reached_bins,
    swept,
)
from tests.runs.validation.worlds import dataset_of

DATASET = dataset_of(3, 400)


def test_what_a_bar_reaches_in_the_map_before_it_is_what_the_model_swept():
    ours = swept(DATASET.outward, reached_bins(DATASET))
    inside = reached_bins(DATASET) < DATASET.outward.shape[2]
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


def test_the_average_map_knows_no_future():
    cut = 200
    outward = DATASET.outward.copy()
    outward[cut:] = 1e6
    poisoned = Dataset(DATASET.market, DATASET.bars, DATASET.snapshots, outward, *list(vars(DATASET).values())[4:])
    assert average_map(poisoned)[: cut + 1].tobytes() == average_map(DATASET)[: cut + 1].tobytes()


def test_a_shifted_map_is_that_of_the_other_half():
    half = len(DATASET.bars) // 2
    bar = 300
    reached = reached_bins(DATASET)[bar]
    for side in range(2):
        expected = DATASET.outward[bar - 1 - half, side, : reached[side]].sum(dtype=np.float64)
        assert time_shifted(DATASET)[bar, side] == pytest.approx(expected, rel=1e-6)
        mirrored = DATASET.outward[bar - 1, 1 - side, : reached[side]].sum(dtype=np.float64)
        assert side_swapped(DATASET)[bar, side] == pytest.approx(mirrored, rel=1e-6)


def test_shifted_flow_keeps_the_path_and_changes_the_sizes():
    shifted = shifted_flow(DATASET)
    assert shifted.shape == DATASET.model_liquidated.shape
    assert not np.allclose(shifted, DATASET.model_liquidated)


def test_random_levels_are_fifty_a_day_and_repeat():
    ours, again = random_levels(DATASET, 1), random_levels(DATASET, 1)
    assert ours.outward.tobytes() == again.outward.tobytes()
    assert ours.outward.sum(axis=(1, 2)).max() <= 50.0
    assert not np.array_equal(ours.model_liquidated, DATASET.model_liquidated)


def test_the_volume_profile_is_the_sum_over_earlier_bars_by_brute_force():
    bars, width, kernels = DATASET.bars, DATASET.bin_width, leverage_kernels(DATASET.parameters)
    kept = 0.5 ** (1.0 / DATASET.parameters.half_life_hours)
    ours, last = volume_profile(DATASET), 30
    low, high = price_bins(bars["low"], width), price_bins(bars["high"], width)
    before = price_bins(previous_closes(bars), width)[last]
    reached = price_bins(adverse_extremes(bars), width)[last]
    for side, levels in enumerate((range(reached[0], before), range(before + 1, reached[1] + 1))):
        total = 0.0
        for earlier in range(last):
            entries = np.arange(low[earlier], high[earlier] + 1)
            size = bars["volume"][earlier] / len(entries) * kept ** (last - earlier - 1)
            for level in levels:
                distances = entries - level if side == 0 else level - entries
                inside = distances[(distances >= 0) & (distances < kernels.shape[1])]
                total += size * kernels[side, inside].sum()
        assert ours[last, side] == pytest.approx(total, rel=1e-9)


def test_the_leverage_kernels_hold_the_whole_mixture():
    kernels = leverage_kernels(DATASET.parameters)
    assert kernels.sum(axis=1) == pytest.approx(np.ones(2))
    far = np.full((1, 2), 5.0)
    assert kernel_share(DATASET, far) == pytest.approx(np.ones((1, 2)))
