"""The catalog's contents, for people and for scripts."""

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from datafeeds.catalog.inventory import Holding, inventory
from datafeeds.catalog.store import Catalog
from runs.commandline.command import suggest
from runs.commandline.output import print_json, print_lines, wide_console
from runs.downloads.fetched import market_name


def time_text(ms: int | None) -> str:
    """Return a time in milliseconds since 1970 to the minute, UTC; a dash for none."""
    return "-" if ms is None else str(np.datetime64(ms, "ms").astype("datetime64[m]")).replace("T", " ")


def show(store: Catalog, check: bool, as_json: bool, catalog: Path | None) -> int:
    """Show what the catalog holds, and what of it is damaged if that is asked; return the exit code."""
    store.sweep()
    holdings = inventory(store, check)
    if as_json:
        print_json(_holdings_json(store.root, holdings))
    else:
        _print_holdings(store.root, holdings)
        named = [market_name(holding.series) for holding in holdings if holding.series.kind == "candles"]
        suggest("backtest", {"strategy": "magnet", "data": named[0] if named else None, "catalog": catalog})
    damaged = [defect for holding in holdings for defect in holding.defects]
    if check and not as_json:
        _print_verified(holdings)
    sys.stderr.writelines(f"error: {defect}\n" for defect in damaged)
    return 1 if damaged else 0


def _holdings_json(root: Path, holdings: list[Holding]) -> dict[str, Any]:
    """Return the contents as plain values."""
    return {
        "catalog": str(root),
        "series": [
            {
                "venue": held.series.venue,
                "symbol": held.series.symbol,
                "kind": held.series.kind,
                "timeframe": held.series.timeframe,
                "rows": held.rows,
                "size_bytes": held.size_bytes,
                "first": time_text(held.first_ms),
                "last": time_text(held.last_ms),
                "not_downloaded": [[time_text(start), time_text(end)] for start, end in held.not_downloaded],
                "absent_periods": held.absent,
                "defects": list(held.defects),
                "compared_with": held.compared.smaller if held.compared else None,
                "compared_rows": held.compared.rows if held.compared else 0,
            }
            for held in holdings
        ],
    }


def _print_holdings(root: Path, holdings: list[Holding]) -> None:
    """Print a table that fits 80 characters, market by market, and each gap that was never downloaded."""
    if not holdings:
        print_lines(f"The catalog {root} is empty.")
        return
    print_lines(f"catalog {root}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("series", overflow="fold")
    for title in ("first (UTC)", "last (UTC)"):
        table.add_column(title, no_wrap=True)
    for title in ("rows", "MB", "gaps", "absent"):
        table.add_column(title, justify="right", no_wrap=True)
    for market, series in itertools.groupby(holdings, lambda held: f"{held.series.venue} {held.series.symbol}"):
        table.add_row(escape(market))
        for held in series:
            cells = [
                f"  {held.series.kind} {held.series.timeframe}",
                time_text(held.first_ms)[:10],
                time_text(held.last_ms)[:10],
            ]
            cells += [f"{held.rows:,}", f"{held.size_bytes / 1e6:.1f}", str(len(held.not_downloaded)), str(held.absent)]
            table.add_row(*cells)
    wide_console().print(table)
    for held in holdings:
        for start, end in held.not_downloaded:
            print_lines(f"gap: {held.series}: {time_text(start)} .. {time_text(end)} was never downloaded")
    print_lines("gaps: never downloaded. absent: the source answered, and had no row.")


def _print_verified(holdings: list[Holding]) -> None:
    """Print what a check has found sound: candles that equal those made of smaller ones, and how much was read."""
    for held in holdings:
        if held.compared and not len(held.compared.differing):
            print_lines(
                f"{held.series}: verified, {held.compared.rows:,} rows equal those made of {held.compared.smaller}"
            )
    if not any(held.defects for held in holdings):
        rows = sum(held.rows for held in holdings)
        print_lines(f"verified, {rows:,} rows of {len(holdings):,} series were read, and none is damaged")
