"""How maps are compared on real positions, by hand."""

import numpy as np
import pytest

from docs.truth import Slope, gain, nearer
from runs.validation.measures.position_sample import Rows


def test_nearer_to_one_counts_from_both_sides():
    ours, theirs = Slope(1.2, np.array([0.9, 1.1, 1.5])), Slope(0.5, np.array([0.5, 0.8, 0.5]))
    interval = nearer(ours, theirs)
    assert interval.estimate == pytest.approx(0.3)
    assert interval.low == pytest.approx(np.quantile([0.4, 0.1, 0.0], 0.025))


def test_a_map_gains_nothing_over_itself_and_a_bit_where_it_says_twice_as_much():
    whole = np.array([0, 0, 1])
    rows = Rows(whole, np.array([0, 1, 0]), np.zeros(3, int), np.array([1, 2, 3]), whole, np.array([1.0, 0.5, 0.5]))
    ours, theirs = np.array([[0.5, 0.5], [0.8, 0.2]]), np.array([[0.25, 0.75], [0.8, 0.2]])
    expected = (1.0 * 1.0 + 0.5 * np.log2(0.5 / 0.75)) / 2.0
    assert gain(rows, ours, theirs).estimate == pytest.approx(expected)
    assert gain(rows, ours, ours)[1:3] == (0.0, 0.0)
