"""The moving average of the last bars."""

import numpy as np

from indicators.liquidation.compiled import allocation_free


@allocation_free
def mean(values: np.ndarray, count: int) -> float:
    """Return the mean of the last `count` values.

    Parameters
    ----------
    values
        (n,) of any unit, as ``market.close``; NaN among the last makes the mean NaN.
    count
        1 to n.

    Raises
    ------
    IndexError
        For another count.

    Examples
    --------
    >>> mean(np.array([9.0, 1.0, 2.0, 3.0]), 3)
    2.0
    """
    if not 1 <= count <= len(values):
        raise IndexError("mean: the window does not hold so many bars")
    total = 0.0
    for index in range(len(values) - int(count), len(values)):
        total += values[index]
    return total / count
