"""Plain requests to a loopback venue: how each is asked for five-minute candles, and which opens it answers with."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.datafeeds.exchanges.truth import make_truth
from tests.datafeeds.exchanges.venue_server import WIRES, VenueServer

VENUES = list(WIRES)
TRUTHS = {venue: make_truth(venue, seed=3) for venue in VENUES}
FIVE_MINUTES = 300_000


def with_server(
    venue: str, use: Callable[[aiohttp.ClientSession, VenueServer], Awaitable[None]], *arguments: Any, **settings: Any
) -> None:
    async def run() -> None:
        chosen = arguments or (TRUTHS[venue],)
        async with VenueServer(venue, *chosen, **settings) as server, aiohttp.ClientSession() as session:
            await use(session, server)

    asyncio.run(run())


def symbol_of(venue: str) -> str:
    return "BTC/USDC:USDC" if venue == "hyperliquid" else "BTC/USDT:USDT"


def candles(venue: str, start_ms: int, end_ms: int) -> tuple[str, str, dict[str, Any]]:
    """Return the request for five-minute candles in ``[start_ms, end_ms)`` of not more than a page."""
    last = end_ms - 1
    if venue == "hyperliquid":
        asked = {"coin": "BTC", "interval": "5m", "startTime": start_ms, "endTime": last}
        return "POST", "/info", {"type": "candleSnapshot", "req": asked}
    paths = {
        "binance": ("/fapi/v1/klines", dict(symbol="BTCUSDT", interval="5m", startTime=start_ms, endTime=last)),
        "bybit": (
            "/v5/market/kline",
            dict(category="linear", symbol="BTCUSDT", interval="5", start=start_ms, end=last),
        ),
        "okx": (
            "/api/v5/market/history-candles",
            dict(instId="BTC-USDT-SWAP", bar="5m", before=start_ms - 1, after=end_ms),
        ),
        "gate": (
            "/api/v4/futures/usdt/candlesticks",
            {"contract": "BTC_USDT", "interval": "5m", "from": start_ms // 1000, "to": last // 1000},
        ),
    }
    return "GET", *paths[venue]


def times(venue: str, body: bytes) -> list[int]:
    """Return the opens (ms) of a page of candles in the wire's order."""
    read = json.loads(body)
    rows = {"bybit": lambda: read["result"]["list"], "okx": lambda: read["data"]}.get(venue, lambda: read)()
    return [row["t"] * (1000 if venue == "gate" else 1) if isinstance(row, dict) else int(row[0]) for row in rows]


async def ask(session: aiohttp.ClientSession, server: VenueServer, wanted: tuple[str, str, dict[str, Any]]) -> bytes:
    method, path, params = wanted
    sent = {"json": params} if method == "POST" else {"params": params}
    async with session.request(method, server.url + path, **sent) as reply:  # type: ignore[arg-type]
        return await reply.read()
