"""The clusters of every column in a few bytes each: extent in tenths of a bin, centre within it, size by its logarithm."""

import math

import numpy as np

SIZE_FROM = 1e-9
"""Base coin of size code 0: below the smallest contract of any venue."""

SIZE_STEP = 5e-4
"""Log size per code: sizes come back within 0.025 %; 65,535 codes reach e**32.8 times `SIZE_FROM`."""

EXTENT_STEPS = 10
"""Steps a bin of where an extent begins and ends."""

CENTRE_STEPS = 255
"""Steps of a cluster's centre within its extent, itself a few bins wide: well under a bin."""


def outline(counts: np.ndarray, clusters: np.ndarray, bins: np.ndarray, bin_width: float) -> dict[str, np.ndarray]:
    """Return the valid clusters as flat arrays, column by column, longs before shorts, nearest first.

    Parameters
    ----------
    counts
        (columns, 2) clusters by side.
    clusters
        (columns, 2, most, 4) centre, low, high (quote per base) and size (base coin).
    bins
        (columns,) absolute bin of each close.
    bin_width
        Log price per bin.

    Returns
    -------
    dict
        `count` (columns, 2) uint8; `first` and `last` (k,) uint16, where the extent begins and ends outward from the edge of
        the close's bin, in tenths of a bin; `centre` (k,) uint8, from the low edge; `size` (k,) uint16.
    """
    valid = np.arange(clusters.shape[2]) < counts[:, :, None]
    column, side, _ = np.nonzero(valid)
    centre, low, high, size = np.log(clusters[valid].astype(np.float64)).T
    edges = np.rint((np.stack([low, high]) / bin_width - bins[column]) * EXTENT_STEPS)
    # The close's bin b spans b .. b + 1: longs begin at its upper edge and go down, shorts at its lower edge and go up.
    near = np.where(side == 0, EXTENT_STEPS - edges[1], edges[0])
    far = np.where(side == 0, EXTENT_STEPS - edges[0], edges[1])
    low, high = np.exp((edges / EXTENT_STEPS + bins[column]) * bin_width)
    within = (np.exp(centre) - low) / (high - low)
    return {
        "count": counts.astype(np.uint8),
        "first": near.astype(np.uint16),
        "last": far.astype(np.uint16),
        "centre": np.rint(np.clip(within, 0.0, 1.0) * CENTRE_STEPS).astype(np.uint8),
        "size": np.rint(np.clip((size - math.log(SIZE_FROM)) / SIZE_STEP, 0, 65535)).astype(np.uint16),
    }
