"""Bring market data into the local catalog: from exchanges, archives, live feeds and files."""

import asyncio
import sys
from pathlib import Path

import click

from datafeeds.catalog.location import catalog_root
from datafeeds.catalog.store import Catalog
from runs.commandline.command import Command, run_command
from runs.commandline.options import dry_run_option
from runs.downloads.exported import export_file
from runs.downloads.failures import told
from runs.downloads.fetched import fetch, tell_fetched
from runs.downloads.imported import import_file
from runs.downloads.inventory import show
from runs.downloads.planned import Wanted, span_of, tell_planned
from runs.downloads.update import update as bring_to_now


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
        return show(store, check, as_json, catalog)
    if target:
        return export_file(store, target, venue, kinds, symbols, timeframe, start, end)
    if update:
        if start or end or archive or from_trades or file or follow or accounts or tiers or again:
            raise click.UsageError(
                "--update goes on where each series ends: only --venue, --symbol, --series go with it"
            )
        return bring_to_now(store, venue, symbols, kinds, url, as_json, dry_run)
    if follow == "positions":
        if not venue or not accounts:
            raise click.UsageError(
                "name whose positions: --venue hyperliquid --follow positions --accounts addresses.txt"
            )
        from runs.downloads.follow import follow_positions  # ccxt takes a second to load, and --list does without

        return told(follow_positions, store, venue, accounts, every, url)
    if not venue or not symbols:
        raise click.UsageError("name what to download: --venue binance --symbol BTC/USDT:USDT --start 2024-01-01")
    if file:
        return import_file(store, file, mapping, venue, symbols, as_json, catalog)
    if follow:
        from runs.downloads.follow import follow as record

        return told(record, store, venue, symbols, url, feed_url)
    if tiers:
        from runs.downloads.tiers import show_tiers

        return told(show_tiers, store, venue, symbols, url, as_json)
    if not start:
        raise click.UsageError("name where to begin: --start 2024-01-01")
    wanted = Wanted(venue, symbols, timeframe, kinds, *span_of(start, end), archive, from_trades)
    if dry_run:
        tell_planned(wanted)
        return 0
    return tell_fetched(asyncio.run(fetch(store, wanted, again, url)), as_json, catalog)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(command, argv)


if __name__ == "__main__":
    sys.exit(main())
