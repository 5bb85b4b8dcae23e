"""The archives' CSV tables, with or without a header, turned into rows."""

import io
from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa
from pyarrow import csv

from datafeeds.archives.layout import ArchiveFile
from datafeeds.errors import ReplyError
from datafeeds.exchanges.reply import to_minute
from datafeeds.series import Rows, Series
from datafeeds.stamps import stood_at

_MOST_TABLE_BYTES = 256 * 2**20  # assumption: a month of one-minute candles is some MB
_MICROSECONDS_FROM = 10**14  # a time in milliseconds reaches this in the year 5138

KLINES = ("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
          "taker_buy_quote_volume", "ignore")  # fmt: skip
METRICS = ("create_time", "symbol", "sum_open_interest", "sum_open_interest_value", "count_toptrader_long_short_ratio",
           "sum_toptrader_long_short_ratio", "count_long_short_ratio", "sum_taker_long_short_vol_ratio")  # fmt: skip
FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")
LIQUIDATIONS = ("time", "side", "order_type", "time_in_force", "original_quantity", "price", "average_price", "order_status",
                "last_fill_quantity", "accumulated_fill_quantity")  # fmt: skip
_TEXTS = ("create_time", "symbol", "side", "order_type", "time_in_force", "order_status", "is_buyer_maker", "tickDirection",
          "trdMatchID")  # fmt: skip
_WHOLE = ("open_time", "close_time", "count", "calc_time", "time", "transact_time")


def blocks(stream: IO[bytes], names: tuple[str, ...], used: tuple[str, ...], label: str) -> Iterator[pa.RecordBatch]:
    """Yield a table's used columns in blocks, so that memory is bounded.

    Parameters
    ----------
    names
        All columns in order; a header line, if there is one, must begin with these.
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
    if has_header and tuple(fields[: len(names)]) != names:
        raise ReplyError(f"{label}: its columns are {first[:80]!r}, not the documented ones")
    if not has_header and len(fields) < len(names):
        raise ReplyError(f"{label}: rows of {len(fields)} fields where {len(names)} are documented")
    extra = tuple(f"further_{place}" for place in range(len(fields) - len(names)))  # venues add columns at the end
    kinds = {name: pa.string() if name in _TEXTS else pa.int64() if name in _WHOLE else pa.float64() for name in used}
    try:
        reader = csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=csv.ReadOptions(column_names=[*names, *extra], skip_rows=int(has_header), block_size=2**22),
            convert_options=csv.ConvertOptions(
                column_types=kinds, include_columns=list(used), strings_can_be_null=True
            ),
        )
        yield from reader
    except ReplyError:
        raise
    except Exception as error:  # whatever a torn or foreign table makes the parser raise
        raise ReplyError(f"{label}: damaged ({' '.join(str(error).split())[:80]})") from None


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


def read_table(series: Series, file: ArchiveFile, content: IO[bytes]) -> Rows:
    """Return the rows of a Binance table, in any order, perhaps doubled.

    Raises
    ------
    ReplyError
        If it is not the documented table.
    """
    label = file.path.rpartition("/")[2]
    text = content.read(_MOST_TABLE_BYTES + 1)
    if len(text) > _MOST_TABLE_BYTES:
        raise ReplyError(f"{label}: larger than any such table")
    if not text.strip():
        raise ReplyError(f"{label}: empty")
    read = {"candles": _candles, "mark": _candles, "funding": _funding, "liquidations": _liquidations}.get(
        series.kind, _metrics
    )
    try:
        return read(series, file, io.BufferedReader(io.BytesIO(text)), label)  # type: ignore[arg-type]
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise ReplyError(f"{label}: damaged ({' '.join(str(error).split())[:80]})") from None


def _table(stream: IO[bytes], names: tuple[str, ...], used: tuple[str, ...], label: str) -> pa.Table:
    return pa.Table.from_batches(list(blocks(stream, names, used, label)))


def _candles(series: Series, file: ArchiveFile, stream: IO[bytes], label: str) -> Rows:
    prices = ("open", "high", "low", "close")
    sizes = ("volume", "taker_buy_volume") if series.kind == "candles" else ()
    table = _table(stream, KLINES, ("open_time", *prices, *sizes), label)
    ts = milliseconds(column(table, "open_time", label), label)
    return {
        "ts": ts,
        "known_at": ts + series.period_ms,
        **{name: column(table, name, label) for name in (*prices, *sizes)},
    }


def _metrics(series: Series, file: ArchiveFile, stream: IO[bytes], label: str) -> Rows:
    name = "sum_open_interest" if series.kind == "open_interest" else "count_long_short_ratio"
    table = _table(stream, METRICS, ("create_time", name), label)
    table = table.filter(pa.compute.is_valid(table.column(name)))  # some rows lack some of the figures
    words = column(table, "create_time", label).astype(str)
    stamps = words.astype("datetime64[ms]").astype(np.int64)
    # The file's day decides what its labels mean: the last old file and the first new one share a label (stamps.py).
    late = (
        int(stood_at("binance", "archive", series.kind, np.array([file.first_ms]), series.period_ms)[0]) - file.first_ms
    )
    ts = stamps + late
    kept = ts != file.first_ms  # the documented double of the midnight before, which the day before holds
    return {"ts": ts[kept], "known_at": ts[kept], series.kind: column(table, name, label)[kept]}


def _funding(series: Series, file: ArchiveFile, stream: IO[bytes], label: str) -> Rows:
    table = _table(stream, FUNDING, ("calc_time", "last_funding_rate"), label)
    ts = to_minute(milliseconds(column(table, "calc_time", label), label))
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": column(table, "last_funding_rate", label)}


def _liquidations(series: Series, file: ArchiveFile, stream: IO[bytes], label: str) -> Rows:
    used = ("time", "side", "price", "average_price", "accumulated_fill_quantity")
    table = _table(stream, LIQUIDATIONS, used, label)
    table = table.filter(
        pa.compute.greater(table.column("accumulated_fill_quantity"), 0.0)
    )  # the others forced nothing
    ts, side = milliseconds(column(table, "time", label), label), column(table, "side", label).astype(str)
    if not np.isin(side, ("SELL", "BUY")).all():
        raise ReplyError(f"{label}: a side that is neither SELL nor BUY")
    average = column(table, "average_price", label)
    return {
        "ts": ts,
        "known_at": ts + 1000,  # the stream it was taken from speaks once a second
        "side": np.where(side == "SELL", 1.0, -1.0),  # the order's side: a long is liquidated by a sale
        "price": np.where(average > 0.0, average, column(table, "price", label)),
        "size": column(table, "accumulated_fill_quantity", label),
    }
