"""A path of prices through each bar: the one whose order of events ours takes to be true, at every price that an order names.

A bar gives four prices and no path. Another engine that is fed this one agrees with ours to the last fill, or one of
the two is wrong.
"""

from itertools import pairwise

import numpy as np

from runs.perpetual.accounting import LIMIT, MARKET, STOP
from runs.perpetual.orders import STOP_LIMIT, WAITING, WORKING


def reaches(kind, size, level, price):
    """Return whether a price reaches an order's: buy limits and sell stops from above, the others from below."""
    falling = (kind == LIMIT) == (size > 0.0)
    return price <= level if falling else price >= level


def low_comes_first(book, bar_open):
    """Return whether the path goes to the low before the high.

    What protects a position is met before what pays it. An entry inside the bar is met on the way from its favourable
    extreme to its adverse one. A stop-limit that rests once it is triggered is triggered last.
    """
    for row in book:
        buys = row["size"] > 0.0
        if row["kind"] == STOP_LIMIT and row["state"] == WORKING:
            return bool(buys)
        if row["parent"] < 0:
            continue
        parents = book[book["id"] == row["parent"]]
        entry_is_inside = (
            row["state"] == WAITING
            and parents["kind"][0] != MARKET
            and not reaches(parents["kind"][0], parents["size"][0], parents["price"][0], bar_open)
        )
        return bool(buys) == entry_is_inside
    return True


def corners_of_a_trail(bar, book):
    """Return the corners of the path on which a trailing stop is met at the worst, as `moving_stops` derives it, and where.

    Turned so that the stop sells: from the open, or from where its entry by limit is filled inside the bar. What is never met
    goes to the favourable extreme last, or before such an entry.
    """
    row = next(row for row in book if row["trail"] > 0.0)
    way = -np.sign(row["size"])
    opened, close = way * bar["open"], way * bar["close"]
    low, high = sorted((way * bar["low"], way * bar["high"]))
    trail, start = float(row["trail"]), [opened]
    parents = book[book["id"] == row["parent"]]
    inside = row["state"] == WAITING and parents["kind"][0] == LIMIT and opened > way * parents["price"][0]
    if inside:
        start = [opened, way * parents["price"][0]] if low <= way * parents["price"][0] else [opened, high, low, close]
    stands = max(start[-1] - trail, -np.inf if np.isnan(row["price"]) else way * row["price"])
    if low <= stands:
        return [way * price for price in (*start, low, high, close)], way * stands
    if low + trail <= high:
        return [way * price for price in (*start, low + trail, low, high, close)], way * low
    return [way * price for price in ((opened, high, low, close) if inside else (opened, low, high, close))], way * low


def path(bar, book):
    """Return the prices of a bar in their order, from one of `PRICES` and its (k,) of `ORDER`.

    Each comes twice: what answers the first is done when the second comes, and nothing is left over for the next price.
    The open comes four times: what is sent then is sent at the third, and the fourth meets it.
    """
    first, last = ("low", "high") if low_comes_first(book, bar["open"]) else ("high", "low")
    corners = [bar["open"], bar[first], bar[last], bar["close"]]
    named = np.concatenate([book["price"], book["limit"]])
    if (book["trail"] > 0.0).any():
        corners, met = corners_of_a_trail(bar, book)
        named = np.append(named, met)
    levels = np.unique(named[np.isfinite(named)])
    prices = [corners[0]]
    for start, end in pairwise(corners):
        low, high = min(start, end), max(start, end)
        between = levels[(levels > low) & (levels < high)]
        prices += [*(between if end > start else between[::-1]), end]
    return [float(bar["open"])] * (OPENS - 2) + [float(price) for price in prices for _ in range(2)]


OPENS = 4
"""How often a path names the open."""

KINDS = {MARKET: MARKET, LIMIT: LIMIT, STOP: STOP, STOP_LIMIT: LIMIT}
"""What kind a fill of each kind of order is."""
