"""The catalog into files."""

import sys
from pathlib import Path

import click

from datafeeds.catalog.record_files import RECORD_SCHEMAS, export_records, write_table
from datafeeds.catalog.store import Catalog
from datafeeds.columns import parse_time
from datafeeds.markets import open_market
from datafeeds.schema import canonical_table
from runs.commandline.command import note


def export_file(
    store: Catalog, target: Path, venue: str | None, kinds: tuple[str, ...], symbols: tuple[str, ...], timeframe: str,
    start: str | None, end: str | None,
) -> int:  # fmt: skip
    """Write a market's bars to a file, or a venue's records; return the exit code."""
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
