"""Series from a venue or its archive into the catalog, and what came of them."""

import sys
from pathlib import Path

from datafeeds.archives.collection import collect_all
from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.download import Downloaded, Report, download_all
from datafeeds.exchanges.session import bounded_session
from datafeeds.retry import RetryPolicy
from datafeeds.series import Series
from runs.commandline.command import note, suggest
from runs.commandline.output import print_json
from runs.commandline.progress import ProgressBars
from runs.downloads.failures import told_failures
from runs.downloads.planned import Wanted


async def fetch(store: Catalog, wanted: Wanted, again: bool, url: str | None) -> list[Downloaded]:
    """Bring what is wanted into the catalog; return what became of each series."""
    patience = RetryPolicy()
    span = wanted.start_ms, wanted.end_ms
    if wanted.of_files:
        planned = wanted.files()
        async with bounded_session() as session:
            with ProgressBars("rows", transient=False) as bars:
                report = series_bars(bars)
                return await collect_all(
                    session, store, planned, *span, patience, report, url, wanted.from_trades, again
                )
    from datafeeds.exchanges.client import connect  # ccxt takes a second to load, and --list does without

    asked = wanted.series()
    async with connect(wanted.venue, patience, url) as client:
        with ProgressBars("rows", transient=False) as bars:
            return await download_all(client, store, asked, *span, patience, series_bars(bars), again)


def series_bars(bars: ProgressBars) -> Report:
    """Return what shows a series' progress."""
    return lambda series, rows, done_ms, total_ms: bars.advance(str(series), done_ms, total_ms, rows)


def tell_fetched(outcome: list[Downloaded], as_json: bool, catalog: Path | None) -> int:
    """Tell what came of each series, and what may come next; return the exit code."""
    if as_json:
        told = [
            {"series": str(result.series), "rows": result.rows, "remarks": result.remarks, "error": result.error}
            for result in outcome
        ]
        print_json(told)
    else:
        for result in outcome:
            sys.stdout.write(f"{result.series}: {result.rows:,} rows{', not finished' if result.error else ''}\n")
            note(*result.remarks)
        candles = [result.series for result in outcome if result.series.kind == "candles" and not result.error]
        if candles:
            suggest("backtest", {"strategy": "magnet", "data": market_name(candles[0]), "catalog": catalog})
    return told_failures(outcome)


def market_name(series: Series) -> str:
    """Return the market of a series as ``--data`` names it."""
    return f"{series.venue}:{series.symbol}:{series.timeframe}"
