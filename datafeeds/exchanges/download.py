"""Downloading series of one venue into the catalog: only what is missing, page by page, so that it can go on after anything."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datafeeds.catalog.coverage import Intervals, union, within
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, SourceError
from datafeeds.exchanges import binance, bitfinex, bybit, coinalyze, deribit, dydx, gate, hyperliquid, okx
from datafeeds.exchanges.contract import Contract, check_symbol, interface_of
from datafeeds.exchanges.events import EventSource, Told, cleaned, walk
from datafeeds.exchanges.paging import Answer, Page, Pager, clean
from datafeeds.exchanges.source import DAY_MS, Request, Source
from datafeeds.retry import RetryPolicy, retry
from datafeeds.series import KINDS, Rows, Series, timeframe_seconds

if TYPE_CHECKING:  # ccxt takes a second to load, and archives do without
    from datafeeds.exchanges.client import Client

VENUES = {
    "binance": binance.SOURCES,
    "bybit": bybit.SOURCES,
    "okx": okx.SOURCES,
    "gate": gate.SOURCES,
    "hyperliquid": hyperliquid.SOURCES,
    "bitfinex": bitfinex.SOURCES,
    "deribit": deribit.SOURCES,
    "dydx": dydx.SOURCES,
    "coinalyze": coinalyze.SOURCES,
}
"""What each interface offers."""

_BEFORE_LISTING_MS = 60 * DAY_MS  # assumption: venues date some listings weeks after the first candle

AT_ONCE = 8
"""Series under way at the same time. *Assumption*: more requests only queue up behind the venue's limit."""

Report = Callable[[Series, int, int, int], None]
"""``(series, rows, done_ms, total_ms)``, called after each page with what came since the last call, and the series' total."""


@dataclass(frozen=True)
class Downloaded:
    """What became of one series.

    Attributes
    ----------
    series
        Which.
    rows
        Rows received.
    remarks
        What the user should know, one sentence each.
    error
        Why it ended early; empty if it did not.
    """

    series: Series
    rows: int
    remarks: tuple[str, ...] = ()
    error: str = ""


def plan(venue: str, symbol: str, timeframe: str, kinds: tuple[str, ...] = ()) -> list[tuple[Series, Source]]:
    """Return the series that make up a market of bars of `timeframe`, of the named kinds or of all by default.

    Raises
    ------
    MarketError
        For an unknown venue, or a kind or timeframe that it does not have.
    """
    if interface_of(venue) not in VENUES:
        raise MarketError(f"unknown venue {venue!r}: {', '.join(VENUES)}")
    check_symbol(venue, symbol)
    sources = {source.kind: source for source in VENUES[interface_of(venue)]}
    for kind in kinds:
        if kind not in KINDS:
            raise MarketError(f"unknown kind of series {kind!r}: {', '.join(KINDS)}")
        if kind not in sources:
            raise MarketError(f"{venue} does not offer {kind}; it has {', '.join(sources)}")
    chosen = kinds or tuple(kind for kind, source in sources.items() if source.by_default)
    return [(Series(venue, symbol, kind, _period(venue, sources[kind], timeframe)), sources[kind]) for kind in chosen]


def _period(venue: str, source: Source, timeframe: str) -> str:
    """Return the period in which a series is had for bars of `timeframe`."""
    if not KINDS[source.kind].even:
        return ""
    seconds = timeframe_seconds(timeframe)
    if source.kind in ("candles", "mark"):
        if timeframe not in source.words:
            raise MarketError(f"{venue} has no {source.kind} of {timeframe}; it has {', '.join(source.words)}")
        return timeframe
    known = sorted(source.words, key=timeframe_seconds)
    fitting = [word for word in known if seconds % timeframe_seconds(word) == 0]
    return fitting[-1] if fitting else known[0]


async def download_all(
    client: "Client",
    catalog: Catalog,
    planned: list[tuple[Series, Source]],
    start_ms: int,
    end_ms: int,
    patience: RetryPolicy,
    report: Report | None = None,
    again: bool = False,
) -> list[Downloaded]:
    """Bring several series at once, of one or more symbols; ccxt's limit of requests holds for all of them together.

    Raises
    ------
    MarketError
        If the venue has no such symbol, or the catalog cannot be written.
    """
    together = asyncio.Semaphore(AT_ONCE)

    async def one(series: Series, source: Source) -> Downloaded:
        async with together:
            return await download(client, catalog, series, source, start_ms, end_ms, patience, report, again)

    try:
        await client.reach()
        for symbol in sorted({series.symbol for series, _ in planned}):  # an unknown one is refused before all work
            await client.contract(symbol)
    except SourceError as error:  # out of reach for one is out of reach for all
        return [Downloaded(series, 0, error=str(error)) for series, _ in planned]
    return list(await asyncio.gather(*(one(series, source) for series, source in planned)))


async def download(
    client: "Client",
    catalog: Catalog,
    series: Series,
    source: Source,
    start_ms: int,
    end_ms: int,
    patience: RetryPolicy,
    report: Report | None = None,
    again: bool = False,
) -> Downloaded:
    """Bring what the catalog lacks of a series in ``[start_ms, end_ms)``, or with `again` all of it.

    Stored page by page, each with the times it answers. Bars that the venue's clock does not call closed are never asked for.
    A failure ends this series only, in `Downloaded.error`; what was stored stays.

    Raises
    ------
    MarketError
        If the venue has no such symbol, or the catalog cannot be written.
    """
    try:
        contract, now_ms = await client.contract(series.symbol), await client.now_ms()
    except SourceError as error:
        return Downloaded(series, 0, error=str(error))
    start, end, remarks = reachable(series, source, contract, start_ms, end_ms, now_ms)
    lacking = [(start, end)] if again else catalog.missing(series, start, end)
    todo = _aligned(lacking, series.period_ms) if start < end else []
    total, rows = sum(last - first for first, last in todo), 0
    said = dict.fromkeys((*remarks, *catalog.remarks(series)))
    pages = _pages(client, series, source, contract, patience, said, now_ms)
    try:
        for gap in todo:
            async for page, covered in pages(*gap):
                await asyncio.to_thread(catalog.add, series, page, _answered(series, source, page, covered, now_ms))
                rows += len(page["ts"])
                if report:
                    report(series, len(page["ts"]), sum(last - first for first, last in covered), total)
    except SourceError as error:
        return Downloaded(series, rows, tuple(said), str(error))
    return Downloaded(series, rows, tuple(said))


def reachable(
    series: Series, source: Source, contract: Contract, start_ms: int, end_ms: int, now_ms: int
) -> tuple[int, int, tuple[str, ...]]:
    """Return the part of a range that the venue can answer, on the series' grid, and what was left out."""
    period, remarks = series.period_ms, []
    reach = source.reach_ms or source.kept_rows(series.timeframe) * period
    start, end = start_ms, min(end_ms, now_ms)
    if reach and start < now_ms - reach:
        start = now_ms - reach
        remarks.append(f"{series}: the venue keeps {reach / DAY_MS:,.0f} days only; earlier ones are left out")
    if contract.listed_ms:
        start = max(start, contract.listed_ms - _BEFORE_LISTING_MS)
    if source.kind in ("open_interest", "long_short_ratio"):
        # these stand at an instant: the last that belongs to the range stands at its end, and now's may be there already
        return _up(start, period), min(_up(end_ms, period), now_ms // period * period) + period, tuple(remarks)
    return _up(start, period), end // period * period, tuple(remarks)


def _up(time_ms: int, period: int) -> int:
    return -(-time_ms // period) * period


def _aligned(missing: Intervals, period: int) -> Intervals:
    return union([(first // period * period, _up(last, period)) for first, last in missing])


def _answered(series: Series, source: Source, page: Rows, covered: Intervals, now_ms: int) -> Intervals:
    """Return what a page answers for good: near the present a row that is not there may still come."""
    settled = now_ms - source.settled_ms
    until = max(settled, int(page["ts"][-1]) + series.period_ms) if len(page["ts"]) else settled
    return within(covered, 0, until)


def _pages(
    client: "Client", series: Series, source: Source, contract: Contract, patience: RetryPolicy, said: dict[str, None],
    now_ms: int,
) -> Callable[[int, int], AsyncIterator[Answer]]:  # fmt: skip
    """Return what yields a range's rows, and the times that they answer."""
    if isinstance(source, EventSource):
        told = functools.partial(_told, client, series, source, contract, patience)
        return functools.partial(walk, told, source.page_rows)
    fetch = functools.partial(_page, client, series, source, contract, patience, said, {})
    spacing = series.period_ms if series.timeframe else source.spacing_ms
    kept = source.kept_rows(series.timeframe)
    begins_ms = max(contract.listed_ms or 0, now_ms - kept * spacing + 2 * spacing if kept else 0)
    return Pager(series, fetch, source.page_rows, source.window_ms, source.oldest_first, spacing, begins_ms).pages


async def _told(
    client: "Client",
    series: Series,
    source: EventSource,
    contract: Contract,
    patience: RetryPolicy,
    first: int,
    last: int,
) -> Told:
    async def once() -> Told:
        requests = source.ask(contract, "", 1, first, last)
        replies = tuple([await client.ask(request.endpoint, request.parameters) for request in requests])
        return cleaned(series, source.tell(replies, contract), source.page_rows, first, last)

    return await retry(once, patience)


async def _page(
    client: "Client", series: Series, source: Source, contract: Contract, patience: RetryPolicy, said: dict[str, None],
    kept: dict[str, Any], first: int, last: int,
) -> Page:  # fmt: skip
    """Return a page by one request, and note in `said` what the source remarks about it.

    Replies that serve several pages stay in `kept` once they have been read without fault.
    """
    word = source.words[series.timeframe]

    async def once() -> Page:
        requests = source.ask(contract, word, series.period_ms, first, last)
        replies = tuple([await _reply(client, request, kept) for request in requests])
        rows = source.read(replies, contract, series.timeframe)
        kept.update({str(one): reply for one, reply in zip(requests, replies, strict=True) if one.serves_several})
        if remark := source.remark(replies):
            said[f"{series}: {remark}"] = None
        return clean(series, rows, first, last)

    return await retry(once, patience)


async def _reply(client: "Client", request: Request, kept: dict[str, Any]) -> Any:
    if str(request) in kept:
        return kept[str(request)]
    return await client.ask(request.endpoint, request.parameters)
