"""From the recorded map to a matrix of bytes: logarithmic codes, one row a price bin, one column a bar.

A column holds the map as it stood after its bar, at the absolute bins of that bar's window; nothing is painted back. The
window moves with the price: bin b of the longs lies in row ``b mod rows``, of the shorts in the row after, so that the close's
own bin has a row a side. Within one column no two share a row, and a level that stands still stays in its row, which is
what makes the matrix pack well.
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


def bars_per_column(bars: int, bins: int) -> int:
    """Return how many bars share a column so that a page, `bins` a side, stays within `MAX_CELLS` and `MAX_COLUMNS`.

    >>> bars_per_column(43_361, 151), bars_per_column(500_000, 151), bars_per_column(500_000, 6)
    (1, 11, 9)
    """
    return max(1, math.ceil(bars * 2 * bins / MAX_CELLS), math.ceil(bars / MAX_COLUMNS))


def top_of(density: np.ndarray) -> float:
    """Return the scale's upper end: the power of ten at or above the largest density; 1 for an empty map."""
    largest = float(density.max(initial=0.0))
    return 10.0 ** math.ceil(math.log10(largest)) if largest > 0.0 else 1.0


def encode(density: np.ndarray, top: float) -> np.ndarray:
    """Return densities as bytes.

    Parameters
    ----------
    density
        Base coin per bin, >= 0, any shape.
    top
        Density of code 255, base coin per bin, > 0.

    Returns
    -------
    ndarray
        uint8 of the same shape: 0 below ``top / 10 ** DECADES``, else the nearest of `CODES` logarithmic steps.
    """
    codes = np.zeros(density.shape, dtype=np.uint8)
    scale, shift = np.float32(CODES / (DECADES * math.log(10.0))), np.float32(math.log(top))
    for first in range(0, len(density), _ROWS_AT_ONCE):
        part = density[first : first + _ROWS_AT_ONCE].astype(np.float32)
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
        (columns, 2, bins) uint8, longs below and shorts above, outward from the close and with its own bin.
    bins
        (columns,) absolute bin of each close.

    Returns
    -------
    ndarray
        (2 bins, columns) uint8: absolute bin b of column t in row ``b mod rows`` for longs, ``(b + 1) mod rows`` for shorts.
    """
    rows = 2 * codes.shape[2]
    placed = np.zeros((len(codes), rows), dtype=np.uint8)
    outward = np.arange(codes.shape[2])
    column = np.arange(len(codes))[:, None]
    placed[column, (bins[:, None] - outward) % rows] = codes[:, 0]
    placed[column, (bins[:, None] + 1 + outward) % rows] = codes[:, 1]
    return np.ascontiguousarray(placed.T)
