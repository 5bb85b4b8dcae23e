"""Following a live feed from the command line: which contracts, until which signal."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import numpy as np

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.session import bounded_session
from datafeeds.live.feeds import by_id, feed_of
from datafeeds.live.liquidation import LiveMarket
from datafeeds.live.positions import Snapshot, read_accounts, take_snapshots
from datafeeds.live.recorder import record
from datafeeds.live.recording import Recorded
from datafeeds.retry import RetryPolicy
from datafeeds.series import timeframe_seconds


def follow(store: Catalog, venue: str, symbols: tuple[str, ...], url: str | None, feed_url: str | None) -> None:
    """Record liquidations until interrupted; what was recorded a second before any end is on the disk."""
    recorded = asyncio.run(_followed(store, venue, symbols, url, feed_url))
    sys.stdout.write(f"{recorded.events:,} liquidations recorded over {recorded.connections} connections\n")
    if recorded.unreadable:
        sys.stderr.write(f"note: {recorded.unreadable} messages could not be read; their times are not claimed\n")


def follow_positions(store: Catalog, venue: str, accounts: Path, every: str | None, url: str | None) -> None:
    """Take snapshots of accounts' positions, one or until interrupted."""
    asyncio.run(_positions_followed(store, venue, accounts, every, url))


async def _followed(
    store: Catalog, venue: str, symbols: tuple[str, ...], url: str | None = None, feed_url: str | None = None
) -> Recorded:
    """Record liquidations of some symbols until the process is asked to end (interrupt or terminate).

    Raises
    ------
    MarketError
        For a venue that cannot be followed, or a symbol that it does not have.
    SourceError
        If it cannot be reached for its list of contracts, or refuses the subscription.
    """
    feed = feed_of(venue)
    async with connect(venue, url=url) as client:
        await client.reach()
        contracts = [await client.contract(symbol) for symbol in dict.fromkeys(symbols)]
    markets = by_id(LiveMarket(known.id, known.symbol, known.size, known.inverse) for known in contracts)
    stop = _stopped_by_signals()
    sys.stderr.write(
        f"recording {venue} liquidations of {', '.join(symbols)} ({feed.completeness} feed); Ctrl-C ends it\n"
    )
    async with bounded_session() as session:
        return await record(store, venue, markets, session, url=feed_url, stop=stop, report=_say)


async def _positions_followed(
    store: Catalog, venue: str, accounts: Path, every: str | None = None, url: str | None = None
) -> None:
    """Take a snapshot of accounts' positions, or one every so often until the process is asked to end.

    Raises
    ------
    MarketError
        For another venue than Hyperliquid, or a file without addresses.
    SourceError
        If no account answers the only snapshot.
    """
    if venue != "hyperliquid":
        raise MarketError(f"{venue[:40]!r} does not tell accounts' positions; hyperliquid does")
    addresses, every_ms = read_accounts(accounts), timeframe_seconds(every) * 1000 if every else 0
    stop, patience = _stopped_by_signals(), RetryPolicy(attempts=4)
    async with connect(venue, patience, url) as client:
        await client.reach()
        await take_snapshots(client, store, addresses, patience, every_ms, stop, _tell_snapshot, _say)


def _tell_snapshot(snapshot: Snapshot) -> None:
    when = np.datetime64(snapshot.ts, "ms").astype("datetime64[s]")
    held, answered = len(snapshot.positions["ts"]), len(snapshot.accounts["ts"])
    sys.stdout.write(f"{when}: {held:,} positions of {answered:,} accounts\n")
    sys.stdout.flush()
    if snapshot.failed:
        account, why = next(iter(snapshot.failed.items()))
        _say(
            f"{len(snapshot.failed):,} accounts did not answer, {account} the first ({why}); what they hold is not known"
        )


def _say(sentence: str) -> None:
    sys.stderr.write(f"note: {sentence}\n")


def _stopped_by_signals() -> asyncio.Event:
    """Return what is set when the process is asked to end."""
    stop = asyncio.Event()
    # where the system has no such signals, an interrupt ends the loop itself
    with contextlib.suppress(NotImplementedError):
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop
