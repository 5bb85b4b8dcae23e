"""Bringing the catalog to now, a line a series."""

import asyncio

import click

from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.exchanges.download import Downloaded
from datafeeds.exchanges.limits import Pace
from datafeeds.exchanges.update import Due, due, update_all
from datafeeds.retry import RetryPolicy
from datafeeds.series import Series
from runs.commandline.command import note
from runs.commandline.output import print_json, print_lines, utc_now
from runs.commandline.progress import ProgressBars
from runs.downloads.failures import told_failures
from runs.downloads.fetched import series_bars
from runs.downloads.inventory import time_text


def update(
    store: Catalog, venue: str | None, symbols: tuple[str, ...], kinds: tuple[str, ...], url: str | None, as_json: bool,
    dry_run: bool,
) -> int:  # fmt: skip
    """Bring series of the catalog to now, and tell a line of each; return the exit code."""
    items, left = due(
        store,
        lambda series: (
            venue in (None, series.venue)
            and (not symbols or series.symbol in symbols)
            and (not kinds or series.kind in kinds)
        ),
    )
    if url and len({item.series.venue for item in items}) > 1:
        raise click.UsageError("--url is one venue's: name it with --venue")
    if dry_run:
        _print_due(items, left)
        return 0
    if not items and not left:
        raise MarketError(f"the catalog {store.root} holds no such series")
    outcome = asyncio.run(_updated(store, items, url))
    _print_updated(store, outcome, left, as_json)
    return told_failures(outcome)


async def _updated(store: Catalog, items: list[Due], url: str | None) -> list[Downloaded]:
    if not items:
        return []
    from datafeeds.exchanges.client import connect

    patience, now, outcome = RetryPolicy(), int(utc_now().timestamp() * 1000), list[Downloaded]()
    pace = Pace()  # one for all: a key's limit holds for every exchange that it is used for
    with ProgressBars("rows", transient=False) as bars:
        for venue in dict.fromkeys(item.series.venue for item in items):
            of_venue = [item for item in items if item.series.venue == venue]
            try:
                async with connect(venue, patience, url, pace) as client:
                    outcome += await update_all(client, store, of_venue, now, patience, series_bars(bars))
            except MarketError as error:  # a key that is not there is no reason to leave the other venues
                outcome += [Downloaded(item.series, 0, error=str(error)) for item in of_venue]
    return outcome


def _print_due(items: list[Due], left: dict[Series, str]) -> None:
    """Print from where each series would go on; as JSON, like every plan."""
    print_json({
        "dry_run": True,
        "series": {str(item.series): time_text(item.start_ms) for item in items},
        "not_updated": {str(series): why for series, why in left.items()},
    })  # fmt: skip


def _print_updated(catalog: Catalog, outcome: list[Downloaded], left: dict[Series, str], as_json: bool) -> None:
    """Print what came of each series and to when it is answered, and of the others why they stay."""
    until = {result.series: catalog.covered(result.series)[-1][1] for result in outcome}
    if as_json:
        print_json([
            {"series": str(result.series), "rows": result.rows, "until": time_text(until[result.series]),
             "remarks": result.remarks, "error": result.error}
            for result in outcome
        ] + [{"series": str(series), "not_updated": why} for series, why in left.items()])  # fmt: skip
        return
    lines = {
        str(result.series): f"{result.rows:,} rows, to {time_text(until[result.series])}"
        + (", not finished" if result.error else "")
        for result in outcome
    } | {str(series): f"not updated, {why}" for series, why in left.items()}
    for name in sorted(lines):
        print_lines(f"{name}: {lines[name]}")
    note(*(remark for result in outcome for remark in result.remarks))
