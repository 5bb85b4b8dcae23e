"""Bringing an archive's files into the catalog: only those that are missing, verified, and each whole or not at all."""

import asyncio
import contextlib
import functools
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp

from datafeeds.archives.layout import HOSTS, ArchiveFile, archive_files, archive_kinds, days_of
from datafeeds.archives.tables import read_table
from datafeeds.archives.trades import candles_of_trades
from datafeeds.archives.unpacking import unpacked
from datafeeds.catalog.coverage import Intervals
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError, SourceError, TemporaryError
from datafeeds.exchanges.download import Downloaded, Report
from datafeeds.exchanges.paging import clean
from datafeeds.patience import Patience, patiently, wish_seconds
from datafeeds.series import KINDS, Rows, Series, timeframe_seconds

_AT_ONCE = 4  # files under way at the same time: assumption, kind to a free service
_FIRST_ATTEMPTS = 4
_MOST_BYTES = 2 * 2**30
_FOLDER = ".downloads"


def plan_archive(
    venue: str, symbol: str, timeframe: str, kinds: tuple[str, ...] = (), from_trades: bool = False
) -> list[Series]:
    """Return the series of an archive that make up a market of bars of `timeframe`: the named kinds, or all there are.

    Raises
    ------
    MarketError
        For a venue without an archive, or a kind that its archive lacks.
    """
    known = ("candles",) if from_trades else archive_kinds(venue)
    for kind in kinds:
        if kind not in known:
            raise MarketError(f"{venue}'s archive has no {kind[:40]!r}; it has {', '.join(known)}")
    periods = {"candles": timeframe, "mark": timeframe, "open_interest": "5m", "long_short_ratio": "5m"}
    planned = [Series(venue, symbol, kind, periods.get(kind, "")) for kind in kinds or known]
    for series in planned:  # an impossible request is refused before the first file is fetched
        archive_files(series, 0, 1, from_trades)
        timeframe_seconds(timeframe)
    return planned


async def collect_all(
    session: aiohttp.ClientSession,
    catalog: Catalog,
    planned: list[Series],
    start_ms: int,
    end_ms: int,
    patience: Patience,
    report: Report | None = None,
    host: str | None = None,
    from_trades: bool = False,
    again: bool = False,
) -> list[Downloaded]:
    """Bring several series from their venue's archive; see `collect`."""

    async def contact() -> None:
        async with _answer(session, f"{host or HOSTS[planned[0].venue]}/"):
            return

    try:  # without network nothing is gained by waiting long
        await patiently(contact, replace(patience, attempts=min(_FIRST_ATTEMPTS, patience.attempts)))
    except TemporaryError as error:
        return [Downloaded(series, 0, error=str(error)) for series in planned]
    job = functools.partial(collect, session, catalog, report=report, host=host, from_trades=from_trades, again=again)
    return list(await asyncio.gather(*(job(series, start_ms, end_ms, patience) for series in planned)))


async def collect(
    session: aiohttp.ClientSession,
    catalog: Catalog,
    series: Series,
    start_ms: int,
    end_ms: int,
    patience: Patience,
    report: Report | None = None,
    host: str | None = None,
    from_trades: bool = False,
    again: bool = False,
) -> Downloaded:
    """Bring what the catalog lacks of a series in ``[start_ms, end_ms)`` from its venue's archive.

    A day whose file is not there stays missing and is named; a file with fewer rows than periods counts as answered, and the
    absent periods show in the inventory.

    Parameters
    ----------
    host
        A mirror of the archive.
    from_trades
        Make candles of single trades (always so for Bybit).
    again
        Whether files are fetched again whose times were answered before.

    Raises
    ------
    MarketError
        If the archive does not hold the series, or the catalog cannot be written.
    """
    files = archive_files(series, start_ms, end_ms, from_trades)
    lacking: Intervals = [(start_ms, end_ms)] if again else catalog.missing(series, start_ms, end_ms)
    todo = [file for file in files if any(a < file.end_ms and b > file.start_ms for a, b in lacking)]
    total, together, absent = sum(file.end_ms - file.start_ms for file in todo), asyncio.Semaphore(_AT_ONCE), [0]
    url = (host or HOSTS[series.venue]).rstrip("/")

    async def one(file: ArchiveFile) -> int:
        async with together:
            page = await patiently(
                lambda: _rows(session, catalog.root, f"{url}/{file.path}", series, file, from_trades), patience
            )
        if page is None:
            days = list(days_of(series, file, from_trades)) if file.monthly else []
            absent[0] += not days
            return sum(await asyncio.gather(*(one(day) for day in days)))
        await asyncio.to_thread(catalog.add, series, page, [(file.start_ms, file.end_ms)])
        if report:
            report(series, len(page["ts"]), file.end_ms - file.start_ms, total)
        return len(page["ts"])

    outcomes = await asyncio.gather(*(one(file) for file in todo), return_exceptions=True)
    for error in outcomes:
        if isinstance(error, BaseException) and not isinstance(error, SourceError):
            raise error
    failed = [str(error) for error in outcomes if isinstance(error, SourceError)]
    remarks = (f"{series}: {absent[0]} files are not in the archive; their times stay missing",) if absent[0] else ()
    return Downloaded(
        series, sum(count for count in outcomes if isinstance(count, int)), remarks, failed[0] if failed else ""
    )


async def _rows(
    session: aiohttp.ClientSession, root: Path, url: str, series: Series, file: ArchiveFile, from_trades: bool
) -> Rows | None:
    """Return a file's rows, or None if there is no such file."""
    async with _fetched(session, root, url, file.checksum) as path:
        return None if path is None else await asyncio.to_thread(parse_file, series, file, path, from_trades)


def parse_file(series: Series, file: ArchiveFile, path: Path, from_trades: bool = False) -> Rows:
    """Return the clean rows of a downloaded file.

    Raises
    ------
    ReplyError
        If it is damaged, or holds rows of other times than its name says.
    """
    with unpacked(path) as content:
        made = candles_of_trades if from_trades or series.venue == "bybit" else read_table
        rows = made(series, file, content)
    strange = (rows["ts"] < file.start_ms) | (rows["ts"] >= file.end_ms)
    if strange.any():
        raise ReplyError(f"{path.name}: {int(strange.sum())} rows of times that its name does not say")
    page = clean(series, rows, file.start_ms, file.end_ms)
    if KINDS[series.kind].even and not len(page):
        raise ReplyError(f"{path.name}: no rows")
    return page.rows


@contextlib.asynccontextmanager
async def _fetched(session: aiohttp.ClientSession, root: Path, url: str, checksum: bool) -> AsyncIterator[Path | None]:
    """Give a file, verified, for as long as the context lasts; None if there is none."""
    expected = await _checksum(session, f"{url}.CHECKSUM") if checksum else None
    name = re.sub(r"[^A-Za-z0-9._-]", "_", url.rpartition("/")[2])
    folder = root / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{os.getpid()}.{secrets.token_hex(4)}.{name}"
    try:
        digest = hashlib.sha256()
        found = await _save(session, url, path, digest)
        if found and checksum and digest.hexdigest() != expected:
            raise ReplyError(f"{name}: its checksum is {'wrong' if expected else 'missing'}")
        yield path if found else None
    finally:
        path.unlink(missing_ok=True)


async def _checksum(session: aiohttp.ClientSession, url: str) -> str | None:
    async with _answer(session, url) as response:
        if response is None:
            return None
        text = (await response.content.read(1000)).decode("ascii", "replace")
    match = re.match(r"\s*([0-9a-fA-F]{64})\b", text)
    if not match:
        raise ReplyError(f"{url.rpartition('/')[2]}: is no checksum")
    return match[1].lower()


async def _save(session: aiohttp.ClientSession, url: str, path: Path, digest: "hashlib._Hash") -> bool:
    async with _answer(session, url) as response:
        if response is None:
            return False
        with path.open("xb") as handle:
            async for block in response.content.iter_chunked(2**18):
                digest.update(block)
                handle.write(block)
                if handle.tell() > _MOST_BYTES:
                    raise ReplyError(f"{path.name}: larger than any such file")
    return True


@contextlib.asynccontextmanager
async def _answer(session: aiohttp.ClientSession, url: str) -> AsyncIterator[aiohttp.ClientResponse | None]:
    """Give the response to a request, None for 404; whatever fails becomes a `SourceError`."""
    host = re.sub(r"^https?://([^/]+).*", r"\1", url)
    try:
        async with session.get(url) as response:
            if response.status == 404:
                yield None
            elif response.status == 200:
                yield response
            elif response.status in (401, 403, 451):
                raise SourceError(f"{host} answered {response.status}: it does not serve this place")
            else:
                raise TemporaryError(f"{host} answered {response.status}", wish_seconds(response.headers, ""))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TemporaryError(f"{host} cannot be reached ({str(error)[:80] or type(error).__name__})") from None
