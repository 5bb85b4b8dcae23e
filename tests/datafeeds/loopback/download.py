"""A whole download from a loopback venue, as the command does it, without waiting."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import Downloaded, download_all, plan
from datafeeds.retry import RetryPolicy
from tests.datafeeds.loopback.faults import Fault
from tests.datafeeds.loopback.server import VenueServer
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS, Truth
from tests.datafeeds.loopback.venues import VENUES

FAR = 10_000  # hours: beyond any truth


async def _no_sleep(_: float) -> None:
    await asyncio.sleep(0)


HASTE = RetryPolicy(sleep=_no_sleep)
"""Our default patience, without its waiting."""


def run_download(
    venue: str,
    truth: Truth,
    root: Path,
    faults: Iterable[Fault | None] = (),
    hours: tuple[int, int] = (0, FAR),
    kinds: tuple[str, ...] = (),
    again: bool = False,
) -> tuple[list[Downloaded], VenueServer]:
    """Download hours of a truth; return what became of each series, and the server with its log."""

    async def run() -> tuple[list[Downloaded], VenueServer]:
        known = VENUES[venue]
        async with VenueServer(known.speak, truth, faults) as server, connect(venue, HASTE, server.url) as client:
            span = START_MS + hours[0] * HOUR_MS, START_MS + hours[1] * HOUR_MS
            planned = plan(venue, known.symbol, "1h", kinds)
            return await download_all(client, Catalog(root), planned, *span, HASTE, again=again), server

    return asyncio.run(run())
