"""What a download would take: requests, rows and time, told without asking anyone."""

from dataclasses import dataclass

from datafeeds.exchanges.contract import Contract, interface_of
from datafeeds.exchanges.download import AT_ONCE, reachable
from datafeeds.exchanges.events import EventSource
from datafeeds.exchanges.limits import PACED, Spending, seconds_of, spending
from datafeeds.exchanges.source import Request, Source
from datafeeds.series import Series

REPLY_SECONDS = 0.3
"""A request, its reply and storing it. *Assumption*."""

FURTHER_REQUESTS = 2
"""The venue's clock, and its list of contracts."""


@dataclass(frozen=True)
class Estimate:
    """What one series takes.

    Attributes
    ----------
    series
        Which.
    requests, rows
        How many; None where only the venue knows, as of single events.
    spent
        What the requests take of the venue's limits.
    """

    series: Series
    requests: int | None
    rows: int | None
    spent: tuple[Spending, ...] = ()


def estimate(series: Series, source: Source, start_ms: int, end_ms: int, now_ms: int) -> Estimate:
    """Return what a series takes in ``[start_ms, end_ms)``, as if it had been listed before and nothing were stored or lacking."""
    base, settle = series.symbol.partition("/")[0], series.symbol.rpartition(":")[2]
    contract = Contract(series.venue, series.symbol, series.symbol, settle.lower(), 1.0, inverse=base == settle)
    start, end, _ = reachable(series, source, contract, start_ms, end_ms, now_ms)
    single = series.kind == "liquidations"
    if isinstance(source, EventSource) or end <= start:
        return Estimate(series, *((None, None) if isinstance(source, EventSource) else (0, 0)))
    spacing = series.period_ms if series.timeframe else source.spacing_ms
    length = spacing * (source.page_rows if series.timeframe or source.oldest_first else source.page_rows - 1)
    length = min(length, source.window_ms) if source.window_ms else length
    word = source.words[series.timeframe]
    asked: list[Request] = []
    kept: set[str] = set()
    for first in range(start, end, length):
        last = end if source.oldest_first else min(first + length, end)
        for request in source.ask(contract, word, series.period_ms, first, last):
            if not request.serves_several or str(request) not in kept:
                asked.append(request)
                kept |= {str(request)} if request.serves_several else set()
    spent = [one for request in asked for one in _spent(series.venue, request)]
    return Estimate(series, len(asked), None if single else -(-(end - start) // spacing), tuple(spent))


def _spent(venue: str, request: Request) -> list[Spending]:
    asked = interface_of(venue)
    return spending(asked, request.endpoint, request.parameters) if asked in PACED else []


def seconds_in_all(estimates: list[Estimate]) -> float:
    """Return about how long several series take together: what the limits ask for, or the replies, whichever is more."""
    counts = [one.requests or 0 for one in estimates]
    waiting = max(max(counts, default=0), sum(counts) / AT_ONCE) + FURTHER_REQUESTS
    return max(seconds_of([spent for one in estimates for spent in one.spent]), waiting * REPLY_SECONDS)
