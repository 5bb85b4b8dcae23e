"""Fewer points of a line that looks the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.reports.thinning import thinned


@given(st.integers(1, 400), st.integers(3, 60), st.integers(0, 99))
def test_ends_stay_places_ascend_and_there_are_no_more_than_asked_for(count, points, seed):
    up = np.random.default_rng(seed).standard_normal(count)
    kept = thinned(np.arange(count, dtype=float), up, points)
    assert len(kept) == min(count, points)
    assert kept[0] == 0
    assert kept[-1] == count - 1
    assert (np.diff(kept) > 0).all()


def test_the_largest_triangle_of_each_bucket_stays():
    random = np.random.default_rng(0)
    across, up = np.arange(50.0), random.standard_normal(50)
    kept, edges = thinned(across, up, 8), np.linspace(1, 49, 7).round().astype(int)
    for bucket in range(6):
        ahead = range(edges[bucket + 1], edges[bucket + 2]) if bucket < 5 else [49]
        after = np.array([np.mean([across[i] for i in ahead]), np.mean([up[i] for i in ahead])])
        before = np.array([across[kept[bucket]], up[kept[bucket]]])

        def area(place, before=before, after=after):
            matrix = np.array([[*before, 1.0], [across[place], up[place], 1.0], [*after, 1.0]])
            return abs(np.linalg.det(matrix))

        assert kept[bucket + 1] == max(range(edges[bucket], edges[bucket + 1]), key=area)


def test_a_spike_stays():
    up = np.zeros(1000)
    up[437] = 5.0
    assert 437 in thinned(np.arange(1000.0), up, 20)


def test_fewer_than_three_points_are_refused():
    with pytest.raises(ValueError, match="at least 3"):
        thinned(np.arange(5.0), np.arange(5.0), 2)
