"""The relative strength index of the last bars (Wilder)."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.window.wilder import wilder


@allocation_free
def rsi(values: np.ndarray, count: int) -> float:
    """Return Wilder's relative strength index at the last bar, 0 to 100.

    Parameters
    ----------
    values
        (n,) prices: all that the rule sees, as ``market.close``; NaN among them makes it NaN.
    count
        Bars of the averages, 1 to n - 1: the first bar gives no change.

    Returns
    -------
    float
        ``100 up / (up + down)`` of the averages of rises and falls; each is ``A <- A + (x - A) / count``, begun with the mean
        of the first `count` changes that are seen. NaN where nothing has moved.

    Raises
    ------
    IndexError
        For another count.

    Notes
    -----
    Each average fades its start as that of `indicators.window.atr.atr` does.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).

    Examples
    --------
    >>> rsi(np.array([1.0, 2.0, 3.0, 2.5]), 3)
    80.0
    """
    if not 1 <= count < len(values):
        raise IndexError("rsi: the window must hold one bar more")
    rises, falls = 0.0, 0.0
    for bar in range(1, len(values)):
        change = values[bar] - values[bar - 1]
        up, down = max(change, 0.0), max(-change, 0.0)
        if math.isnan(change):
            return math.nan
        rises, falls = wilder(rises, up, bar, count), wilder(falls, down, bar, count)
    return 100.0 * rises / (rises + falls) if rises + falls > 0.0 else math.nan
