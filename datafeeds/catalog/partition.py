"""One parquet file: a month of a series, with the times that its source has answered. Written whole or not at all."""

import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datafeeds.catalog.coverage import Intervals, union
from datafeeds.errors import MarketError
from datafeeds.series import KINDS, Rows, Series

_KEY = b"liquidation_heatmap"
_FORMAT = 1
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
    """Write to a temporary file, flush to the disk, rename.

    A direct write torn by a kill leaves an unreadable file; a renamed one is the old or the new, and nothing between. The
    same content gives the same bytes.
    """
    about = {"format": _FORMAT, "venue": series.venue, "symbol": series.symbol, "kind": series.kind}
    about |= {"timeframe": series.timeframe, "covered": union(partition.covered)}
    fields = [pa.field(name, pa.timestamp("ms", tz="UTC"), nullable=False) for name in ("ts", "known_at")]
    fields += [pa.field(name, pa.float64(), nullable=False) for name in KINDS[series.kind].values]
    schema = pa.schema(fields, metadata={_KEY: json.dumps(about, separators=(",", ":")).encode()})
    arrays = [pa.array(partition.rows[field.name]).cast(field.type) for field in schema]
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as handle:
            pq.write_table(
                pa.Table.from_arrays(arrays, schema=schema), handle, compression="zstd", use_dictionary=False
            )
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(file.parent)


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_partition(file: Path, series: Series, columns: tuple[str, ...] | None = None) -> Partition:
    """Read a file, or some of its columns (`ts` is always among them).

    Raises
    ------
    MarketError
        If it is damaged, or not what its place says.
    """
    names = ["ts", "known_at", *KINDS[series.kind].values] if columns is None else ["ts", *columns]
    try:
        with pq.ParquetFile(file) as parquet:
            covered = _covered(parquet.schema_arrow.metadata, series)
            table = parquet.read(list(dict.fromkeys(names)))
        rows = {name: _array(table.column(name)) for name in table.column_names}
    except Exception as error:  # whatever a torn or foreign file makes the parser raise, the user hears one sentence
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise MarketError(f"{file}: damaged ({reason}); delete it and download its month again") from None
    return Partition(rows, covered)


def read_coverage(file: Path, series: Series) -> Intervals:
    """Return a file's answered times from its footer alone.

    Raises
    ------
    MarketError
        If it is damaged, or not what its place says.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            return _covered(parquet.schema_arrow.metadata, series)
    except Exception as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise MarketError(f"{file}: damaged ({reason}); delete it and download its month again") from None


def _covered(metadata: dict[bytes, bytes] | None, series: Series) -> Intervals:
    about = json.loads((metadata or {})[_KEY])
    if about["format"] != _FORMAT:
        raise ValueError(f"format {about['format']}, this version reads {_FORMAT}")
    if Series(*(about[name] for name in ("venue", "symbol", "kind", "timeframe"))) != series:
        raise ValueError("it holds another series")
    return [(int(start), int(end)) for start, end in about["covered"]]


def _array(column: pa.ChunkedArray) -> np.ndarray:
    if column.null_count:
        raise ValueError("empty cells")
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
