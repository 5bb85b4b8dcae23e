"""Bringing what the catalog holds to now: each series from where its last answer ends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, SourceError
from datafeeds.exchanges.contract import interface_of
from datafeeds.exchanges.download import AT_ONCE, VENUES, Downloaded, Report, download
from datafeeds.exchanges.events import EventSource
from datafeeds.exchanges.source import Source
from datafeeds.retry import RetryPolicy
from datafeeds.series import Series

if TYPE_CHECKING:
    from datafeeds.exchanges.client import Client


@dataclass(frozen=True)
class Due:
    """A series that can go on.

    Attributes
    ----------
    series, source
        Which, and how the venue is asked.
    start_ms
        Where its last answer ends; of events the first, for what lies between is asked for too.
    """

    series: Series
    source: Source
    start_ms: int


def due(catalog: Catalog, wanted: Callable[[Series], bool]) -> tuple[list[Due], dict[Series, str]]:
    """Return the series of a catalog that venues can bring further, and of the others why not, in the order of names.

    Raises
    ------
    MarketError
        If a file of the catalog is damaged.
    """
    found, left = list[Due](), dict[Series, str]()
    for series in filter(wanted, catalog.series()):
        sources = {source.kind: source for source in VENUES.get(interface_of(series.venue), ())}
        source, answered = sources.get(series.kind), catalog.covered(series)
        if not sources:
            left[series] = f"{series.venue} is no venue that can be asked"
        elif source is None:
            left[series] = f"{series.venue} does not offer it; an archive, a file or --follow brought it"
        elif series.timeframe and series.timeframe not in source.words:
            left[series] = f"{series.venue} has none of {series.timeframe}"
        elif not answered:
            left[series] = "no source was asked for it; a file or --follow brought it"
        else:
            # events are walked backwards: what was interrupted has left its gap before its last answer
            found.append(Due(series, source, answered[0 if isinstance(source, EventSource) else -1][1]))
    return found, left


async def update_all(
    client: "Client",
    catalog: Catalog,
    items: list[Due],
    end_ms: int,
    patience: RetryPolicy,
    report: Report | None = None,
) -> list[Downloaded]:
    """Bring several series of one venue to a time; what fails ends its own series only, a contract that is gone included."""
    together = asyncio.Semaphore(AT_ONCE)

    async def one(item: Due) -> Downloaded:
        async with together:
            try:
                return await download(
                    client, catalog, item.series, item.source, item.start_ms, end_ms, patience, report
                )
            except MarketError as error:
                return Downloaded(item.series, 0, error=str(error))

    try:
        await client.reach()
    except SourceError as error:
        return [Downloaded(item.series, 0, error=str(error)) for item in items]
    return list(await asyncio.gather(*map(one, items)))
