"""Where the present stands among the last bars."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free


@allocation_free
def rank(values: np.ndarray, count: int, sign: float = 1.0) -> float:
    """Return the fraction of the last `count` values that lies below the last one, which is among them; or above it.

    Parameters
    ----------
    values
        (n,) of any unit; NaN among the last makes it NaN.
    count
        1 to n.
    sign
        +1 below, -1 above.

    Returns
    -------
    float
        0 for the smallest, ``1 - 1 / count`` for the largest without an equal; with `sign` -1 the other way.

    Raises
    ------
    IndexError
        For another count.

    Examples
    --------
    >>> rank(np.array([0.0, 1.0, 4.0, 2.0, 3.0]), 4)
    0.5
    """
    if not 1 <= count <= len(values):
        raise IndexError("rank: the window does not hold so many bars")
    below = 0
    for index in range(len(values) - int(count), len(values)):
        if math.isnan(values[index]):
            return math.nan
        if sign * values[index] < sign * values[-1]:
            below += 1
    return below / count
