"""From bars to whole UTC days."""

import numpy as np

from indicators.liquidation.compiled import compiled

_ONE_DAY = np.timedelta64(1, "D")


def day_ends(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the days that bars span, and the last bar of each.

    Parameters
    ----------
    times
        (n,) naive UTC bar opens, ascending; a bar counts to the day it opens in. Where the least distance between bars is more than
        a day, the last bar is taken to be as long, and its days count: else n weeks would be 7 n - 6 days.

    Returns
    -------
    days, rows
        (d,) datetime64[D] without a missing day, and (d,) the index of the last bar that opened on the day or before it.
    """
    dates = times.astype("datetime64[D]")
    length = np.diff(times).min() if len(times) > 1 else _ONE_DAY
    last = (times[-1] + length - np.timedelta64(1, "ns")).astype("datetime64[D]") if length > _ONE_DAY else dates[-1]
    days = np.arange(dates[0], last + _ONE_DAY)
    return days, np.searchsorted(dates, days, side="right") - 1


@compiled
def returns_of_days(values: np.ndarray, start: float) -> np.ndarray:
    """Return (d,) daily returns from (d,) values at the days' ends; `start` is the value before the first day.

    A day after which nothing is left returns 0. The product of 1 + return is exactly last / start.
    """
    returns, previous = np.zeros(len(values)), start
    for row in range(len(values)):
        if previous > 0.0:
            returns[row] = values[row] / previous - 1.0
        previous = values[row]
    return returns
