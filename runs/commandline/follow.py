"""Following a live feed from the command line: which contracts, until which signal."""

import asyncio
import contextlib
import signal
import sys

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.session import bounded_session
from datafeeds.live.feeds import by_id, feed_of
from datafeeds.live.liquidation import LiveMarket
from datafeeds.live.recorder import record
from datafeeds.live.recording import Recorded


async def follow(
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
    stop = asyncio.Event()
    with contextlib.suppress(
        NotImplementedError
    ):  # where the system has no such signals, an interrupt ends the loop itself
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    sys.stderr.write(
        f"recording {venue} liquidations of {', '.join(symbols)} ({feed.completeness} feed); Ctrl-C ends it\n"
    )

    def say(sentence: str) -> None:
        sys.stderr.write(f"note: {sentence}\n")

    async with bounded_session() as session:
        return await record(store, venue, markets, session, url=feed_url, stop=stop, report=say)
