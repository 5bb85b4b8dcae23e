"""Replies without end: left at their bound, in bounded memory."""

import asyncio
import gzip
import tracemalloc

import pytest
from aiohttp import web

import datafeeds.exchanges.session as session_module
from datafeeds.errors import SourceError
from datafeeds.exchanges.client import connect
from datafeeds.retry import RetryPolicy
from tests.datafeeds.serving import serving

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
    monkeypatch.setattr(session_module, "MAX_REPLY_BYTES", MB)

    async def job():
        async with serving(answer) as url, connect("bybit", RetryPolicy(attempts=1), url) as client:
            with pytest.raises(SourceError, match="reply above 1,048,576 bytes"):
                await client.ask("publicGetV5MarketKline", {})

    tracemalloc.start()
    asyncio.run(job())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MB  # a tenth of the reply
