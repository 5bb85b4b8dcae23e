"""The archives' CSV tables, with or without a header, turned into rows."""

import io
from collections.abc import Iterator
from typing import IO, cast
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
from pyarrow import csv

from datafeeds.archives.layout import ArchiveFile, archive_symbol, contract_usd, is_coin_margined
from datafeeds.catalog.rows import take
from datafeeds.errors import ReplyError
from datafeeds.exchanges.reply import to_minute
from datafeeds.series import Rows, Series
from datafeeds.stamps import stood_at
from datafeeds.text import reason, shown
from datafeeds.units import to_base

_DAY_MS = 86_400_000
_MAX_TABLE_BYTES = 64 * 2**20  # assumption: a month of one-minute candles is some MB
_MICROSECONDS_FROM = 10**14  # a time in milliseconds reaches this in the year 5138

KLINES = ("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
          "taker_buy_quote_volume", "ignore")  # fmt: skip
METRICS = ("create_time", "symbol", "sum_open_interest", "sum_open_interest_value", "count_toptrader_long_short_ratio",
           "sum_toptrader_long_short_ratio", "count_long_short_ratio", "sum_taker_long_short_vol_ratio")  # fmt: skip
FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")
LIQUIDATIONS = ("time", "side", "order_type", "time_in_force", "original_quantity", "price", "average_price", "order_status",
                "last_fill_quantity", "accumulated_fill_quantity")  # fmt: skip
METRICS_KINDS = ("open_interest", "long_short_ratio")
_WHOLE_DAY_ROWS = 280  # of 288: assumption
_TYPES = {
    "create_time": pa.timestamp("s"),
    **dict.fromkeys(("open_time", "calc_time", "time", "transact_time", "agg_trade_id"), pa.int64()),
    **dict.fromkeys(("symbol", "side", "order_status", "is_buyer_maker"), pa.string()),
}
"""Types of columns that are no plain numbers."""


def blocks(stream: IO[bytes], names: tuple[str, ...], used: tuple[str, ...], label: str) -> Iterator[pa.RecordBatch]:
    """Yield a table's used columns in blocks, so that memory is bounded.

    Parameters
    ----------
    names
        All columns in order, for a table without a header line; one with it is read by its names.
    used
        Those that are read.
    label
        What messages call the file.

    Raises
    ------
    ReplyError
        If it is not such a table.
    """
    first = stream.peek(4096)[:4096].split(b"\n", 1)[0].strip().decode("ascii", "replace")  # type: ignore[attr-defined]
    fields = [field.strip().strip('"') for field in first.split(",")]
    has_header = bool(fields[0]) and not fields[0][0].isdigit()
    if has_header and (not set(used) <= set(fields) or len(set(fields)) < len(fields)):
        raise ReplyError(f"{label}: its columns are {shown(first)!r}, not the documented ones")
    if not has_header and len(fields) < len(names):
        raise ReplyError(f"{label}: rows of {len(fields)} fields where {len(names)} are documented")
    # venues add columns at the end
    order = fields if has_header else [*names, *(f"further_{place}" for place in range(len(fields) - len(names)))]
    kinds = {name: _TYPES.get(name, pa.float64()) for name in used}
    try:
        reader = csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=csv.ReadOptions(column_names=order, skip_rows=int(has_header), block_size=2**22),
            convert_options=csv.ConvertOptions(
                column_types=kinds,
                include_columns=list(used),
                strings_can_be_null=True,
                timestamp_parsers=["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"],  # some midnights are written as a date alone
            ),
        )
        yield from reader
    except ReplyError:
        raise
    except Exception as error:  # whatever a torn or foreign table makes the parser raise
        raise ReplyError(f"{label}: damaged ({reason(error)})") from None


def column(table: pa.Table | pa.RecordBatch, name: str, label: str) -> np.ndarray:
    """Return a column without unknown values, (n,).

    Raises
    ------
    ReplyError
        If a value is unknown.
    """
    values = table.column(name)
    if values.null_count:
        raise ReplyError(f"{label}: {values.null_count} empty cells in {name}")
    return np.asarray(values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy())


def milliseconds(times: np.ndarray, label: str) -> np.ndarray:
    """Return times written in milli- or microseconds as milliseconds; one unit a file.

    Raises
    ------
    ReplyError
        If both occur.
    """
    micro = times >= _MICROSECONDS_FROM
    if micro.any() and not micro.all():
        raise ReplyError(f"{label}: times in milliseconds and in microseconds")
    return times // 1000 if micro.any() else times


def read_table(series: Series, file: ArchiveFile, content: IO[bytes]) -> tuple[Rows, str]:
    """Return the rows of a Binance table, in any order, perhaps doubled; and a doubt about them, or an empty text.

    Raises
    ------
    ReplyError
        If it is not the documented table, or holds rows of other times than its name says.
    """
    text = content.read(_MAX_TABLE_BYTES + 1)
    if len(text) > _MAX_TABLE_BYTES:
        raise ReplyError(f"{file.name}: larger than any such table")
    read = _metrics if series.kind in METRICS_KINDS else _undoubted
    try:
        rows, doubt = read(series, file, text)
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise ReplyError(f"{file.name}: damaged ({reason(error)})") from None
    strange = (rows["ts"] < (file.first_ms if doubt else file.start_ms)) | (rows["ts"] >= file.end_ms)
    if strange.any():
        raise ReplyError(f"{file.name}: {int(strange.sum())} rows of times that its name does not say")
    return rows, doubt


def _table(text: bytes, names: tuple[str, ...], used: tuple[str, ...], file: ArchiveFile) -> pa.Table:
    if not text.strip():
        raise ReplyError(f"{file.name}: empty")
    stream = cast(IO[bytes], io.BufferedReader(cast(io.RawIOBase, io.BytesIO(text))))
    schema = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in used])
    return pa.Table.from_batches(list(blocks(stream, names, used, file.name)), schema)


def _some(table: pa.Table, file: ArchiveFile) -> pa.Table:
    if not len(table):
        raise ReplyError(f"{file.name}: no rows")
    return table


def _candles(series: Series, file: ArchiveFile, text: bytes) -> Rows:
    prices = ("open", "high", "low", "close")
    sizes = ("volume", "taker_buy_volume") if series.kind == "candles" else ()
    table = _some(_table(text, KLINES, ("open_time", *prices, *sizes), file), file)
    ts = milliseconds(column(table, "open_time", file.name), file.name)
    values = {name: column(table, name, file.name) for name in (*prices, *sizes)}
    return {"ts": ts, "known_at": ts + series.period_ms, **values}


def _metrics(series: Series, file: ArchiveFile, text: bytes) -> tuple[Rows, str]:
    """Return what stood at each instant, and a doubt where the labels do not fit the file's date.

    The file's day, not the label, decides what its labels mean: the last old file and the first new one share the label
    2026-06-25 00:00, which is that instant in the old file, and 00:05 in the new one (datafeeds/stamps.py). So the instants of
    consecutive files join without a gap, a double, or a value known early. A blank is what the venue does not know
    (binance-public-data#498): that instant has no row.
    """
    name = "sum_open_interest" if series.kind == "open_interest" else "count_long_short_ratio"
    table = _some(_table(text, METRICS, ("create_time", "symbol", name), file), file)
    one_symbol(table, series, file)
    labels = column(table, "create_time", file.name).astype("datetime64[ms]").astype(np.int64)
    late, double, doubt = _convention(labels, series, file)
    ts = labels + late
    known = np.asarray(table.column(name).is_valid()) & (labels != double)
    values = table.column(name).to_numpy()[known]
    return {"ts": ts[known], "known_at": ts[known].copy(), series.kind: values}, doubt


def _convention(labels: np.ndarray, series: Series, file: ArchiveFile) -> tuple[int, int, str]:
    """Return how long after its label a value stood, the midnight that a neighbouring day's file holds too, and a doubt.

    Labels of instants go from 00:05 to the next midnight, those of openings from midnight to 23:55. A whole day of the other
    kind than its date's is read as what it is; a part of a day that holds only the other midnight fits neither and is read
    by its date.
    """
    first, last = file.first_ms, file.first_ms + _DAY_MS
    late = int(stood_at("binance", "archive", series.kind, np.array([first]), series.period_ms)[0]) - first
    opens, ends = bool((labels == first).any()), bool((labels == last).any())
    if not ((ends and not opens) if late else (opens and not ends)):
        return late, last if late else first, ""
    whole = len(np.unique(labels)) >= _WHOLE_DAY_ROWS
    if whole:
        late = 0 if late else series.period_ms
    meant = "the opens of their periods" if late else "the instants themselves"
    why = (
        "as the whole day says"
        if whole
        else "as its date says, though it holds the midnight of the other reading alone"
    )
    # a part of a day by the old reading has midnight from no other file
    return late, last if late else -1, f"{file.name}: labels of another kind than its date's are read as {meant}, {why}"


def _funding(series: Series, file: ArchiveFile, text: bytes) -> Rows:
    table = _table(text, FUNDING, ("calc_time", "last_funding_rate"), file)
    ts = to_minute(milliseconds(column(table, "calc_time", file.name), file.name))
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": column(table, "last_funding_rate", file.name)}


def _liquidations(series: Series, file: ArchiveFile, text: bytes) -> Rows:
    """Return what was filled, at its average price; orders of which nothing was filled forced nothing and are left out.

    A filled order without an average price is no documented row: it is refused, not given the order's limit price, which is
    the bankruptcy price and not what was paid. COIN-M's sizes are contracts.
    """
    used = ("time", "side", "average_price", "accumulated_fill_quantity", "price", "original_quantity")
    table = _table(text, LIQUIDATIONS, used, file)
    ts, side, price, size, limit, ordered = (column(table, name, file.name) for name in used)
    ts, side = milliseconds(ts, file.name), side.astype(str)
    if not np.isin(side, ("SELL", "BUY")).all():
        raise ReplyError(f"{file.name}: a side that is neither SELL nor BUY")
    if not (np.isfinite(size) & (size >= 0.0)).all() or not (price[size > 0.0] > 0.0).all():
        raise ReplyError(f"{file.name}: a filled order without a price, or a size below 0")
    rows = {
        "ts": ts,
        "known_at": ts + 1000,  # the stream it was taken from speaks once a second
        "side": np.where(side == "SELL", 1.0, -1.0),  # the order's side: a long is liquidated by a sale
        "price": price,
        "size": size,
        "limit_price": np.where(limit > 0.0, limit, np.nan),
        "ordered_size": ordered,
    }
    filled = take(rows, size > 0.0)
    if is_coin_margined(series):
        dollars = contract_usd(series.symbol)
        for name in ("size", "ordered_size"):
            filled[name] = to_base(filled[name], "inverse contracts", dollars, filled["price"])
    return filled


_READERS = {
    "candles": _candles,
    "mark": _candles,
    "funding": _funding,
    "liquidations": _liquidations,
}


def _undoubted(series: Series, file: ArchiveFile, text: bytes) -> tuple[Rows, str]:
    return _READERS[series.kind](series, file, text), ""


def one_symbol(table: pa.Table | pa.RecordBatch, series: Series, file: ArchiveFile) -> None:
    """Refuse rows of another symbol.

    Raises
    ------
    ReplyError
        If there are some.
    """
    expected = unquote(archive_symbol(series.symbol, series.venue))
    named = table.column("symbol").unique().to_pylist()
    if named not in ([], [expected]):
        raise ReplyError(f"{file.name}: rows of {shown(named)}, not of {expected} alone")
