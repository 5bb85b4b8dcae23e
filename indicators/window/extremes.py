"""The highest and the lowest of the last bars."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free


@allocation_free
def highest(values: np.ndarray, count: int) -> float:
    """Return the largest of the last `count` values.

    Parameters
    ----------
    values
        (n,) of any unit, as ``market.high``; NaN among the last makes it NaN.
    count
        1 to n.

    Raises
    ------
    IndexError
        For another count.

    Examples
    --------
    >>> highest(np.array([9.0, 1.0, 3.0, 2.0]), 3)
    3.0
    """
    if not 1 <= count <= len(values):
        raise IndexError("highest: the window does not hold so many bars")
    found = -math.inf
    for index in range(len(values) - int(count), len(values)):
        if math.isnan(values[index]):
            return math.nan
        found = max(found, values[index])
    return found


@allocation_free
def lowest(values: np.ndarray, count: int) -> float:
    """Return the smallest of the last `count` values; as `highest` otherwise.

    Examples
    --------
    >>> lowest(np.array([0.0, 1.0, 3.0, 2.0]), 3)
    1.0
    """
    if not 1 <= count <= len(values):
        raise IndexError("lowest: the window does not hold so many bars")
    found = math.inf
    for index in range(len(values) - int(count), len(values)):
        if math.isnan(values[index]):
            return math.nan
        found = min(found, values[index])
    return found
