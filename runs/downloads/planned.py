"""Which series are wanted of whom, and what they would take."""

from dataclasses import dataclass

from datafeeds.archives.collection import plan_archive
from datafeeds.archives.layout import archive_files
from datafeeds.columns import parse_time
from datafeeds.errors import MarketError
from datafeeds.exchanges.download import plan
from datafeeds.exchanges.estimate import FURTHER_REQUESTS, Estimate, estimate, seconds_in_all
from datafeeds.exchanges.source import Source
from datafeeds.series import Series, timeframe_seconds
from runs.commandline.dry_run import SECONDS_PER_FILE, START_SECONDS, tell_plan
from runs.commandline.output import utc_now


@dataclass(frozen=True)
class Wanted:
    """A download, as its options say it; `symbols` each once, `start_ms` and `end_ms` half-open."""

    venue: str
    symbols: tuple[str, ...]
    timeframe: str
    kinds: tuple[str, ...]
    start_ms: int
    end_ms: int
    archive: bool
    from_trades: bool

    @property
    def of_files(self) -> bool:
        """Whether it is of the venue's archive."""
        return self.archive or self.from_trades

    def series(self) -> list[tuple[Series, Source]]:
        """Return the series that are asked for; raises as `datafeeds.exchanges.download.plan`."""
        return [item for symbol in self.symbols for item in plan(self.venue, symbol, self.timeframe, self.kinds)]

    def files(self) -> list[Series]:
        """Return the series that an archive is asked for; raises as `datafeeds.archives.collection.plan_archive`."""
        return [
            series
            for symbol in self.symbols
            for series in plan_archive(self.venue, symbol, self.timeframe, self.kinds, self.from_trades)
        ]


def span_of(start: str, end: str | None) -> tuple[int, int]:
    """Return a range of times as milliseconds; without an end to now.

    Raises
    ------
    MarketError
        If a time cannot be read, or the range is empty or lies in the future.
    """
    now = int(utc_now().timestamp() * 1000)
    first = parse_time(start).value // 1_000_000
    last = parse_time(end).value // 1_000_000 if end else now
    if first >= min(last, now):
        raise MarketError(f"--start {start} must lie before {'--end ' + end if end and last <= now else 'now'}")
    return first, last


def tell_planned(wanted: Wanted) -> None:
    """Tell which series would be asked for, in how many requests, rows and minutes; nothing is asked."""
    span = wanted.start_ms, wanted.end_ms
    if wanted.of_files:
        found = [_of_files(series, *span, wanted.from_trades) for series in wanted.files()]
        further, seconds = 1, SECONDS_PER_FILE * sum(one.requests or 0 for one in found)
    else:
        now_ms = int(utc_now().timestamp() * 1000)
        found = [estimate(series, source, *span, now_ms) for series, source in wanted.series()]
        further, seconds = FURTHER_REQUESTS, seconds_in_all(found)
    bars = (span[1] - span[0]) // (1000 * timeframe_seconds(wanted.timeframe))
    settings = {
        "venue": wanted.venue,
        "symbols": wanted.symbols,
        "timeframe": wanted.timeframe,
        "start_ms": span[0],
        "end_ms": span[1],
    }
    listed = [{"series": str(one.series), "requests": one.requests, "rows": one.rows} for one in found]
    totals = {
        "requests": further + sum(one.requests or 0 for one in found),
        "rows": sum(one.rows or 0 for one in found),
        "minutes": round(seconds / 60.0, 2),
    }
    tell_plan(settings, bars, len(found), START_SECONDS + seconds, series=listed, **totals)


def _of_files(series: Series, start_ms: int, end_ms: int, from_trades: bool) -> Estimate:
    """Return what a series of an archive takes: its files, and their checksums."""
    files = archive_files(series, start_ms, end_ms, from_trades)
    rows = (end_ms - start_ms) // series.period_ms if series.timeframe else None
    return Estimate(series, sum(1 + file.checksum for file in files), rows)
