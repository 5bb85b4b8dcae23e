"""From the recorded map to a matrix of bytes: logarithmic codes, one row a price bin, one column a bar.

A column holds the map as it stood after its bar, at the absolute bins of that bar's window; nothing is painted back. The
window moves with the price, so bin b lies in row ``b mod rows``: within one column no two bins share a row, and a level
that stands still stays in its row, which is what makes the matrix pack well.
"""

import math

import numpy as np

CODES = 254
"""Codes above zero take `DECADES` decades below the top: a step is 10 ** (5 / 254), 4.6 %."""

DECADES = 5.0

MAX_CELLS = 15_000_000
"""Cells of a page's matrix: about 5 MB packed; longer markets are recorded every few bars. Measured on BTC, 1 h."""

MAX_COLUMNS = 60_000
"""Columns of a page, however narrow its window: their prices and clusters take about 40 bytes each, packed."""

_ROWS_AT_ONCE = 4096  # columns coded at a time, so that the logarithms stay in the cache


def bars_per_column(bars: int, window_bins: int) -> int:
    """Return how many bars share a column so that a page stays within `MAX_CELLS` and `MAX_COLUMNS`.

    >>> bars_per_column(43_361, 150), bars_per_column(500_000, 150), bars_per_column(500_000, 5)
    (1, 11, 9)
    """
    return max(1, math.ceil(bars * (2 * window_bins + 1) / MAX_CELLS), math.ceil(bars / MAX_COLUMNS))


def top_of(outward: np.ndarray) -> float:
    """Return the scale's upper end: the power of ten at or above the largest density; 1 for an empty map."""
    largest = float(outward.max(initial=0.0))
    return 10.0 ** math.ceil(math.log10(largest)) if largest > 0.0 else 1.0


def encode(outward: np.ndarray, top: float) -> np.ndarray:
    """Return densities as bytes.

    Parameters
    ----------
    outward
        Base coin per bin, >= 0, any shape.
    top
        Density of code 255, base coin per bin, > 0.

    Returns
    -------
    ndarray
        uint8 of the same shape: 0 below ``top / 10 ** DECADES``, else the nearest of `CODES` logarithmic steps.
    """
    codes = np.zeros(outward.shape, dtype=np.uint8)
    scale, shift = np.float32(CODES / (DECADES * math.log(10.0))), np.float32(math.log(top))
    for first in range(0, len(outward), _ROWS_AT_ONCE):
        part = outward[first : first + _ROWS_AT_ONCE].astype(np.float32)
        steps = np.log(np.maximum(part, np.float32(1e-30)))
        steps -= shift
        steps *= scale
        steps += np.float32(255.0)
        codes[first : first + _ROWS_AT_ONCE] = np.rint(np.clip(steps, 0.0, 255.0)).astype(np.uint8)
    return codes


def place(codes: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Place outward codes at their prices.

    Parameters
    ----------
    codes
        (columns, 2, window) uint8, longs below and shorts above, outward from the close.
    bins
        (columns,) absolute bin of each close.

    Returns
    -------
    ndarray
        (2 window + 1, columns) uint8: absolute bin b of column t in row ``b mod (2 window + 1)``. The close's own bin is 0.
    """
    window = codes.shape[2]
    rows = 2 * window + 1
    placed = np.zeros((len(codes), rows), dtype=np.uint8)
    outward = np.arange(1, window + 1)
    column = np.arange(len(codes))[:, None]
    placed[column, (bins[:, None] - outward) % rows] = codes[:, 0]
    placed[column, (bins[:, None] + outward) % rows] = codes[:, 1]
    return np.ascontiguousarray(placed.T)
