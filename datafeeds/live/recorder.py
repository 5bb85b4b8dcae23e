"""Recording liquidations: follow a venue's feed, append what comes, connect again when it is lost."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable

import aiohttp

from datafeeds.catalog.store import Catalog
from datafeeds.errors import TemporaryError
from datafeeds.live.connection import converse, first_of
from datafeeds.live.feeds import by_id, feed_of
from datafeeds.live.journal import Journal, journal_folder
from datafeeds.live.journal_lines import Session
from datafeeds.live.liquidation import Markets
from datafeeds.live.recording import Recorded, Recording
from datafeeds.retry import RetryPolicy

FLUSH_SECONDS = 1.0
"""What a kill can take."""


def wall_ms() -> int:
    """Return the time, milliseconds since 1970."""
    return time.time_ns() // 1_000_000


async def record(
    catalog: Catalog,
    venue: str,
    markets: Markets,
    session: aiohttp.ClientSession,
    *,
    url: str | None = None,
    now_ms: Callable[[], int] = wall_ms,
    stop: asyncio.Event,
    patience: RetryPolicy | None = None,
    report: Callable[[str], None] | None = None,
) -> Recorded:
    """Record liquidations until `stop` is set. Lost connections are opened again for ever, with growing random waits.

    Parameters
    ----------
    venue
        A key of `datafeeds.live.feeds.FEEDS`.
    markets
        By the venue's id (`datafeeds.live.feeds.by_id`); all on one connection.
    url
        Where the feed is, if not at the venue's own address.
    now_ms
        The clock of receipt. It is kept from running backwards.
    patience
        Its waits; `attempts` does not count here.
    report
        Takes sentences for people: losses, damaged messages.

    Raises
    ------
    MarketError
        For a venue that cannot be followed, a symbol that is being recorded already, or a folder that cannot be written.
    SourceError
        If the venue refuses the subscription. What came before stays recorded.
    """
    feed = feed_of(venue)
    followed = by_id(markets.values())
    address = feed.address(followed) if url is None else url
    with contextlib.ExitStack() as stack:
        journals = {
            market.symbol: stack.enter_context(
                Journal(
                    journal_folder(catalog, venue, market.symbol),
                    Session(venue, market.symbol, feed.completeness, feed.rule, feed.price),
                )
            )
            for market in followed.values()
        }
        recording = Recording(feed, followed, journals, now_ms, report or (lambda sentence: None))
        try:
            await first_of(
                _follow(recording, session, address, patience or RetryPolicy()), _flush(recording), stop.wait()
            )
        finally:
            recording.lost()
            recording.flush()
    return recording.so_far


async def _flush(recording: Recording) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        recording.flush()  # not in a thread: nothing may come between lines; a late receipt is only noted later


async def _follow(recording: Recording, session: aiohttp.ClientSession, url: str, patience: RetryPolicy) -> None:
    failures, clock = 0, asyncio.get_running_loop().time
    while True:
        began, stood = clock(), recording.so_far.connections
        try:
            await converse(session, url, recording.feed, recording.markets, recording, proven=stood > 0)
        except TemporaryError as error:
            recording.lost()
            held = recording.so_far.connections > stood and clock() - began >= patience.longest_seconds
            failures = 0 if held else failures + 1  # a venue that accepts and drops is not asked ever faster
            wait = _wait(failures, error.retry_after_seconds, patience)
            recording.report(f"{error}; connecting again in {wait:.0f} s")
            await patience.sleep(wait)


def _wait(failures: int, wish: float | None, patience: RetryPolicy) -> float:
    bound = min(patience.first_seconds * 2.0 ** min(failures, 30), patience.longest_seconds)
    jitter = secrets.SystemRandom().uniform(0.0, bound)
    return jitter if wish is None else min(max(wish, 0.0), patience.longest_wish_seconds) + jitter * 0.1
