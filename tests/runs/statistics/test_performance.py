"""Headline figures: the one-pass fall is the one of the whole series."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runs.statistics.performance import deepest_fall, drawdowns, headline, largest_drawdown

EQUITY = st.lists(st.floats(0.0, 1e9), min_size=1, max_size=60).map(np.array)


@given(EQUITY, st.floats(1e-3, 1e9))
def test_the_deepest_fall_is_the_least_drawdown_to_the_last_bit(equity, start):
    assert deepest_fall(equity, start) == min(drawdowns(equity, start).min(), 0.0)
    assert deepest_fall(equity, start) == largest_drawdown(equity, start).fraction


def test_headline_figures_of_a_known_course():
    figures = headline(np.array([0.1, -0.5, 0.0]), np.array([110.0, 55.0, 55.0]), 100.0)
    assert figures["total_return_fraction"] == 55.0 / 100.0 - 1.0
    assert figures["max_bar_drawdown_fraction"] == -0.5
    assert figures["bar_calmar"] == figures["annual_growth_fraction"] / 0.5
