"""What the stress test reads: the sweep by fraction, maps at their prices, nothing from the future."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.simulated.market import simulate
from indicators.liquidation.history import run_recorded
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from runs.engines.event import model_bars
from runs.stress_test.inputs import MAP_REACH, read_inputs, swept


@cache
def market():
    return simulate(5, bars=400)


@given(
    st.lists(st.floats(0.0, 100.0), min_size=1, max_size=6),
    st.floats(0.01, 1.0),
    st.floats(0.0, 0.2),
)
def test_a_sweep_is_the_overlap_of_every_bin_with_the_way(sizes, room, distance):
    edges = np.concatenate([[0.0], (room + np.arange(len(sizes))) * 0.01])
    parts = np.clip((distance - edges[:-1]) / np.diff(edges), 0.0, 1.0)
    found = swept(np.array([sizes]), np.array([room]), 0.01, np.array([distance]))
    np.testing.assert_allclose(found, [parts @ np.array(sizes)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("side", [0, 1])
def test_a_way_that_ends_at_the_edge_of_a_bin_sweeps_the_models_bins_before_it(side):
    parameters = ModelParameters(cluster_window=MAP_REACH)
    _, outward = run_recorded(build_model(parameters, 3600), model_bars(market()))
    inputs = read_inputs(market(), ModelParameters())
    width, rows = inputs.bin_width, np.arange(50, 400)
    edges = np.floor(np.log(inputs.closes[rows]) / width) + (1 if side else 0)  # of the close's own bin
    for bins in (0, 1, 7, 80):
        price = np.exp((edges + (bins if side else -bins)) * width)
        distances = np.abs(np.log(price / inputs.closes[rows]))
        found = swept(inputs.maps[rows, side], inputs.rooms[rows, side], width, distances)
        expected = outward[rows, side, :bins].sum(axis=1, dtype=np.float64)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * outward[rows].sum())


def test_no_bar_after_a_close_changes_what_is_read_at_it():
    whole, part = (read_inputs(one, ModelParameters()) for one in (market(), market().head(250)))
    for name in ("closes", "extremes", "volume_24h", "daily_volatility", "reported", "maps", "rooms"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:250], err_msg=name)


def test_without_reports_the_last_map_alone_is_kept():
    whole = read_inputs(market(), ModelParameters())
    frame = market().frame.drop(columns=["liquidated_long", "liquidated_short"])
    silent = read_inputs(
        type(market())(frame, market().name, market().bar_seconds, market().quality), ModelParameters(calibrate=False)
    )
    told = read_inputs(market(), ModelParameters(calibrate=False))
    assert whole.reports
    assert not silent.reports
    np.testing.assert_array_equal(silent.maps, told.maps[-1:])
