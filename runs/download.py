"""Bring market data into the local catalog: from exchanges, archives, live feeds and files."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import click

from datafeeds.archives.collection import collect_all, plan_archive
from datafeeds.archives.layout import archive_files
from datafeeds.archives.node_fills import read_node_fills
from datafeeds.catalog.importing import import_doubt, import_market
from datafeeds.catalog.inventory import inventory
from datafeeds.catalog.location import catalog_root
from datafeeds.catalog.record_files import RECORD_SCHEMAS, export_records, import_records, record_kind, write_table
from datafeeds.catalog.store import Catalog
from datafeeds.catalog.terms import keep_terms
from datafeeds.columns import parse_time
from datafeeds.errors import MarketError, SourceError
from datafeeds.exchanges.download import Downloaded, download_all, plan
from datafeeds.exchanges.estimate import FURTHER_REQUESTS, Estimate, estimate, seconds_in_all
from datafeeds.exchanges.limits import Pace
from datafeeds.exchanges.session import bounded_session
from datafeeds.exchanges.update import Due, due, update_all
from datafeeds.markets import open_file, open_market
from datafeeds.retry import RetryPolicy
from datafeeds.schema import canonical_table
from datafeeds.series import Series, timeframe_seconds
from runs.commandline.command import Command, note, run_command, suggest
from runs.commandline.dry_run import SECONDS_PER_FILE, START_SECONDS, tell_plan
from runs.commandline.inventory import holdings_json, print_holdings, print_verified
from runs.commandline.options import dry_run_option
from runs.commandline.output import print_json, utc_now
from runs.commandline.progress import ProgressBars
from runs.commandline.update import print_due, print_updated

NO_NETWORK = (
    "without network these still run: files (--data FILE), what the catalog holds (runs.download --list), "
    "the simulated market (no --data)"
)
_UNREACHED = "cannot be reached"


@click.command(
    cls=Command,
    epilog="Example: python -m runs.download --venue binance --symbol BTC/USDT:USDT --start 2023-01-01 --end 2025-01-01 "
    "--timeframe 1h, then python -m runs.backtest --strategy magnet --data binance:BTC/USDT:USDT:1h",
)
@click.option(
    "--venue",
    help="binance, bybit, okx, gate, hyperliquid, bitfinex, deribit, dydx, or an exchange by Coinalyze, such as "
    "coinalyze-binance; with --import any name.",
)
@click.option("--symbol", "symbols", multiple=True, help="Unified symbol such as BTC/USDT:USDT; may be repeated.")
@click.option("--start", help="First bar, ISO time (UTC).")
@click.option("--end", help="End of the range, ISO time (UTC), exclusive; default now.")
@click.option("--timeframe", default="1h", show_default=True, help="Length of a bar.")
@click.option(
    "--series", "kinds", multiple=True, help="Only this kind (candles, mark, open_interest, ...); may be repeated."
)
@click.option(
    "--archive", is_flag=True, help="From the venue's bulk archive instead of its interface (binance, bybit)."
)
@click.option("--from-trades", is_flag=True, help="From the archive's single trades: candles with taker buys.")
@click.option(
    "--follow",
    type=click.Choice(["liquidations", "positions"]),
    help="Record a live feed until interrupted, or take a snapshot of the positions of --accounts.",
)
@click.option(
    "--accounts", type=click.Path(path_type=Path), help="With --follow positions: a file of addresses, one a line."
)
@click.option("--every", help="With --follow positions: again every so often, such as 6h, until interrupted.")
@click.option(
    "--import",
    "file",
    type=click.Path(path_type=Path),
    help="Take a file into the catalog: bars, or (--symbol '*/USDT:USDT': of each coin) single liquidations, positions, "
    "or a folder of a Hyperliquid node's fills.",
)
@click.option(
    "--export",
    "target",
    type=click.Path(path_type=Path),
    help="Write a market's bars (of several venues: --venue binance+bybit), or a venue's --series liquidations or positions, to a "
    "parquet or CSV file.",
)
@click.option(
    "--mapping", type=click.Path(path_type=Path), help="TOML file that names a foreign file's columns, or preset:NAME."
)
@click.option(
    "--update", is_flag=True, help="Bring every series of the catalog to now, or those of --venue, --symbol, --series."
)
@click.option("--again", is_flag=True, help="Ask for the whole range again, also what is there.")
@click.option(
    "--tiers",
    is_flag=True,
    help="Show the venue's leverage tiers of today; keep them, fees and ticks in the catalog.",
)
@click.option("--list", "listing", is_flag=True, help="Show what the catalog holds.")
@click.option(
    "--check", is_flag=True, help="Read all of it, name gaps and damage, and compare candles with smaller ones."
)
@click.option("--catalog", type=click.Path(path_type=Path), help="The catalog's folder.")
@click.option("--url", help="Another host that speaks the venue's format (a mirror or proxy).")
@click.option("--feed-url", help="With --follow, another address of the websocket.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON on stdout.")
@dry_run_option
def command(
    venue: str | None, symbols: tuple[str, ...], start: str | None, end: str | None, timeframe: str,
    kinds: tuple[str, ...], archive: bool, from_trades: bool, follow: str | None, file: Path | None,
    mapping: Path | None, again: bool, listing: bool, check: bool, catalog: Path | None, url: str | None,
    feed_url: str | None, as_json: bool, tiers: bool, dry_run: bool, target: Path | None,
    accounts: Path | None, every: str | None, update: bool,
) -> int:  # fmt: skip
    """Bring market data into the local catalog, and show what it holds."""
    store = Catalog(catalog_root(catalog))
    if listing or check:
        return _show(store, check, as_json, catalog)
    if target:
        return _export(store, target, venue, kinds, symbols, timeframe, start, end)
    if update:
        if start or end or archive or from_trades or file or follow or accounts or tiers or again:
            raise click.UsageError(
                "--update goes on where each series ends: only --venue, --symbol, --series go with it"
            )
        return _update(store, venue, symbols, kinds, url, as_json, dry_run)
    if follow == "positions":
        if not venue or not accounts:
            raise click.UsageError(
                "name whose positions: --venue hyperliquid --follow positions --accounts addresses.txt"
            )
        return _told(_follow_positions, store, venue, accounts, every, url)
    if not venue or not symbols:
        raise click.UsageError("name what to download: --venue binance --symbol BTC/USDT:USDT --start 2024-01-01")
    if file:
        return _import(store, file, mapping, venue, symbols, as_json, catalog)
    if follow:
        return _told(_follow, store, venue, symbols, url, feed_url)
    if tiers:
        return _told(_tiers, store, venue, symbols, url, as_json)
    if not start:
        raise click.UsageError("name where to begin: --start 2024-01-01")
    span = _span(start, end)
    if dry_run:
        return _tell_download(venue, symbols, timeframe, kinds, span, archive, from_trades)
    outcome = asyncio.run(_download(store, venue, symbols, timeframe, kinds, span, archive, from_trades, again, url))
    return _tell(outcome, as_json, catalog)


def _name(series: Series) -> str:
    """Return the market of a series as ``--data`` names it."""
    return f"{series.venue}:{series.symbol}:{series.timeframe}"


def _tell_download(
    venue: str, symbols: tuple[str, ...], timeframe: str, kinds: tuple[str, ...], span: tuple[int, int], archive: bool,
    from_trades: bool,
) -> int:  # fmt: skip
    """Tell which series would be asked for, in how many requests, rows and minutes; nothing is asked."""
    wanted = tuple(dict.fromkeys(symbols))
    if archive or from_trades:
        found = [
            _of_files(series, *span, from_trades)
            for symbol in wanted
            for series in plan_archive(venue, symbol, timeframe, kinds, from_trades)
        ]
        further, seconds = 1, SECONDS_PER_FILE * sum(one.requests or 0 for one in found)
    else:
        now_ms = int(utc_now().timestamp() * 1000)
        planned = [item for symbol in wanted for item in plan(venue, symbol, timeframe, kinds)]
        found = [estimate(series, source, *span, now_ms) for series, source in planned]
        further, seconds = FURTHER_REQUESTS, seconds_in_all(found)
    bars = (span[1] - span[0]) // (1000 * timeframe_seconds(timeframe))
    settings = {"venue": venue, "symbols": wanted, "timeframe": timeframe, "start_ms": span[0], "end_ms": span[1]}
    listed = [{"series": str(one.series), "requests": one.requests, "rows": one.rows} for one in found]
    totals = {
        "requests": further + sum(one.requests or 0 for one in found),
        "rows": sum(one.rows or 0 for one in found),
        "minutes": round(seconds / 60.0, 2),
    }
    tell_plan(settings, bars, len(found), START_SECONDS + seconds, series=listed, **totals)
    return 0


def _of_files(series: Series, start_ms: int, end_ms: int, from_trades: bool) -> Estimate:
    """Return what a series of an archive takes: its files, and their checksums."""
    files = archive_files(series, start_ms, end_ms, from_trades)
    rows = (end_ms - start_ms) // series.period_ms if series.timeframe else None
    return Estimate(series, sum(1 + file.checksum for file in files), rows)


def _span(start: str, end: str | None) -> tuple[int, int]:
    now = int(utc_now().timestamp() * 1000)
    first = parse_time(start).value // 1_000_000
    last = parse_time(end).value // 1_000_000 if end else now
    if first >= min(last, now):
        raise MarketError(f"--start {start} must lie before {'--end ' + end if end and last <= now else 'now'}")
    return first, last


async def _download(
    store: Catalog, venue: str, symbols: tuple[str, ...], timeframe: str, kinds: tuple[str, ...], span: tuple[int, int],
    archive: bool, from_trades: bool, again: bool, url: str | None,
) -> list[Downloaded]:  # fmt: skip
    patience = RetryPolicy()
    wanted = tuple(dict.fromkeys(symbols))
    if archive or from_trades:
        planned = [series for symbol in wanted for series in plan_archive(venue, symbol, timeframe, kinds, from_trades)]
        async with bounded_session() as session:
            with ProgressBars("rows", transient=False) as bars:
                report = _series_bars(bars)
                return await collect_all(session, store, planned, *span, patience, report, url, from_trades, again)
    from datafeeds.exchanges.client import connect  # ccxt takes a second to load, and --list does without

    asked = [item for symbol in wanted for item in plan(venue, symbol, timeframe, kinds)]
    async with connect(venue, patience, url) as client:
        with ProgressBars("rows", transient=False) as bars:
            return await download_all(client, store, asked, *span, patience, _series_bars(bars), again)


def _series_bars(bars: ProgressBars) -> Callable[[Series, int, int, int], None]:
    return lambda series, rows, done_ms, total_ms: bars.advance(str(series), done_ms, total_ms, rows)


def _tell(outcome: list[Downloaded], as_json: bool, catalog: Path | None) -> int:
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
            suggest("backtest", {"strategy": "magnet", "data": _name(candles[0]), "catalog": catalog})
    return _told_failures(outcome)


def _told_failures(outcome: list[Downloaded]) -> int:
    """Tell each reason for which series were not finished; return the exit code."""
    failed = [result for result in outcome if result.error]
    for reason in dict.fromkeys(result.error for result in failed):
        sys.stderr.write(f"error: {reason}\n")
    if failed:
        count = f"{len(failed)} of {len(outcome)} series not finished"
        sys.stderr.write(f"error: {count}; the same command goes on where this one ended\n")
        _note_what_needs_no_network([result.error for result in failed])
    return 1 if failed else 0


def _show(store: Catalog, check: bool, as_json: bool, catalog: Path | None) -> int:
    store.sweep()
    holdings = inventory(store, check)
    if as_json:
        print_json(holdings_json(store.root, holdings))
    else:
        print_holdings(store.root, holdings)
        named = [_name(holding.series) for holding in holdings if holding.series.kind == "candles"]
        suggest("backtest", {"strategy": "magnet", "data": named[0] if named else None, "catalog": catalog})
    damaged = [defect for holding in holdings for defect in holding.defects]
    if check and not as_json:
        print_verified(holdings)
    sys.stderr.writelines(f"error: {defect}\n" for defect in damaged)
    return 1 if damaged else 0


def _update(
    store: Catalog, venue: str | None, symbols: tuple[str, ...], kinds: tuple[str, ...], url: str | None, as_json: bool,
    dry_run: bool,
) -> int:  # fmt: skip
    """Bring series of the catalog to now, and tell a line of each."""
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
        print_due(items, left)
        return 0
    if not items and not left:
        raise MarketError(f"the catalog {store.root} holds no such series")
    outcome = asyncio.run(_updated(store, items, url))
    print_updated(store, outcome, left, as_json)
    return _told_failures(outcome)


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
                    outcome += await update_all(client, store, of_venue, now, patience, _series_bars(bars))
            except MarketError as error:  # a key that is not there is no reason to leave the other venues
                outcome += [Downloaded(item.series, 0, error=str(error)) for item in of_venue]
    return outcome


def _import(
    store: Catalog, file: Path, mapping: Path | None, venue: str, symbols: tuple[str, ...], as_json: bool,
    catalog: Path | None,
) -> int:  # fmt: skip
    if len(symbols) != 1:
        raise click.UsageError("a file holds one symbol: give --symbol once")
    if file.is_dir():
        _tell_stored(import_records(store, read_node_fills(file), "liquidations", venue, symbols[0]), as_json)
        return 0
    try:
        market = open_file(file, mapping)
    except MarketError:
        kind = None if mapping else record_kind(file)
        if kind is None:
            raise
        _tell_stored(import_records(store, file, kind, venue, symbols[0]), as_json)
        return 0
    doubt = import_doubt(store, market, venue, symbols[0])
    written = import_market(store, market, venue, symbols[0])
    _tell_stored(written, as_json)
    if not as_json:
        note(*market.remarks, *market.quality.sentences(), *([doubt] if doubt else []))
        suggest("backtest", {"strategy": "magnet", "data": _name(written[0]), "catalog": catalog})
    return 0


def _tell_stored(written: list[Series], as_json: bool) -> None:
    if as_json:
        print_json([str(series) for series in written])
    else:
        sys.stdout.writelines(f"{series}: stored\n" for series in written)


def _export(
    store: Catalog, target: Path, venue: str | None, kinds: tuple[str, ...], symbols: tuple[str, ...], timeframe: str,
    start: str | None, end: str | None,
) -> int:  # fmt: skip
    """Write a market's bars to a file, or a venue's records."""
    if venue and len(kinds) == 1 and kinds[0] in RECORD_SCHEMAS:
        span = (
            parse_time(start).value // 1_000_000 if start else 0,
            parse_time(end).value // 1_000_000 if end else 2**53,
        )
        frame, what = export_records(store, kinds[0], venue, symbols, *span), f"{kinds[0]} of {venue}"
    elif venue and len(symbols) == 1 and not kinds:
        market = open_market(f"{venue}:{symbols[0]}:{timeframe}", start, end, catalog=store.root)
        frame, what = canonical_table(market), f"bars of {market.name}"
        note(*market.caveats(), *market.quality.sentences())
    else:
        raise click.UsageError(
            "name what to export: --venue binance --symbol BTC/USDT:USDT --timeframe 1h for bars, or --venue binance "
            f"--series {' or '.join(RECORD_SCHEMAS)}"
        )
    write_table(frame, target)
    sys.stdout.write(f"{target}: {len(frame):,} {what}\n")
    return 0


def _follow(store: Catalog, venue: str, symbols: tuple[str, ...], url: str | None, feed_url: str | None) -> None:
    """Record liquidations until interrupted; what was recorded a second before any end is on the disk."""
    from runs.commandline.follow import follow

    recorded = asyncio.run(follow(store, venue, symbols, url, feed_url))
    sys.stdout.write(f"{recorded.events:,} liquidations recorded over {recorded.connections} connections\n")
    if recorded.unreadable:
        sys.stderr.write(f"note: {recorded.unreadable} messages could not be read; their times are not claimed\n")


def _follow_positions(store: Catalog, venue: str, accounts: Path, every: str | None, url: str | None) -> None:
    from runs.commandline.follow import follow_positions

    asyncio.run(follow_positions(store, venue, accounts, every, url))


def _tiers(store: Catalog, venue: str, symbols: tuple[str, ...], url: str | None, as_json: bool) -> None:
    from runs.commandline.tiers import ask_tiers, print_tiers

    tiers, terms = asyncio.run(ask_tiers(venue, symbols, url))
    print_tiers(tiers, as_json)
    kept = [keep_terms(store.root, told, f"{utc_now():%Y-%m-%d}") for told in terms]
    note(*(f"kept in {file}; runs on this market of the catalog trade by it" for file in kept))


def _told(action: Callable[..., None], *arguments: object) -> int:
    """Call what needs the network, and tell what does not if there is none."""
    try:
        action(*arguments)
    except SourceError as error:
        sys.stderr.write(f"error: {error}\n")
        _note_what_needs_no_network([str(error)])
        return 1
    return 0


def _note_what_needs_no_network(errors: list[str]) -> None:
    if any(_UNREACHED in error for error in errors):
        sys.stderr.write(f"note: {NO_NETWORK}\n")


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
