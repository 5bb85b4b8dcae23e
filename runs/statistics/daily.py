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


def laid_out(days: np.ndarray, own: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Return (d,) daily returns on more `days`, datetime64[D], than their `own`, (e,) of them: 0 on the others.

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2024-01-05", dtype="datetime64[D]")
    >>> laid_out(days, days[1:3], np.array([0.1, 0.2])).tolist()
    [0.0, 0.1, 0.2, 0.0]
    """
    found = np.zeros(len(days))
    found[np.searchsorted(days, own)] = returns
    return found


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
