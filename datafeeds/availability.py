"""Joining by availability: a bar knows the last value that was known at or before its close, never the nearest."""

import numpy as np

from datafeeds.catalog.coverage import Intervals, union
from datafeeds.series import Rows


def as_of(known_at: np.ndarray, values: np.ndarray, closes: np.ndarray, longest_age: int) -> np.ndarray:
    """Return, for each close, the last value known by then.

    Parameters
    ----------
    known_at
        (n,) int64, when each value became known, not falling.
    values
        (n,) float64.
    closes
        (m,) int64, the bars' closes, in the same unit.
    longest_age
        A value this old or older is stale: the bar gets NaN. Neither is anything invented for a hole.

    Returns
    -------
    numpy.ndarray
        (m,) float64, NaN where nothing fresh was known.

    Examples
    --------
    >>> as_of(np.array([10, 20]), np.array([1.0, 2.0]), np.array([9, 10, 19, 20, 31]), 11).tolist()
    [nan, 1.0, 1.0, 2.0, nan]
    """
    if not len(known_at):
        return np.full(len(closes), np.nan)
    last = np.searchsorted(known_at, closes, side="right") - 1
    found = np.maximum(last, 0)
    fresh = (last >= 0) & (closes - known_at[found] < longest_age)
    return np.where(fresh, values[found], np.nan)


def summed(times: np.ndarray, values: np.ndarray, opens: np.ndarray, bar: int) -> np.ndarray:
    """Return the sum of the values with ``open <= time < open + bar`` for each bar, NaN where there is none.

    Parameters
    ----------
    times, values
        (n,) int64 not falling, and float64.
    opens
        (m,) int64, rising by at least `bar`.
    """
    row, inside = _bars_of(times, opens, bar)
    sums = np.bincount(row, values[inside], minlength=len(opens)).astype(np.float64)
    counts = np.bincount(row, minlength=len(opens))
    return np.where(counts > 0, sums, np.nan)


def event_totals(rows: Rows, covered: Intervals, opens: np.ndarray, bar: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what was liquidated per bar, long and short (m,) each, base coin; NaN where the bar was not wholly observed.

    An event counts in the bar in which it became known: a message that arrives after the close was not known at it.

    Parameters
    ----------
    rows
        Of the kind ``liquidations``.
    covered
        When the feed was observed.
    opens, bar
        As for `summed`.
    """
    observed = _observed(covered, opens, bar)
    order = np.argsort(rows["known_at"], kind="stable")
    times, side, size = rows["known_at"][order], rows["side"][order], rows["size"][order]
    sums = [np.nan_to_num(summed(times, np.where(side == which, size, 0.0), opens, bar)) for which in (1.0, -1.0)]
    return np.where(observed, sums[0], np.nan), np.where(observed, sums[1], np.nan)


def largest_events(rows: Rows, covered: Intervals, opens: np.ndarray, bar: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest single liquidation known of each bar, long and short (m,) each; parameters of `event_totals`.

    In quote currency, at the fill's price or else the order's limit. Zero in a bar that was wholly observed and had none, NaN in
    one of which nothing is known.
    """
    row, inside = _bars_of(rows["known_at"], opens, bar)
    price = np.where(np.isnan(rows["price"]), rows["limit_price"], rows["price"])
    worth, side = (price * rows["size"])[inside], rows["side"][inside]
    known = np.where(_observed(covered, opens, bar), 0.0, np.nan)
    largest = []
    for which in (1.0, -1.0):
        found = known.copy()
        np.fmax.at(found, row[side == which], worth[side == which])
        largest.append(found)
    return largest[0], largest[1]


def _bars_of(times: np.ndarray, opens: np.ndarray, bar: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bars in which times lie, and which of the times (n,) lie in any."""
    row = np.searchsorted(opens, times, side="right") - 1
    inside = row >= 0
    inside[inside] = times[inside] - opens[row[inside]] < bar
    return row[inside], inside


def _observed(covered: Intervals, opens: np.ndarray, bar: int) -> np.ndarray:
    """Return which bars (m,) lie wholly in the observed times."""
    observed = np.zeros(len(opens), dtype=bool)
    for start, end in union(covered):
        observed |= (opens >= start) & (opens + bar <= end)
    return observed
