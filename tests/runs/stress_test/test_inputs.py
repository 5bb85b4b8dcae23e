"""What the stress test reads: the sweep by fraction, maps at their prices, nothing from the future."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.simulated.market import simulate
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.step import run
from runs.engines.event import model_bars
from runs.stress_test.inputs import read_inputs
from runs.validation.measures.reach import within


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
    found = within(np.array([sizes]), np.array([1.0 - room]), np.array([distance]) / 0.01)
    np.testing.assert_allclose(found, [parts @ np.array(sizes)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("side", "model"), [(0, "model_liquidated_long"), (1, "model_liquidated_short")])
def test_the_way_of_the_next_bar_sweeps_what_the_model_says_it_liquidated(side, model):
    inputs = read_inputs(market(), ModelParameters())
    way = np.abs(np.log(inputs.extremes[1:, side] / inputs.closes[:-1]))
    adverse = (
        (inputs.extremes[1:, side] < inputs.closes[:-1])
        if side == 0
        else (inputs.extremes[1:, side] > inputs.closes[:-1])
    )
    found = within(inputs.maps[:-1, side], inputs.starts[:-1, side], np.where(adverse, way, 0.0) / inputs.bin_width)
    expected = run(build_model(ModelParameters(), 3600), model_bars(market()))[model][1:]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * inputs.maps.sum(axis=2).max())


def test_no_bar_after_a_close_changes_what_is_read_at_it():
    whole, part = (read_inputs(one, ModelParameters()) for one in (market(), market().head(250)))
    for name in ("closes", "extremes", "volume_24h", "daily_volatility", "reported", "maps", "starts"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:250], err_msg=name)


def test_without_reports_the_last_map_alone_is_kept():
    whole = read_inputs(market(), ModelParameters())
    frame = market().frame.drop(columns=["liquidated_long", "liquidated_short"])
    silent = read_inputs(
        type(market())(frame, market().name, market().bar_seconds, market().quality), ModelParameters()
    )
    told = read_inputs(market(), ModelParameters())
    assert whole.reports
    assert not silent.reports
    np.testing.assert_array_equal(silent.maps, told.maps[-1:])
