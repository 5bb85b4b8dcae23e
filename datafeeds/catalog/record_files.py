"""Files of single liquidations and of position snapshots, into the catalog and out of it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.catalog.market import MarketId, market_id
from datafeeds.catalog.replacing import replacing
from datafeeds.catalog.rows import complete, take
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, ReplyError
from datafeeds.records import LIQUIDATIONS, POSITIONS, SIDES, read_records
from datafeeds.series import KINDS, Rows, Series
from datafeeds.symbol_names import read_symbol
from datafeeds.tables import read_table

RECORD_SCHEMAS = {"liquidations": LIQUIDATIONS, "positions": POSITIONS}
"""The kinds that files of records hold."""

_NAMES = {"price": "price_avg", "limit_price": "price_bankrupt", "size": "filled", "ordered_size": "size"}
"""What the schema calls columns of liquidations whose names differ."""

_MARKS = (
    ("positions", {"account", "entry_price"}),
    ("liquidations", {"side", "price_bankrupt"}),
    ("liquidations", {"side", "price_avg"}),
)
"""Columns that no other table has; `read_records` names those that are missing."""

_AT_ONCE = 8


def record_kind(file: Path) -> str | None:
    """Return which records a file's columns are of; None for a table of another kind, or one that cannot be read."""
    try:
        columns = set(read_table(file).columns)
    except MarketError:
        return None
    return next((kind for kind, marks in _MARKS if marks <= columns), None)


def unified_symbol(text: str, pattern: str) -> str:
    """Return the unified symbol of a contract or coin as a file writes it.

    What its name says of quote and expiry counts, else what the pattern says; so it does of dollars that are no settlement.

    Parameters
    ----------
    pattern
        A unified symbol with ``*`` for the coin.

    Examples
    --------
    >>> [unified_symbol(text, "*/USDT:USDT") for text in ("BTC", "ETHUSDC", "BTCUSD_PERP", "BTC_250627", "xyz:GOLD")]
    ['BTC/USDT:USDT', 'ETH/USDC:USDC', 'BTC/USD:BTC', 'BTC/USDT:USDT-250627', 'XYZ-GOLD/USDT:USDT']
    """
    if "/" in text and ":" in text:
        return text
    read = read_symbol(text)
    said = read.quote if read.inverse or read.quote != "USD" else ""
    symbol = f"{read.base}/{said}:{read.base if read.inverse else said}" if said else pattern.replace("*", read.base)
    return f"{symbol}-{read.expiry}" if read.expiry else symbol


def import_records(
    catalog: Catalog, source: pd.DataFrame | Path | str, kind: str, venue: str, symbol: str
) -> list[Series]:
    """Store records of a file; return the series that have them. What is there stays.

    Liquidations lie each under its contract, positions all under the symbol.

    Parameters
    ----------
    source, kind
        As `datafeeds.records.read_records` takes it; a key of `RECORD_SCHEMAS`.
    symbol
        A unified symbol; ``*`` in it stands for every coin, as ``*/USDT:USDT``.

    Raises
    ------
    MarketError
        If the file breaks its schema, holds other coins than the symbol's, or contradicts what is stored.
    """
    if market_id(f"{venue}:{symbol}:1h") != MarketId(venue, symbol, "1h"):
        raise MarketError(f"{venue[:40]!r} is no venue's name: write small letters, digits, - and _, such as mine")
    schema = RECORD_SCHEMAS[kind]
    frame = read_records(source, schema)
    label = "symbol" if kind == "liquidations" else "coin"
    texts = frame[label].unique()
    if "*" not in symbol:
        others = [text for text in texts if read_symbol(text).unit != read_symbol(symbol).unit]
        if others:
            raise MarketError(
                f"it holds {others[0][:40]!r} and {len(texts) - 1} other names: --symbol '*/USDT:USDT' takes each"
            )
    apart = "*" in symbol and kind == "liquidations"
    named = {text: unified_symbol(text, symbol) if apart else symbol for text in texts}
    rows, symbols = _rows(frame, kind), frame[label].map(named).to_numpy()
    written = [Series(venue, name, kind) for name in sorted(set(named.values()))]
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:  # hundreds of small files, and each waits for the disk
            list(pool.map(lambda series: catalog.keep(series, take(rows, symbols == series.symbol)), written))
    except ReplyError as error:
        raise MarketError(f"{source if isinstance(source, (str, Path)) else kind}: {error}") from None
    return written


def export_records(
    catalog: Catalog, kind: str, venue: str, symbols: tuple[str, ...], start_ms: int, end_ms: int
) -> pd.DataFrame:
    """Return records of a venue in the order of time, as `import_records` and `read_records` take them.

    Parameters
    ----------
    symbols
        Unified symbols; empty: all there are.

    Raises
    ------
    MarketError
        If the catalog holds none, or a file there is damaged.
    """
    held = [series for series in catalog.series() if (series.venue, series.kind) == (venue, kind)]
    chosen = [series for series in held if not symbols or series.symbol in symbols]
    parts = [_frame(series, catalog.read(series, start_ms, end_ms)) for series in chosen]
    if not sum(map(len, parts)):
        there = ", ".join(series.symbol for series in held[:5]) or "none"
        raise MarketError(f"the catalog {catalog.root} holds no such {kind} of {venue} (it has {there})")
    return pd.concat(parts).sort_values("ts", kind="stable", ignore_index=True)


def write_table(frame: pd.DataFrame, file: Path) -> None:
    """Write a table as parquet or CSV, by its name's ending, whole or not at all.

    Raises
    ------
    MarketError
        For another ending, or a folder that cannot be written.
    """
    if file.suffix not in (".parquet", ".csv"):
        raise MarketError(f"{file}: write it as .parquet or .csv")
    try:
        with replacing(file) as handle:
            frame.to_parquet(handle, index=False) if file.suffix == ".parquet" else frame.to_csv(handle, index=False)
    except OSError as error:
        raise MarketError(f"{file}: cannot be written ({error.strerror or error})") from None


def _rows(frame: pd.DataFrame, kind: str) -> Rows:
    names = {ours: theirs for ours, theirs in _NAMES.items() if kind == "liquidations"}
    ts = _milliseconds(frame["ts"])
    rows = {"ts": ts, "known_at": _milliseconds(frame["known_at"]) if "known_at" in frame else ts.copy()}
    rows |= {name: frame[name].to_numpy().astype(str) for name in KINDS[kind].texts}
    for name in KINDS[kind].values:
        source = names.get(name, name)
        if name == "side":
            rows[name] = np.where(frame["side"] == SIDES[0], 1.0, -1.0)
        elif source in frame:
            rows[name] = frame[source].to_numpy(np.float64)
    return complete(Series("", "", kind), rows)


def _frame(series: Series, rows: Rows) -> pd.DataFrame:
    schema, names = RECORD_SCHEMAS[series.kind], _NAMES if series.kind == "liquidations" else {}
    columns: dict[str, Any] = {names.get(name, name): values for name, values in rows.items()}
    columns["side"] = np.where(rows["side"] > 0.0, *SIDES)
    if series.kind == "liquidations":  # what was ordered is at least what was executed
        columns["size"] = np.where(np.isnan(columns["size"]), columns["filled"], columns["size"])
    if series.kind == "liquidations":
        columns["symbol"] = series.symbol
    for name in ("ts", "known_at"):
        columns[name] = pd.to_datetime(columns[name], unit="ms", utc=True).as_unit("ms")
    return pd.DataFrame({name: columns[name] for name in dict.fromkeys((*schema.columns, *schema.further))})


def _milliseconds(times: pd.Series) -> np.ndarray:
    return times.dt.tz_localize(None).to_numpy("datetime64[ms]").astype(np.int64)
