"""Layers of the page: wider bins by brute force, groups that add up to the map, and nothing of it unless asked for."""

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.kernel import LONG
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars
from runs.reports.heatmap.density import CODES, DECADES
from runs.reports.heatmap.layers import BINS_AT_ONCE, coarsened, layer_elements
from runs.reports.heatmap.page import heatmap_page
from tests.runs.reports.heatmap.unpacking import decode, elements, lift

MARKET = simulate(5, bars=300)
PARAMETERS = ModelParameters(bin_width=0.002)


def in_wide_bins(row, bin_, factor):
    """Return {(side, absolute wide bin): size} of one column."""
    found = {}
    for side, sizes in enumerate(row):
        for outward, size in enumerate(sizes):
            wide = (bin_ - outward if side == LONG else bin_ + outward) // factor
            found[side, wide] = found.get((side, wide), 0.0) + size
    return found


@pytest.mark.parametrize("factor", [1, 2, 4, 5])
def test_a_wider_bin_holds_what_its_bins_hold(factor):
    generator = np.random.default_rng(factor)
    density, bins = generator.random((30, 2, 11)), generator.integers(-40, 40, 30)
    wider = coarsened(density, bins, factor)
    for row, bin_, sums in zip(density, bins.tolist(), wider, strict=True):
        expected = in_wide_bins(row, bin_, factor)
        given = in_wide_bins(sums, bin_ // factor, 1)
        assert given == pytest.approx(expected | {at: 0.0 for at in given if at not in expected})
        assert expected.keys() <= given.keys()


def test_layers_add_up_to_the_map_within_half_a_step_each():
    ends = np.arange(3, 300, 7)
    described, text = layer_elements(MARKET, PARAMETERS, ends)
    record = record_heatmap(build_model(PARAMETERS, MARKET.bar_seconds), model_bars(MARKET), ends)
    bins, arrays = np.floor(record.positions).astype(int), elements(text)
    whole = coarsened(record.density, bins, BINS_AT_ONCE)
    assert [layer["name"] for layer in described] == [group.name for group in LEVERAGE_GROUPS]
    tops = [layer["top"] for layer in described]
    shown = [
        decode(lift(arrays[f"array-layer_{number}"], bins // BINS_AT_ONCE), top) for number, top in enumerate(tops)
    ]
    assert all(layer.max() > 0.0 for layer in shown)
    half_step = 10.0 ** (0.5 * DECADES / CODES) - 1.0
    dark = sum(tops) * 10.0**-DECADES * (1.0 + 2.0 * half_step)
    np.testing.assert_allclose(sum(shown), whole, rtol=1.01 * half_step, atol=dark)


def test_a_page_has_layers_only_if_asked_and_is_else_the_same():
    plain, layered = heatmap_page(MARKET, PARAMETERS), heatmap_page(MARKET, PARAMETERS, layers=True)
    names = {f"array-layer_{number}" for number in range(len(LEVERAGE_GROUPS))}
    assert elements(layered).keys() - elements(plain).keys() == names
    assert all(np.array_equal(array, elements(layered)[name]) for name, array in elements(plain).items())
    for group in LEVERAGE_GROUPS:
        assert f">{group.name}</option>" in layered
    assert "id='layer'" not in plain
    assert "{{" not in plain.split("<script")[0] + layered.split("<script")[0]
