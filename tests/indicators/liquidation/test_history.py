"""The recorded map is the map: the same snapshots, the same density, and no knowledge of what follows."""

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.heatmap import density_of
from indicators.liquidation.history import run_recorded, run_watched
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, step
from runs.engines.event import model_bars

MODEL = build_model(ModelParameters(), 3600)
BARS = model_bars(simulate(5, bars=240))


def test_snapshots_are_those_of_a_plain_run():
    assert run_recorded(MODEL, BARS)[0].tobytes() == run(MODEL, BARS).tobytes()


def test_each_row_is_the_density_after_its_bar():
    outward = run_recorded(MODEL, BARS, every=7)[1]
    state, snapshots = initial_state(MODEL), np.zeros(len(BARS), dtype=SNAPSHOT)
    rows = []
    for index in range(len(BARS)):
        step(state, MODEL, BARS, snapshots, index)
        if (index + 1) % 7 == 0:
            rows.append(state.outward.astype(np.float32))
    assert outward.dtype == np.float32
    assert np.array_equal(outward, np.array(rows))


@pytest.mark.parametrize("cut", [1, 30, 239])
def test_a_poisoned_future_changes_nothing_before_it(cut):
    poisoned = BARS.copy()
    for name in ("open", "high", "low", "close"):
        poisoned[name][cut:] *= 3.0
    poisoned["volume"][cut:] = 1e9
    poisoned["liquidated_long"][cut:] = poisoned["liquidated_short"][cut:] = 1e6
    for ours, theirs in zip(run_recorded(MODEL, BARS), run_recorded(MODEL, poisoned), strict=True):
        assert ours[:cut].tobytes() == theirs[:cut].tobytes()


def test_a_stride_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        run_recorded(MODEL, BARS, every=0)


@pytest.mark.parametrize("every", [1, 7, 240, 1000])
def test_what_is_watched_is_the_map_and_its_clusters_and_ends_at_the_last_bar(every):
    watched = run_watched(MODEL, BARS, every)
    assert watched.snapshots.tobytes() == run(MODEL, BARS).tobytes()
    assert watched.ends[-1] == len(BARS) - 1
    assert (np.diff(watched.ends) == every).all()
    state, snapshots, row = initial_state(MODEL), np.zeros(len(BARS), dtype=SNAPSHOT), 0
    for index in range(len(BARS)):
        step(state, MODEL, BARS, snapshots, index)
        if index == watched.ends[row]:
            assert np.array_equal(watched.outward[row], state.outward.astype(np.float32))
            for side, name in enumerate(("clusters_below", "clusters_above")):
                found = state.clusters[side, : state.memory[name][0]]
                assert watched.counts[row, side] == len(found)
                for place, field in enumerate(("price", "low", "high", "magnitude")):
                    kept = watched.clusters[row, side, : len(found), place]
                    assert np.array_equal(kept, found[field].astype(np.float32))
            prices = density_of(state, float(MODEL.settings["bin_width"][0]))[0]
            width = float(MODEL.settings["bin_width"][0])
            assert np.floor(np.log(prices[len(prices) // 2]) / width) == watched.bins[row]
            row += 1
    assert row == len(watched.ends)


def test_watching_every_zeroth_bar_is_refused():
    with pytest.raises(ValueError, match="every = 0 must be at least 1"):
        run_watched(MODEL, BARS, 0)
