"""Replies without end: left at their bound, in bounded memory."""

import asyncio
import gzip
import tracemalloc

import pytest
from aiohttp import web

import datafeeds.exchanges.session as session_module
from datafeeds.errors import SourceError
from datafeeds.exchanges.client import connect
from datafeeds.patience import Patience

MB = 2**20
PACKED = gzip.compress(b" " * (200 * MB))


async def endless(request):
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(200 * 16):
        await response.write(b" " * (MB // 16))
    return response


async def packed(request):
    return web.Response(body=PACKED, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})


@pytest.mark.parametrize("answer", [endless, packed])
def test_a_reply_without_end_is_left_at_its_bound(answer, monkeypatch):
    monkeypatch.setattr(session_module, "LARGEST_REPLY_BYTES", MB)

    async def job():
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        try:
            async with connect("bybit", Patience(attempts=1), url) as client:
                with pytest.raises(SourceError, match="reply above 1,048,576 bytes"):
                    await client.ask("publicGetV5MarketKline", {})
        finally:
            await runner.cleanup()

    tracemalloc.start()
    asyncio.run(job())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MB  # a tenth of the reply
