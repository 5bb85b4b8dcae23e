"""What followed each close: by hand, and from the bars after it alone."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.stress_test.inputs import read_inputs
from runs.stress_test.windows import past_windows
from runs.validation.measures.reach import within


@cache
def inputs():
    return read_inputs(simulate(5, bars=300), ModelParameters())


@pytest.mark.parametrize("horizon", [1, 4, 24])
@pytest.mark.parametrize("side", [0, 1])
def test_a_window_is_the_bars_after_its_close_and_the_map_is_that_of_the_close(side, horizon):
    read = inputs()
    found = past_windows(read, side, horizon)
    assert len(found.sizes) == 300 - horizon
    for row in (1, 100, 299 - horizon):
        bars = slice(row + 1, row + horizon + 1)
        far = read.extremes[bars, side].max() if side else read.extremes[bars, side].min()
        distance = max(0.0, np.log(far / read.closes[row]) * (1.0 if side else -1.0))
        reached = within(
            read.maps[row : row + 1, side], read.starts[row : row + 1, side], np.array([distance]) / read.bin_width
        )
        assert found.distances[row] == pytest.approx(distance, abs=1e-15)
        assert found.sizes[row] == pytest.approx(read.reported[bars, side].sum())
        known = [distance, read.volume_24h[row], read.daily_volatility[row], reached[0]]
        np.testing.assert_allclose(found.covariates[row], known, atol=1e-12)


def test_a_window_with_a_bar_that_nobody_reported_on_is_unknown():
    holed = replace(inputs(), reported=inputs().reported.copy())
    holed.reported[100] = np.nan
    unknown = np.flatnonzero(np.isnan(past_windows(holed, 0, 4).sizes))
    assert unknown.tolist() == [96, 97, 98, 99]


def test_no_window_fits_into_fewer_bars_than_it_has():
    assert len(past_windows(inputs(), 0, 300).sizes) == 0
