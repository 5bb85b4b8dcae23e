"""Record from a venue on this machine, and read what was recorded."""

import asyncio

import aiohttp

from datafeeds.catalog.store import Catalog
from datafeeds.live.feeds import by_id
from datafeeds.live.journal import journal_folder, read_journal
from datafeeds.live.liquidation import LiveMarket
from datafeeds.live.recorder import record
from datafeeds.retry import RetryPolicy
from tests.datafeeds.live.socket_server import SocketServer

BASE = 1_700_000_000_000
ALL = (0, 2**53)
BITCOIN = by_id([LiveMarket("BTCUSDT", "BTC/USDT:USDT")])
QUICK = RetryPolicy(first_seconds=0.002, longest_seconds=0.01)


def read(root, venue="bybit", symbol="BTC/USDT:USDT"):
    return read_journal(journal_folder(Catalog(root), venue, symbol), *ALL)


def sizes(root):
    return read(root)[0]["size"].tolist()


async def until(condition, seconds=10.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.003)


def follow(root, scripts, done, venue="bybit", markets=BITCOIN, **options):
    """Record from a server that plays `scripts` until ``done(server)``; return what came of it, the server, the sentences."""

    async def run():
        stop, said = asyncio.Event(), []
        async with SocketServer(venue, scripts) as server, aiohttp.ClientSession() as session:
            recording = asyncio.ensure_future(
                record(
                    Catalog(root),
                    venue,
                    markets,
                    session,
                    stop=stop,
                    **{"url": server.url, "patience": QUICK, "report": said.append, **options},
                )
            )
            waiting = asyncio.ensure_future(until(lambda: done(server)))
            await asyncio.wait({recording, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()  # it never came to that
            waiting.cancel()
            stop.set()
            return await recording, server, said

    return asyncio.run(run())
