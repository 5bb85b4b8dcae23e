"""Thinning, against a twin that goes by the definition."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.reports.figures.thinning import largest_triangles


def twin(x, y, points):
    """Cut the inner points into buckets, and take of each the corner of the largest triangle."""
    if len(x) <= points:
        return list(range(len(x)))
    edges = [1 + k * (len(x) - 2) // (points - 2) for k in range(points - 1)]
    buckets = [list(range(a, b)) for a, b in pairwise(edges)] + [[len(x) - 1]]
    kept = [0]
    for bucket, following in pairwise(buckets):
        mean = (
            sum(float(x[i]) for i in following) / len(following),
            sum(float(y[i]) for i in following) / len(following),
        )

        def area(i, a=kept[-1], c=mean):
            return abs((x[a] - c[0]) * (y[i] - y[a]) - (x[a] - x[i]) * (c[1] - y[a])) / 2

        areas = [area(i) for i in bucket]
        kept.append(bucket[areas.index(max(areas))])
    return [*kept, len(x) - 1]


@given(st.integers(1, 200), st.integers(3, 40), st.integers(0, 2**32 - 1))
def test_thinning_equals_its_definition(count, points, seed):
    random = np.random.default_rng(seed)
    x = np.cumsum(random.integers(1, 9, count)).astype(float)
    y = random.integers(-50, 50, count).astype(float)
    kept = largest_triangles(x, y, points)
    assert len(kept) == min(count, points)
    assert kept[0] == 0
    assert kept[-1] == count - 1
    assert (np.diff(kept) > 0).all()
    assert list(kept) == twin(x, y, points) or _equal_areas(x, y, list(kept), twin(x, y, points))


def _equal_areas(x, y, ours, theirs):
    """Two choices that first part at triangles whose areas differ by rounding only are both right: true ones differ by 1/400."""
    k = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    a, p, q = ours[k - 1], ours[k], theirs[k]
    edges = [1 + n * (len(x) - 2) // (len(ours) - 2) for n in range(len(ours) - 1)] + [len(x)]
    following = slice(edges[k], edges[k + 1])
    c = (x[following].mean(), y[following].mean())
    areas = [abs((x[a] - c[0]) * (y[i] - y[a]) - (x[a] - x[i]) * (c[1] - y[a])) for i in (p, q)]
    return areas[0] == pytest.approx(areas[1], abs=1e-6)


def test_a_lone_spike_survives():
    y = np.zeros(10_000)
    y[4321] = 1.0
    assert 4321 in largest_triangles(np.arange(10_000.0), y, 300)
