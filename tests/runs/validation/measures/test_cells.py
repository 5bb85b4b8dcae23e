"""Cells around the mark, against counting by hand and against fine steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.validation.measures.cells import NEAR, WIDE, Panel, cell_numbers, cell_shares, mixed_with_even


def test_the_panels_reach_60_and_15_percent():
    assert WIDE.width * WIDE.cells == pytest.approx(0.6)
    assert NEAR.width * NEAR.cells == pytest.approx(0.15)


def test_cells_count_outward_from_the_mark_by_side():
    prices = 100.0 * np.exp([-0.001, -0.03, -0.599, -0.601, 0.001, 0.03, 0.599, 0.601])
    sides = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert cell_numbers(prices, np.full(8, 100.0), sides, WIDE).tolist() == [0, 1, 23, -1, 24, 25, 47, -1]
    assert (cell_numbers(prices, np.full(8, 100.0), 1 - sides, WIDE) == -1).all()
    assert cell_numbers(np.array([np.nan]), np.array([100.0]), np.array([0]), WIDE).tolist() == [-1]


@given(
    seed=st.integers(0, 1000), moved=st.floats(-0.05, 0.05), width=st.sampled_from([0.001, 0.002]),
    panel=st.sampled_from([Panel(0.025, 6), Panel(0.005, 7)]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_shares_equal_a_recount_of_each_bin(seed, moved, width, panel):
    random = np.random.default_rng(seed)
    maps, starts = random.gamma(0.5, size=(1, 2, 400)), random.random((1, 2))
    held = np.zeros((2, panel.cells))
    for side, sign in enumerate((-1.0, 1.0)):
        for index, mass in enumerate(maps[0, side]):
            near = (max(index, starts[0, side]) - starts[0, side]) * width - sign * moved
            far = (index + 1 - starts[0, side]) * width - sign * moved
            for cell in range(panel.cells):
                low, high = cell * panel.width, (cell + 1) * panel.width
                held[side, cell] += mass * max(min(far, high) - max(near, low), 0.0) / (far - near)
    found = cell_shares(maps, starts, width, np.array([moved]), panel)
    assert found[0] == pytest.approx(held.ravel() / held.sum(), abs=1e-9)


def test_a_map_without_mass_says_the_same_of_all_cells():
    found = cell_shares(np.zeros((2, 2, 400)), np.zeros((2, 2)), 0.001, 0.0, Panel(0.025, 6))
    assert found == pytest.approx(np.full((2, 12), 1.0 / 12.0))


def test_a_twentieth_is_spread_evenly():
    assert mixed_with_even(np.array([1.0, 0.0, 0.0, 0.0])) == pytest.approx([0.9625, 0.0125, 0.0125, 0.0125])
