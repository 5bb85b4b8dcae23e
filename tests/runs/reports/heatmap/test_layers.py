"""Layers of the page: wider bins by brute force, groups that add up to the map, and nothing of it unless asked for."""

import numpy as np
import pytest

from datafeeds.aggregation import of_venue, sum_of_venues
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from datafeeds.venue_columns import is_venue_column
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


def several(parts):
    """The market as the sum of exchanges with parts of its sizes."""
    sizes = ["volume", "taker_buy_volume", "open_interest", "liquidated_long", "liquidated_short"]
    frames = {
        venue: MARKET.frame.drop(columns=[] if part else ["open_interest"]).assign(
            **{name: MARKET.frame[name] * part for name in sizes if part or name != "open_interest"}
        )
        for venue, part in parts.items()
    }
    total = sum_of_venues(frames)
    labels = tuple(label for label in total.columns if is_venue_column(label))
    return market_from_frame(total, "several/BTCUSDT", bar_seconds=MARKET.bar_seconds, parts=labels)


def test_layers_of_exchanges_are_parts_of_the_map_by_open_interest():
    market, ends = several({"binance": 0.5, "bybit": 0.3, "okx": 0.2}), np.arange(3, 300, 7)
    described, text = layer_elements(market, PARAMETERS, ends)
    record = record_heatmap(build_model(PARAMETERS, market.bar_seconds), model_bars(market), ends)
    bins, arrays = np.floor(record.positions).astype(int), elements(text)
    whole = coarsened(record.density, bins, BINS_AT_ONCE)
    first = len(LEVERAGE_GROUPS)
    assert [layer["name"] for layer in described[first:]] == ["binance", "bybit", "okx"]
    half_step = 10.0 ** (0.5 * DECADES / CODES) - 1.0
    for number, (layer, part) in enumerate(zip(described[first:], (0.5, 0.3, 0.2), strict=True), first):
        shown = decode(lift(arrays[f"array-layer_{number}"], bins // BINS_AT_ONCE), layer["top"])
        dark = layer["top"] * 10.0**-DECADES * (1.0 + 2.0 * half_step)
        np.testing.assert_allclose(shown, part * whole, rtol=1.01 * half_step, atol=dark)


def test_the_maps_of_exchanges_add_up_to_that_of_their_sum():
    market = several({"binance": 0.5, "bybit": 0.3, "okx": 0.2})
    model, ends = build_model(PARAMETERS, market.bar_seconds), np.array([250, 299])
    whole = record_heatmap(model, model_bars(market), ends).density
    parts = [record_heatmap(model, model_bars(of_venue(market, venue)), ends).density for venue in market.venues]
    np.testing.assert_allclose(sum(parts), whole, rtol=1e-4)


def test_an_exchange_whose_open_interest_is_not_in_the_sum_has_no_part_of_the_map():
    page = heatmap_page(several({"binance": 0.7, "bybit": 0.3, "okx": 0.0}), PARAMETERS, layers=True)
    assert f"<option value='{len(LEVERAGE_GROUPS) + 1}'>bybit</option></optgroup>" in page
    assert "okx</option>" not in page


def test_a_page_has_layers_only_if_asked_and_is_else_the_same():
    plain, layered = heatmap_page(MARKET, PARAMETERS), heatmap_page(MARKET, PARAMETERS, layers=True)
    names = {f"array-layer_{number}" for number in range(len(LEVERAGE_GROUPS))}
    assert elements(layered).keys() - elements(plain).keys() == names
    assert all(np.array_equal(array, elements(layered)[name]) for name, array in elements(plain).items())
    for group in LEVERAGE_GROUPS:
        assert f">{group.name}</option>" in layered
    assert "id='layer'" not in plain
    assert "Exchange" not in layered
    assert "{{" not in plain.split("<script")[0] + layered.split("<script")[0]
