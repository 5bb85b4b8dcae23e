"""Our own pagination. A row is there or it is not: nothing is skipped because a page was short, empty or in disorder.

Venues begin a page at either end, change their limits, and answer nothing at all when they are busy; ccxt's `paginate` starts
near now unless told otherwise. So a stretch counts as answered only when the rows cover it, or when a request for just that
stretch has come back empty several times.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import numpy as np

from datafeeds.catalog.coverage import Intervals
from datafeeds.catalog.rows import check_rows, complete, merge, take
from datafeeds.errors import ReplyError
from datafeeds.series import KINDS, Rows, Series, no_rows

EMPTY_ANSWERS = 3
"""Empty answers in a row that make a stretch empty. *Assumption*: a venue that is busy recovers within three requests."""

_SHORTEST_MS = 60_000  # a stretch too short to be cut further
_MAX_HOLES = 8  # holes between rows of one page that are asked for one by one; more are asked for once, together


@dataclass(frozen=True)
class Page:
    """What one request brought.

    Attributes
    ----------
    rows
        Rows of the range asked for, in order, without repetitions; perhaps not all there are.
    orderly
        Whether the venue sent just these, in order. Then none is missing between two of them.
    """

    rows: Rows
    orderly: bool

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows["ts"])


Fetch = Callable[[int, int], Awaitable[Page]]
"""``(start_ms, end_ms) -> Page``, by one request."""


def windows(start_ms: int, end_ms: int, length_ms: int) -> Iterator[tuple[int, int]]:
    """Yield the range in pieces that one page can hold, in order.

    Cut at whole multiples of the length since 1970: a download that goes on asks for the same pieces as one that was never
    stopped, and so leaves the same bytes.

    Examples
    --------
    >>> list(windows(250, 520, 100))
    [(250, 300), (300, 400), (400, 500), (500, 520)]
    """
    first = start_ms
    while first < end_ms:
        last = min(first // length_ms * length_ms + length_ms, end_ms)
        yield first, last
        first = last


def clean(series: Series, rows: Rows, start_ms: int, end_ms: int) -> Page:
    """Return a reply's rows in order, without those outside the range and without repetitions.

    Raises
    ------
    ReplyError
        If two rows of one time differ, or rows cannot be true.
    """
    inside = take(complete(series, rows), (rows["ts"] >= start_ms) & (rows["ts"] < end_ms))
    names = list(inside)
    order = np.lexsort([inside[name] for name in reversed(names)])
    ordered = take(inside, order)
    if len(order) > 1:
        alike = np.all([_alike(ordered[name]) for name in names], axis=0)
        ordered = take(ordered, np.r_[True, ~alike])
        if not KINDS[series.kind].records and (np.diff(ordered["ts"]) == 0).any():
            raise ReplyError(f"{series}: two different rows of one time in one page")
    check_rows(series, ordered)
    steps = np.diff(rows["ts"])
    sorted_already = bool((steps >= 0).all() or (steps <= 0).all())
    return Page(ordered, sorted_already and len(ordered["ts"]) == len(rows["ts"]))


def _alike(values: np.ndarray) -> np.ndarray:
    later, earlier = values[1:], values[:-1]
    return (later == earlier) | (np.isnan(later) & np.isnan(earlier)) if values.dtype.kind == "f" else later == earlier


async def whole(series: Series, fetch: Fetch, start_ms: int, end_ms: int, page_rows: int) -> Rows:
    """Return all rows there are in a range that one page should hold.

    Parameters
    ----------
    series
        Whose rows.
    fetch
        Brings rows of a range, one request a call.
    start_ms, end_ms
        The range; a multiple of the period for even kinds.
    page_rows
        Rows a page holds at most: an uneven page that is full, or stays in disorder, is cut in halves.
    """
    found, todo = no_rows(series.kind), [(start_ms, end_ms)]
    even = KINDS[series.kind].even
    while todo:
        first, last = todo.pop()
        page = await _answer(fetch, first, last, even)
        if not len(page):
            continue
        if not even and (len(page) >= page_rows or not page.orderly) and last - first > _SHORTEST_MS:
            middle = first + (last - first) // 2
            todo += [(first, middle), (middle, last)]
            continue
        rows, rest = page.rows, _around(series, page.rows, first, last)
        if even:
            rows, rest = await _with_holes(series, fetch, rows, first, last)
        found = merge(series, found, rows)
        todo += rest
    return found


async def _answer(fetch: Fetch, first: int, last: int, even: bool) -> Page:
    """Return a page that is neither empty nor in disorder, if there is one within some requests."""
    page = await fetch(first, last)
    for _ in range(EMPTY_ANSWERS - 1):
        if len(page) and (even or page.orderly):
            break
        page = await fetch(first, last)
    return page


def _around(series: Series, rows: Rows, first: int, last: int) -> Intervals:
    """Return what lies before the first and after the last row: a short page would hide rows there."""
    width = 1000 if KINDS[series.kind].records else 60_000  # the stamps' resolution
    before, after = (first, int(rows["ts"][0])), (int(rows["ts"][-1]) // width * width + width, last)
    return [pair for pair in (before, after) if pair[0] < pair[1]]


async def _with_holes(series: Series, fetch: Fetch, rows: Rows, first: int, last: int) -> tuple[Rows, Intervals]:
    """Return the rows, completed if they hold many holes, and the stretches without rows that are still to be asked for."""
    holes = _holes(series, rows, first, last)
    inner = [hole for hole in holes if hole[0] > rows["ts"][0] and hole[1] <= rows["ts"][-1]]
    if len(inner) <= _MAX_HOLES:
        return rows, holes
    rows = merge(series, rows, (await fetch(first, last)).rows)
    edges = [hole for hole in _holes(series, rows, first, last) if hole[0] < rows["ts"][0] or hole[0] > rows["ts"][-1]]
    return rows, edges


def _holes(series: Series, rows: Rows, first: int, last: int) -> Intervals:
    """Return the runs of grid times in a range that have no row."""
    period = series.period_ms
    ends = np.concatenate([[first - period], rows["ts"], [last]])
    gaps = np.flatnonzero(np.diff(ends) > period)
    return [(int(ends[gap]) + period, int(ends[gap + 1])) for gap in gaps]
