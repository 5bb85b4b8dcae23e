"""Answered times: interval arithmetic against painted lines."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.catalog.coverage import outside, union, within

POINTS = 40
PAIRS = st.lists(st.tuples(st.integers(0, POINTS), st.integers(0, POINTS)), max_size=8)


def painted(intervals):
    line = np.zeros(POINTS + 1, dtype=bool)
    for start, end in intervals:
        line[start:end] = True
    return line


@given(PAIRS)
def test_a_union_holds_the_same_points_and_its_parts_neither_touch_nor_overlap(pairs):
    joined = union(pairs)
    assert (painted(joined) == painted(pairs)).all()
    assert all(start < end for start, end in joined)
    assert all(first[1] < second[0] for first, second in itertools.pairwise(joined))


@given(PAIRS, st.integers(0, POINTS), st.integers(0, POINTS))
def test_inside_and_outside_share_a_range_between_them(pairs, start, end):
    inside, out = painted(within(union(pairs), start, end)), painted(outside(pairs, start, end))
    assert not (inside & out).any()
    assert ((inside | out) == painted([(start, end)])).all()
    assert (inside <= painted(pairs)).all()
