"""The matrix is the recorded map at its prices: by brute force, within half a step, and blind to the future."""

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import build_model, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import density_by_price, record_heatmap
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run_bars
from runs.engines.event import model_bars
from runs.reports.heatmap.density import CODES, DECADES, bars_per_column, encode, place, top_of
from tests.runs.reports.heatmap.unpacking import decode, lift

PARAMETERS = ModelParameters()
MODEL = build_model(PARAMETERS, 3600)
BARS = model_bars(simulate(5, bars=300))
STEP = 10.0 ** (DECADES / CODES)


def test_every_cell_is_the_density_at_its_absolute_bin():
    record = record_heatmap(MODEL, BARS)
    top = top_of(record.density)
    placed = place(encode(record.density, top), np.floor(record.positions).astype(int))
    state, snapshots = initial_state(MODEL), np.zeros(len(BARS), dtype=SNAPSHOT)
    for index in range(len(BARS)):
        run_bars(state, MODEL, BARS, snapshots, index, index + 1)
        prices, *sides = density_by_price(state, MODEL)
        own = int(np.floor(np.log(BARS["close"][index]) / PARAMETERS.bin_width))
        for place_, price in list(enumerate(prices))[:: 1 if index > 280 else 37]:
            absolute = int(np.floor(np.log(price) / PARAMETERS.bin_width))
            for side, within in ((LONG, absolute <= own), (SHORT, absolute >= own)):
                size = float(sides[side][place_])
                if not within:
                    assert size == 0.0
                    continue
                shown = float(decode(placed[(absolute + side) % len(placed), index], top))
                if size >= top * 10.0**-DECADES * STEP:
                    assert shown / size == pytest.approx(1.0, abs=0.0235)
                else:
                    assert shown <= top * 10.0**-DECADES * STEP**1.5


@pytest.mark.parametrize("cut", [1, 77, 299])
def test_columns_know_nothing_of_later_bars(cut):
    whole, part = record_heatmap(MODEL, BARS), record_heatmap(MODEL, BARS[:cut])
    top = top_of(whole.density)
    early, all_columns = (
        place(encode(record.density, top), np.floor(record.positions).astype(int)) for record in (part, whole)
    )
    assert np.array_equal(all_columns[:, :cut], early)


def test_lifting_undoes_placing():
    generator = np.random.default_rng(3)
    codes = generator.integers(0, 256, (40, 2, 6)).astype(np.uint8)
    bins = np.cumsum(generator.integers(-9, 10, 40)) - 20
    assert np.array_equal(lift(place(codes, bins), bins), codes)


def test_codes_keep_order_and_stay_within_half_a_step():
    sizes = np.geomspace(1e-9, 100.0, 4000).astype(np.float32)
    codes = encode(sizes, 100.0)
    assert (np.diff(codes.astype(int)) >= 0).all()
    assert codes[-1] == 255
    assert encode(np.zeros(3), 100.0).tolist() == [0, 0, 0]
    seen = codes > 0
    assert np.abs(np.log(decode(codes, 100.0)[seen] / sizes[seen])).max() <= 0.5001 * np.log(STEP)


def test_the_top_is_the_power_of_ten_above():
    assert [top_of(np.array([v])) for v in (0.02, 1.0, 322.0)] == [0.1, 1.0, 1000.0]
    assert top_of(np.zeros(4)) == 1.0


def test_a_long_market_shares_columns():
    assert bars_per_column(100, 151) == 1
    for bars in (60_000, 236_448, 500_000):
        assert bars / bars_per_column(bars, 151) * 302 <= 15_000_000
