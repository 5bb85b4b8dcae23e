"""Round numbers beside an axis, and places along it."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.reports.figures.scale import Scale, scale_over

VALUES = st.floats(-1e6, 1e6)


@given(st.lists(VALUES, max_size=20))
def test_all_values_lie_between_the_ends(values):
    scale = scale_over(values, 300.0, 20.0)
    assert scale.low < scale.high
    for value in values:
        assert 19.9 <= scale(value) <= 300.1


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e6))
def test_ticks_are_multiples_of_one_two_or_five_and_lie_within(low, span):
    ticks = Scale(low, low + span, 0.0, 1.0).ticks()
    assert 1 <= len(ticks) <= 8
    steps = {later - earlier for earlier, later in itertools.pairwise(ticks)}
    for step in steps:
        digits = step / 10.0 ** math.floor(math.log10(step) + 1e-6)
        assert min(abs(digits - known) for known in (1.0, 2.0, 5.0)) < 1e-3
    assert all(low - 1e-6 * span <= tick <= low + span * (1.0 + 1e-6) for tick in ticks)


def test_equal_values_get_a_range():
    assert scale_over([3.0, 3.0], 0.0, 100.0)(3.0) == pytest.approx(50.0)
