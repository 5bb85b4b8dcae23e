"""One parquet file: a month of a series, with the times that its source has answered. Written whole or not at all."""

import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datafeeds.catalog.coverage import Intervals, union
from datafeeds.catalog.replacing import replacing
from datafeeds.errors import MarketError
from datafeeds.parquet_size import check_plain, check_size
from datafeeds.series import KINDS, Rows, Series

_KEY, _KEYS_SUM = b"liquidation_heatmap", b"liquidation_heatmap_crc32"
_FORMAT = 3
_BOTH_SIDES_FORMAT = 2  # Bybit's open interest was stored as the sum of longs and shorts; all else is as in 3
_BOTH_SIDES = ("bybit", "open_interest")
_STALE_SECONDS = 86_400  # a temporary file this old belongs to nobody who is still writing


@dataclass(frozen=True)
class Partition:
    """What a file holds.

    Attributes
    ----------
    rows
        The month's rows, sorted.
    covered
        Times within the month that the source has answered in full: where they hold no row, it had none.
    """

    rows: Rows
    covered: Intervals


def month_of(ts_ms: int) -> str:
    """Return the month (UTC) that names a partition.

    Examples
    --------
    >>> month_of(1_672_531_200_000)
    '2023-01'
    """
    return str(np.datetime64(ts_ms, "ms").astype("datetime64[M]"))


def month_bounds(month: str) -> tuple[int, int]:
    """Return a month's first millisecond and the next month's."""
    first = np.datetime64(month, "M")
    return tuple(int((first + add).astype("datetime64[ms]").astype(np.int64)) for add in (0, 1))  # type: ignore[return-value]


def write_partition(file: Path, series: Series, partition: Partition) -> None:
    """Write a partition, whole or not at all; the same content gives the same bytes.

    Checksums of the columns and of what is said about them go along: parquet alone reads one flipped bit as another price.
    """
    fields = [pa.field(name, pa.timestamp("ms", tz="UTC"), nullable=False) for name in ("ts", "known_at")]
    fields += [pa.field(name, pa.string(), nullable=False) for name in KINDS[series.kind].texts]
    fields += [pa.field(name, pa.float64(), nullable=False) for name in KINDS[series.kind].values]
    about = {"format": _FORMAT, "venue": series.venue, "symbol": series.symbol, "kind": series.kind}
    about |= {"timeframe": series.timeframe, "covered": union(partition.covered)}
    about["crc32"] = {field.name: _checksum(partition.rows[field.name]) for field in fields}
    text = json.dumps(about, separators=(",", ":")).encode()
    schema = pa.schema(fields, metadata={_KEY: text, _KEYS_SUM: str(zlib.crc32(text)).encode()})
    arrays = [pa.array(partition.rows[field.name]).cast(field.type) for field in schema]
    with replacing(file) as handle:
        named = list(KINDS[series.kind].texts) or False
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), handle, compression="zstd", use_dictionary=named)


def read_partition(file: Path, series: Series, columns: tuple[str, ...] | None = None) -> Partition:
    """Read a file, or some of its columns (`ts` is always among them). What an older file does not have yet is unknown.

    Raises
    ------
    MarketError
        If it is damaged, or not what its place says.
    """
    names = dict.fromkeys(KINDS[series.kind].columns if columns is None else ("ts", *columns))
    try:
        check_plain(file)
        with pq.ParquetFile(file) as parquet:
            about = _about(parquet.schema_arrow.metadata, series)
            lacking = [name for name in names if name in KINDS[series.kind].optional and name not in about["crc32"]]
            held = [name for name in names if name not in lacking]
            check_size(parquet, held)
            table = parquet.read(held)
        rows = {n: np.full(len(table), np.nan) if n in lacking else _array(table.column(n)) for n in names}
        for name in set(names) - set(lacking):
            if _checksum(rows[name]) != about["crc32"][name]:
                raise ValueError(f"the checksum of {name} is another")
    except Exception as error:  # whatever a torn or foreign file makes the parser raise, the user hears one sentence
        raise _damaged(file, error) from None
    if "open_interest" in rows and _counts_both_sides(series, about):
        rows["open_interest"] = rows["open_interest"] / 2.0
    return Partition(rows, _covered(about))


def read_coverage(file: Path, series: Series) -> Intervals:
    """Return a file's answered times from its footer alone.

    Raises
    ------
    MarketError
        If it is damaged, or not what its place says.
    """
    return _covered(_footer(file, series))


def is_halved(file: Path, series: Series) -> bool:
    """Return whether a file holds Bybit's open interest as the sum of longs and shorts, which `read_partition` halves.

    Raises
    ------
    MarketError
        If it is damaged, or not what its place says.
    """
    return (series.venue, series.kind) == _BOTH_SIDES and _counts_both_sides(series, _footer(file, series))


def _footer(file: Path, series: Series) -> dict[str, Any]:
    try:
        check_plain(file)
        with pq.ParquetFile(file) as parquet:
            return _about(parquet.schema_arrow.metadata, series)
    except Exception as error:
        raise _damaged(file, error) from None


def _damaged(file: Path, error: Exception) -> MarketError:
    reason = " ".join(str(error).split())[:100] or type(error).__name__
    return MarketError(f"{file}: damaged ({reason}); delete it and download its month again")


def _counts_both_sides(series: Series, about: dict[str, Any]) -> bool:
    return (series.venue, series.kind) == _BOTH_SIDES and about["format"] == _BOTH_SIDES_FORMAT


def _about(metadata: dict[bytes, bytes] | None, series: Series) -> dict[str, Any]:
    text = (metadata or {})[_KEY]
    about: dict[str, Any] = json.loads(text)
    if about["format"] not in (_BOTH_SIDES_FORMAT, _FORMAT):
        raise ValueError(f"format {about['format']}, this version reads {_BOTH_SIDES_FORMAT} and {_FORMAT}")
    if Series(*(about[name] for name in ("venue", "symbol", "kind", "timeframe"))) != series:
        raise ValueError("it holds another series")
    if int((metadata or {})[_KEYS_SUM]) != zlib.crc32(text):
        raise ValueError("the checksum of its description is another")
    return about


def _covered(about: dict[str, Any]) -> Intervals:
    return [(int(start), int(end)) for start, end in about["covered"]]


def _checksum(values: np.ndarray) -> int:
    if values.dtype.kind == "U":
        return zlib.crc32(json.dumps(values.tolist()).encode())
    return zlib.crc32(np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).data)


def _array(column: pa.ChunkedArray) -> np.ndarray:
    if column.null_count:
        raise ValueError("empty cells")
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=str)
    values = column.to_numpy()
    return (
        values.astype("datetime64[ms]").view(np.int64)
        if values.dtype.kind == "M"
        else values.astype(np.float64, copy=False)
    )


def sweep_temporaries(folder: Path) -> int:
    """Remove what writers that were killed left behind, a day after; return how many. Younger ones may be in use."""
    swept, now = 0, time.time()
    for file in folder.rglob(".*.tmp"):
        if now - file.stat().st_mtime > _STALE_SECONDS:
            file.unlink(missing_ok=True)
            swept += 1
    return swept
