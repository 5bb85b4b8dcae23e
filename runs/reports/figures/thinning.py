"""A curve of many points as one of few that looks the same."""

import numpy as np

from indicators.liquidation.compiled import compiled

POINTS = 300
"""Points of a thinned curve: more than a chart 1000 pixels wide can tell apart by eye (assumption)."""


@compiled
def largest_triangles(x: np.ndarray, y: np.ndarray, points: int) -> np.ndarray:
    """Return the indices of the points that a thinned curve keeps (largest triangle, three buckets).

    Parameters
    ----------
    x, y
        (n,) float64, finite, x ascending.
    points
        How many to keep; at least 3.

    Returns
    -------
    (min(n, points),) int64, ascending; the first and the last point are kept.

    Notes
    -----
    The inner points fall into ``points - 2`` buckets of about equal count; of each bucket the one is kept that spans the
    largest triangle with the point kept before it and the mean of the next bucket: ``|(a_x - c_x)(b_y - a_y) -
    (a_x - b_x)(c_y - a_y)| / 2``; the first of equals. Source: S. Steinarsson, Downsampling Time Series for Visual
    Representation, University of Iceland 2013, section 4.2.
    """
    count = len(x)
    if count <= points:
        return np.arange(count)
    kept = np.empty(points, np.int64)
    kept[0] = 0
    kept[points - 1] = count - 1
    inner, buckets = count - 2, points - 2  # whole numbers: a rounded quotient would lose the last inner point
    before = 0
    for bucket in range(buckets):
        first, last = 1 + bucket * inner // buckets, 1 + (bucket + 1) * inner // buckets
        after = min(1 + (bucket + 2) * inner // buckets, count)
        mean_x = mean_y = 0.0
        for i in range(last, after):
            mean_x += x[i]
            mean_y += y[i]
        mean_x /= after - last
        mean_y /= after - last
        largest, chosen = -1.0, first
        for i in range(first, last):
            area = abs((x[before] - mean_x) * (y[i] - y[before]) - (x[before] - x[i]) * (mean_y - y[before]))
            if area > largest:
                largest, chosen = area, i
        kept[bucket + 1] = chosen
        before = chosen
    return kept
