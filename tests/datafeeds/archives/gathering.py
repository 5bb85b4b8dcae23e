"""Collecting from a loopback archive, without waiting."""

import asyncio

import aiohttp

from datafeeds.archives.collection import collect
from datafeeds.archives.layout import archive_files
from datafeeds.catalog.store import Catalog
from datafeeds.retry import RetryPolicy
from tests.datafeeds.archives.loopback import ArchiveServer
from tests.datafeeds.archives.writing import (
    DAY,
    DAY_MS,
    HEADERS,
    candle_rows,
    lines,
    metric_rows,
    packed,
)

FEBRUARY = DAY + 31 * DAY_MS


async def no_sleep(_):
    await asyncio.sleep(0)


HASTE = RetryPolicy(attempts=4, sleep=no_sleep)


def run(root, files, series, start, end, faults=(), **options):
    """Return what became of a series, and the server with its log."""

    async def whole():
        async with ArchiveServer(files) as server, aiohttp.ClientSession() as session:
            for where, *what in faults:
                server.disturb(where, *what)
            outcome = await collect(session, Catalog(root), series, start, end, HASTE, host=server.url, **options)
            return outcome, server

    outcome, server = asyncio.run(whole())
    assert not list((root / ".downloads").glob("*"))
    return outcome, server


def archive(series, start, end, content, trades=False):
    """Return the archive's files by path; `content` makes the table of a file."""
    return {file.path: packed(file, content(file)) for file in archive_files(series, start, end, trades)}


def day_candles(file):
    days = (file.end_ms - file.first_ms) // DAY_MS
    return lines(HEADERS["candles"], [row for n in range(days) for row in candle_rows(file.first_ms + n * DAY_MS)])


def metrics(file):
    return lines(HEADERS["metrics"], metric_rows(file.first_ms))
