"""Our own pagination, by the fewest requests. A row is there or it is not: nothing is skipped because a page was short or empty.

Venues begin a page at either end, change their limits, and answer nothing at all when they are busy; ccxt's `paginate` starts
near now unless told otherwise. So a stretch counts as answered only when the rows cover it, when two pages have left it out in
ways that one fault cannot explain, or when a request for just that stretch has come back empty several times.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from datafeeds.catalog.coverage import Intervals, outside
from datafeeds.catalog.rows import check_rows, complete, merge, take
from datafeeds.errors import ReplyError
from datafeeds.series import KINDS, Rows, Series, no_rows

EMPTY_ANSWERS = 3
"""Empty answers in a row that make a stretch empty. *Assumption*: a venue that is busy recovers within three requests."""

_BUSY_ROWS = 5  # a page with no more records may well be followed by none: exp(-5) is under 1 %
_SHORTEST_MS = 60_000  # a stretch too short to be cut further; the resolution of settlement times
_HOUR_MS = 3_600_000  # settlements are no nearer to each other


@dataclass(frozen=True)
class Page:
    """What one request brought.

    Attributes
    ----------
    rows
        Rows of the range asked for, in order, without repetitions; perhaps not all there are.
    orderly
        Whether the venue sent its rows in order and none twice, and off a grid no others. Then none is missing between two.
    """

    rows: Rows
    orderly: bool

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows["ts"])


Fetch = Callable[[int, int], Awaitable[Page]]
"""``(start_ms, end_ms) -> Page``, by one request."""

Answer = tuple[Rows, Intervals]
"""Rows, and the times that they answer in full."""


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
    asked = (
        inside if KINDS[series.kind].even else rows
    )  # on a grid a hole shows by itself, so that rows beyond do no harm
    return Page(ordered, sorted_already and len(ordered["ts"]) == len(asked["ts"]))


def _alike(values: np.ndarray) -> np.ndarray:
    later, earlier = values[1:], values[:-1]
    return (later == earlier) | (np.isnan(later) & np.isnan(earlier)) if values.dtype.kind == "f" else later == earlier


@dataclass
class Pager:
    """Asks for a range of one series, page after page.

    Attributes
    ----------
    series, fetch
        Whose rows, and what brings those of a range by one request.
    page_rows
        Rows that a page holds at most.
    window_ms
        What a request may span at most; 0: what a page holds.
    oldest_first
        Whether the venue answers too wide a range from its beginning; then a request asks for all that is left.
    spacing_ms
        Time between two rows: the period, or the first guess of what the rows will tell. *Assumption*.
    begins_ms
        When rows begin, as far as the venue says: with the listing, or with what it keeps. It may err by some.
    """

    series: Series
    fetch: Fetch
    page_rows: int
    window_ms: int
    oldest_first: bool
    spacing_ms: int
    begins_ms: int = 0

    def __post_init__(self) -> None:
        """Note what kind of rows these are."""
        self._even, self._records = KINDS[self.series.kind].even, KINDS[self.series.kind].records
        self._width = self.series.period_ms if self._even else 1000 if self._records else _SHORTEST_MS
        self._last_count = _BUSY_ROWS + 1

    async def pages(self, start_ms: int, end_ms: int) -> AsyncIterator[Answer]:
        """Yield what each page answers, until all of the range is answered.

        What lies before rows should begin is asked for last and backwards: there are few, if any.
        """
        begin = start_ms
        if not self.oldest_first and start_ms < self.begins_ms < end_ms:
            begin = self.begins_ms // self._width * self._width
        async for answer in self._forwards(begin, end_ms):
            yield answer
        while start_ms < begin:
            first = max(start_ms, begin - self._length())
            rows, covered = no_rows(self.series.kind), [(start_ms, begin)]
            async for found, _ in self._forwards(first, begin):
                if len(found["ts"]):
                    covered = [(first, begin)]
                rows = merge(self.series, rows, found)
            yield rows, covered
            begin = covered[0][0]

    async def _forwards(self, start_ms: int, end_ms: int) -> AsyncIterator[Answer]:
        todo, left_out = [(start_ms, end_ms)], (start_ms, start_ms)  # what the page before lacked at its end
        while todo:
            first, last = todo.pop()
            if not self.oldest_first and last - first > self._length():
                todo.append((first + self._length(), last))
                last = first + self._length()
            page = await self._answer(first, last)
            if not len(page):
                yield page.rows, [(first, last)]
                continue
            rows, rest = await self._read(page, first, last, left_out[1] if left_out[0] == first else first)
            yield rows, outside(rest, first, last)
            if (
                rest and todo and rest[-1][1] == todo[-1][0]
            ):  # what is lacking at the end is asked for with the next page
                left_out, (_, until) = rest[-1], todo.pop()
                rest[-1] = left_out[0], until
            todo += rest[::-1]

    def _length(self) -> int:
        length = self.spacing_ms * (self.page_rows if self._even else self.page_rows - 1)
        return min(length, self.window_ms) if self.window_ms else length

    async def _answer(self, first: int, last: int) -> Page:
        """Return a page that is neither empty nor in disorder, if there is one within some requests."""
        quiet = self._records and self._last_count <= _BUSY_ROWS
        early = last <= self.begins_ms
        page = await self.fetch(first, last)
        for _ in range(EMPTY_ANSWERS - 1):
            if page.orderly and (len(page) or quiet or early):
                break
            page = await self.fetch(first, last)
        self._last_count = len(page)
        return page

    async def _read(self, page: Page, first: int, last: int, left_out: int) -> tuple[Rows, Intervals]:
        """Return a page's rows, and the stretches that it leaves to be asked for."""
        rows, ts = page.rows, page.rows["ts"]
        full = len(ts) >= self.page_rows
        if (not self._even and not page.orderly) or self._records:
            middle = first + (last - first) // 2
            cut = (full or not page.orderly) and last - first > _SHORTEST_MS
            return (no_rows(self.series.kind), [(first, middle), (middle, last)]) if cut else (rows, [])
        leading, trailing = self._edges(ts, first, last)
        if self.oldest_first and page.orderly and not (full and not trailing):
            leading = []  # the venue begins at the first row there is
        rest = [(max(begin, left_out), until) for begin, until in leading if until > left_out]
        if self._even:
            rows, holes = await self._without_holes(rows)
            rest += holes
        elif len(ts) > 1:
            self.spacing_ms = max(int(np.median(np.diff(ts)[-10:])), _HOUR_MS)
        return rows, rest + trailing

    def _edges(self, ts: np.ndarray, first: int, last: int) -> tuple[Intervals, Intervals]:
        """Return the stretch before the first row and the one after the last, where a row may be missing there."""
        steps = np.diff(ts).tolist() or [self.spacing_ms]
        before, after = (self._width, self._width) if self._even else (steps[0], steps[-1])
        leading = [(first, int(ts[0]))] if ts[0] - first >= before else []
        end = int(ts[-1]) // self._width * self._width + self._width
        return leading, [(end, last)] if last - ts[-1] > after else []

    async def _without_holes(self, rows: Rows) -> tuple[Rows, Intervals]:
        """Return rows without the holes that a second reply fills, and the holes that it does not reach.

        What two replies leave out between two rows is not there.
        """
        first, last = int(rows["ts"][0]), int(rows["ts"][-1]) + self._width
        if last - first == len(rows["ts"]) * self._width:
            return rows, []
        again = (await self._answer(first, last)).rows
        both = merge(self.series, rows, again)
        ts = both["ts"]
        gaps = np.flatnonzero(np.diff(ts) > self._width)
        holes = [(int(ts[gap]) + self._width, int(ts[gap + 1])) for gap in gaps]
        reached = (int(again["ts"][0]), int(again["ts"][-1])) if len(again["ts"]) else (0, 0)
        return both, [hole for hole in holes if not (reached[0] < hole[0] and hole[1] <= reached[1])]
