"""Files into the catalog."""

import sys
from pathlib import Path

import click

from datafeeds.archives.node_fills import read_node_fills
from datafeeds.catalog.importing import import_doubt, import_market
from datafeeds.catalog.record_files import import_records, record_kind
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError
from datafeeds.markets import open_file
from datafeeds.series import Series
from runs.commandline.command import note, suggest
from runs.commandline.output import print_json
from runs.downloads.fetched import market_name


def import_file(
    store: Catalog, file: Path, mapping: Path | None, venue: str, symbols: tuple[str, ...], as_json: bool,
    catalog: Path | None,
) -> int:  # fmt: skip
    """Take a file of bars or records into the catalog, or a folder of a node's fills; return the exit code."""
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
        suggest("backtest", {"strategy": "magnet", "data": market_name(written[0]), "catalog": catalog})
    return 0


def _tell_stored(written: list[Series], as_json: bool) -> None:
    if as_json:
        print_json([str(series) for series in written])
    else:
        sys.stdout.writelines(f"{series}: stored\n" for series in written)
