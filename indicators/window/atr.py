"""The average true range of the last bars (Wilder)."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.window.wilder import wilder


@allocation_free
def atr(high: np.ndarray, low: np.ndarray, close: np.ndarray, count: int) -> float:
    """Return Wilder's average true range at the last bar.

    Parameters
    ----------
    high, low, close
        (n,) prices, quote per base: all that the rule sees, as ``market.high``.
    count
        Bars of the average, 1 to n - 1: the first bar gives no range, since it has no close before it.

    Returns
    -------
    float
        ``A <- A + (range - A) / count``, begun with the mean of the first `count` ranges that are seen. Each range is
        ``max(high, close before) - min(low, close before)``.

    Raises
    ------
    IndexError
        For another count.

    Notes
    -----
    The start fades: against a series that began earlier the difference is ``(1 - 1 / count) ** (n - 1 - count)`` of what the two
    starts differ by. That is below a thousandth at ``n = 8 count + 1``, and nothing where the series begins with the window.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> high, low, close = np.array([2.0, 4.0, 5.0]), np.array([1.0, 3.0, 2.0]), np.array([2.0, 3.0, 4.0])
    >>> atr(high, low, close, 2)
    2.5
    """
    if not 1 <= count < len(close):
        raise IndexError("atr: the window must hold one bar more")
    average = 0.0
    for bar in range(1, len(close)):
        reach = max(high[bar], close[bar - 1]) - min(low[bar], close[bar - 1])
        if math.isnan(reach):
            return math.nan
        average = wilder(average, reach, bar, count)
    return average
