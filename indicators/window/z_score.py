"""How far the present lies from the mean of the last bars, in standard deviations."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.window.extremes import highest, lowest
from indicators.window.mean import mean


@allocation_free
def z_score(values: np.ndarray, count: int) -> float:
    """Return (last - mean) / standard deviation of the last `count` values, the last one included.

    Parameters
    ----------
    values
        (n,) of any unit; NaN among the last makes it NaN.
    count
        1 to n. The deviation is that of the values themselves (divided by `count`), as backtrader's and TA-Lib's.

    Returns
    -------
    float
        NaN where all of them are equal.

    Raises
    ------
    IndexError
        For another count.

    Examples
    --------
    >>> round(z_score(np.array([9.0, 1.0, 2.0, 3.0]), 3), 6)
    1.224745
    """
    middle = mean(values, count)
    if not highest(values, count) > lowest(values, count):
        return math.nan
    squares = 0.0
    for index in range(len(values) - int(count), len(values)):
        squares += (values[index] - middle) ** 2
    return (values[-1] - middle) / math.sqrt(squares / count)
