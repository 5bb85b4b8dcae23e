"""Fewer points of a line that looks the same."""

import numpy as np


def thinned(across: np.ndarray, up: np.ndarray, points: int) -> np.ndarray:
    """Return the places of the points of a line to keep, ascending, the first and the last among them.

    Parameters
    ----------
    across, up
        (n,) coordinates, `across` ascending.
    points
        How many to keep at most, three or more.

    Returns
    -------
    ndarray
        By largest triangles (Steinarsson 2013, "Downsampling Time Series for Visual Representation"): the inner points are cut into
        as many buckets as points may stay, and of each bucket that one stays which makes the largest triangle with the one kept
        before it and the mean of the next bucket. All places if there are no more than `points`.

    Raises
    ------
    ValueError
        For fewer than three points.
    """
    if points < 3:
        raise ValueError(f"points = {points} must be at least 3")
    count = len(across)
    if count <= points:
        return np.arange(count)
    edges = np.linspace(1, count - 1, points - 1).round().astype(np.int64)
    kept = [0]
    for bucket in range(points - 2):
        start, end = edges[bucket], edges[bucket + 1]
        after = slice(end, edges[bucket + 2]) if bucket + 2 < len(edges) else slice(count - 1, count)
        next_across, next_up = across[after].mean(), up[after].mean()
        last = kept[-1]
        areas = np.abs(
            (across[last] - next_across) * (up[start:end] - up[last])
            - (across[last] - across[start:end]) * (next_up - up[last])
        )
        kept.append(int(start + areas.argmax()))
    return np.array([*kept, count - 1])
