"""Bringing an archive's files into the catalog: only those that are missing, verified, and each whole or not at all."""

import asyncio
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

import aiohttp

from datafeeds.archives.fetching import fetched, reach
from datafeeds.archives.layout import (
    COIN_MARGINED_MS,
    HOSTS,
    ArchiveFile,
    archive_files,
    archive_kinds,
    days_of,
    is_coin_margined,
)
from datafeeds.archives.tables import read_table
from datafeeds.archives.trades import candles_of_trades
from datafeeds.archives.unpacking import unpacked
from datafeeds.catalog.coverage import Intervals
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError, SourceError, TemporaryError
from datafeeds.exchanges.download import Downloaded, Report
from datafeeds.exchanges.paging import clean
from datafeeds.retry import RetryPolicy, retry
from datafeeds.series import KINDS, Rows, Series, timeframe_seconds

_AT_ONCE = 4  # files under way at the same time, of all series together: assumption, kind to a free service
_FIRST_ATTEMPTS = 4
_FOLDER = ".downloads"
LIQUIDATIONS_ARE_GONE = "binance's archive holds no liquidations of USD-M contracts any more (listing of 2026-09-14)"
_places: WeakKeyDictionary[aiohttp.ClientSession, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True)
class Collected(Downloaded):
    """What became of one series of an archive.

    Attributes
    ----------
    missing_files
        Names of the files that the archive does not have; their times stay missing.
    duplicates
        Rows that were left out because they stood there twice.
    incomplete
        Periods without a row in files that are there; they count as answered.
    """

    missing_files: tuple[str, ...] = ()
    duplicates: int = 0
    incomplete: int = 0


@dataclass(frozen=True)
class Parsed:
    """A file's rows.

    Attributes
    ----------
    rows
        In order, each once.
    duplicates, incomplete
        As in `Collected`.
    doubt
        What is doubtful about it, one sentence; mostly empty.
    """

    rows: Rows
    duplicates: int
    incomplete: int
    doubt: str = ""


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
    coin_margined = is_coin_margined(Series(venue, symbol, "liquidations"))
    if not (kinds or from_trades):
        known = ("liquidations",) if coin_margined else tuple(kind for kind in known if kind != "liquidations")
    for kind in kinds:
        if kind not in known:
            raise MarketError(f"{venue}'s archive has no {kind[:40]!r}; it has {', '.join(known)}")
    if "liquidations" in kinds and not coin_margined:
        raise MarketError(f"{symbol[:40]}: {LIQUIDATIONS_ARE_GONE}")
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
    patience: RetryPolicy,
    report: Report | None = None,
    host: str | None = None,
    from_trades: bool = False,
    again: bool = False,
) -> list[Downloaded]:
    """Bring several series from their venue's archive; see `collect`."""
    try:  # without network nothing is gained by waiting long
        hasty = replace(patience, attempts=min(_FIRST_ATTEMPTS, patience.attempts))
        await retry(lambda: reach(session, _base(planned[0], host) + "/"), hasty)
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
    patience: RetryPolicy,
    report: Report | None = None,
    host: str | None = None,
    from_trades: bool = False,
    again: bool = False,
) -> Collected:
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
    lacking: Intervals = [(start_ms, end_ms)] if again else catalog.missing(series, start_ms, end_ms)
    todo = _asked(archive_files(series, start_ms, end_ms, from_trades), lacking)
    total = sum(file.end_ms - file.start_ms for file in todo)
    made: list[Parsed] = []
    absent: list[ArchiveFile] = []

    async def one(file: ArchiveFile) -> None:
        parsed = await _stored(session, catalog, _base(series, host), series, file, patience, from_trades)
        days = _asked(days_of(series, file, from_trades), lacking) if parsed is None and file.monthly else []
        if days:
            _raise_first(await asyncio.gather(*(one(day) for day in days), return_exceptions=True))
            return
        (made if parsed else absent).append(parsed or file)  # type: ignore[arg-type]
        if report:
            report(series, len(parsed.rows["ts"]) if parsed else 0, file.end_ms - file.start_ms, total)

    outcomes = await asyncio.gather(*(one(file) for file in todo), return_exceptions=True)
    _raise_first(error for error in outcomes if not isinstance(error, SourceError))
    failed = [str(error) for error in outcomes if isinstance(error, SourceError)]
    names = sorted(file.name for file in absent)
    if names and not made and not failed and lacking == [(start_ms, end_ms)]:
        failed = [f"{series}: none of the {len(names)} files asked for is in the archive ({names[0]} the first)"]
    beyond = is_coin_margined(series) and (start_ms < COIN_MARGINED_MS[0] or end_ms > COIN_MARGINED_MS[1])
    return _collected(series, made, names, failed[0] if failed else "", beyond)


async def _stored(
    session: aiohttp.ClientSession, catalog: Catalog, base: str, series: Series, file: ArchiveFile, patience: RetryPolicy,
    from_trades: bool,
) -> Parsed | None:  # fmt: skip
    """Bring one file into the catalog; return what it holds, or None if there is no such file."""
    async with _places.setdefault(session, asyncio.Semaphore(_AT_ONCE)):
        fetch = functools.partial(_parsed, session, catalog.root, f"{base}/{file.path}", series, file, from_trades)
        parsed = await retry(fetch, patience)
        if parsed is not None:
            covered = [(_start(file, parsed.rows), file.end_ms)]
            await asyncio.to_thread(catalog.add, series, parsed.rows, covered)
        return parsed


def _asked(files: Iterable[ArchiveFile], lacking: Intervals) -> list[ArchiveFile]:
    return [file for file in files if any(a < file.end_ms and b > file.start_ms for a, b in lacking)]


def _raise_first(outcomes: Iterable[BaseException | None]) -> None:
    """Raise an exception of jobs that have all ended, if there is one: the one that matters most first."""
    errors = sorted((error for error in outcomes if error), key=lambda error: isinstance(error, SourceError))
    for error in errors:
        raise error


def _base(series: Series, host: str | None) -> str:
    if host and not re.fullmatch(r"https?://[^/\s]+(/\S*)?", host):
        raise MarketError(f"{host[:60]!r} is no address of an archive: write it as https://host")
    return (host or HOSTS[series.venue]).rstrip("/")


def _collected(series: Series, made: list[Parsed], absent: list[str], error: str, beyond: bool) -> Collected:
    """Return what became of a series; `beyond` says whether more was asked for than COIN-M's archive has."""
    doubled, gaps = sum(parsed.duplicates for parsed in made), sum(parsed.incomplete for parsed in made)
    remarks = []
    if absent:
        remarks.append(
            f"{series}: {len(absent)} files are not in the archive ({absent[0]} the first); their times stay missing"
        )
    doubts = sorted(parsed.doubt for parsed in made if parsed.doubt)
    if doubts:
        remarks.append(f"{series}: {len(doubts)} files whose labels do not fit their date; {doubts[0]}")
    if gaps:
        remarks.append(f"{series}: {gaps:,} periods have no row in the archive's files")
    if doubled:
        remarks.append(f"{series}: {doubled:,} rows stood twice in the archive's files and were taken once")
    if beyond:
        remarks.append(f"{series}: the archive has 2023-06-25 .. 2024-10-14 only; other days are left out")
    rows = sum(len(parsed.rows["ts"]) for parsed in made)
    return Collected(series, rows, tuple(remarks), error, tuple(absent), doubled, gaps)


async def _parsed(
    session: aiohttp.ClientSession, root: Path, url: str, series: Series, file: ArchiveFile, from_trades: bool
) -> Parsed | None:
    """Return a file's rows, or None if there is no such file."""
    async with fetched(session, url, root / _FOLDER, file.checksum) as path:
        if path is None:
            return None
        try:
            return await asyncio.to_thread(read_file, series, file, path, from_trades)
        except ReplyError as error:
            if not file.checksum:
                raise
            # just these bytes are what the archive offers: asking again brings them again
            raise SourceError(f"{error}, though its checksum is right; take its times from the exchange") from None


def parse_file(series: Series, file: ArchiveFile, path: Path, from_trades: bool = False) -> Rows:
    """Return the clean rows of a downloaded file; errors as of `read_file`."""
    return read_file(series, file, path, from_trades).rows


def read_file(series: Series, file: ArchiveFile, path: Path, from_trades: bool = False) -> Parsed:
    """Return the clean rows of a downloaded file, and what was found about them.

    Raises
    ------
    ReplyError
        If it is damaged, or holds rows of other times than its name says.
    """
    with unpacked(path, file.name) as content:
        if from_trades or series.venue == "bybit":
            rows, doubled = candles_of_trades(series, file, content)
            doubt = ""
        else:
            (rows, doubt), doubled = read_table(series, file, content), 0
    page = clean(series, rows, _start(file, rows), file.end_ms)
    periods = (file.end_ms - file.start_ms) // series.period_ms if KINDS[series.kind].even else len(page)
    return Parsed(page.rows, doubled + len(rows["ts"]) - len(page), max(periods - len(page), 0), doubt)


def _start(file: ArchiveFile, rows: Rows) -> int:
    """Return the beginning of what a file answers: a midnight that it holds instead of its neighbour, or its own."""
    return min(file.start_ms, int(rows["ts"].min())) if len(rows["ts"]) else file.start_ms
