"""Lists of single events, such as trades, that a venue answers newest first: walked backwards, page after page.

A page may hold events of others (all trades, all contracts), so what it answers is told by all that it holds and not by the
rows that are read of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from datafeeds.catalog.coverage import Intervals
from datafeeds.catalog.rows import check_rows, complete, take
from datafeeds.errors import ReplyError
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.paging import EMPTY_ANSWERS
from datafeeds.exchanges.source import Source
from datafeeds.series import Rows, Series


@dataclass(frozen=True)
class Told:
    """What a reply tells.

    Attributes
    ----------
    rows
        Those of the series, in any order.
    stamps
        (n,) int64, times of all events that it holds, in its order.
    ids
        (k,) what tells the rows apart, where the venue numbers them; else equal rows count once.
    """

    rows: Rows
    stamps: np.ndarray
    ids: np.ndarray | None = None


@dataclass(frozen=True)
class EventSource(Source):
    """A source of single events, newest first.

    Attributes
    ----------
    tell
        ``(replies, contract) -> Told``; raises `ReplyError`.
    """

    tell: Callable[[tuple[Any, ...], Contract], Told] = lambda replies, contract: Told({}, np.empty(0, np.int64))


Fetch = Callable[[int, int], Awaitable[Told]]
"""``(start_ms, end_ms) -> Told``, by one request."""


def event_source(
    kind: str, ask: Callable[..., Any], tell: Callable[[tuple[Any, ...], Contract], Told], page_rows: int, **how: Any
) -> EventSource:
    """Return a source of events; further attributes are those of `Source`."""
    read = lambda replies, contract, timeframe: tell(replies, contract).rows  # noqa: E731
    return EventSource(kind, ask, read, page_rows, tell=tell, **how)


def cleaned(series: Series, told: Told, page_rows: int, start_ms: int, end_ms: int) -> Told:
    """Return a reply's rows of a range in order, each once, and the stamps that lie in the range or before it.

    Raises
    ------
    ReplyError
        If rows cannot be true, or the reply is in disorder or too long: then its oldest event says nothing of those between.
    """
    steps = np.diff(told.stamps)
    if not ((steps <= 0).all() or (steps >= 0).all()) or len(told.stamps) > page_rows:
        raise ReplyError(f"{series}: a page in disorder, or of more events than it can hold")
    rows, ids = complete(series, told.rows), told.ids
    if ids is not None:
        rows = take(rows, np.unique(ids, return_index=True)[1])
    rows = take(rows, (rows["ts"] >= start_ms) & (rows["ts"] < end_ms))
    rows = take(rows, np.lexsort([np.nan_to_num(rows[name]) for name in reversed(list(rows))]))
    if ids is None and len(rows["ts"]) > 1:
        alike = np.all([np.diff(np.nan_to_num(values)) == 0 for values in rows.values()], axis=0)
        rows = take(rows, np.r_[True, ~alike])
    check_rows(series, rows)
    return Told(rows, np.sort(told.stamps[told.stamps < end_ms]))


async def walk(fetch: Fetch, page_rows: int, start_ms: int, end_ms: int) -> AsyncIterator[tuple[Rows, Intervals]]:
    """Yield the rows of a range, newest first, and the times that they answer in full.

    Each page is asked for with the last instant of the one before: one that brings nothing older says that there is nothing
    older, as long as a page holds more than one instant. So a page that came back short hides nothing, and costs a request.

    Raises
    ------
    ReplyError
        If one instant holds more than a page.
    """
    end, empty = end_ms, 0
    while start_ms < end:
        told = await fetch(start_ms, end)
        if not len(told.stamps):
            empty += 1
            if empty == EMPTY_ANSWERS:
                yield told.rows, [(start_ms, end)]
                return
            continue
        oldest, empty = int(told.stamps[0]), 0
        if oldest == end - 1 and len(told.stamps) >= page_rows:
            raise ReplyError(f"{page_rows} events within a millisecond, and a page holds no more")
        if oldest < start_ms or oldest == end - 1:
            yield told.rows, [(start_ms, end)]
            return
        yield take(told.rows, told.rows["ts"] > oldest), [(oldest + 1, end)]
        end = oldest + 1
