"""What a parquet file would take in memory, asked of its metadata before a row is read: equal values take next to no space."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from datafeeds.errors import MarketError

MAX_VALUES = 500_000_000
"""Of all columns together, some 4 GB (*assumption*: ten years of minutes in twenty columns have a fifth of it)."""


def check_size(file: pq.ParquetFile, columns: Iterable[str] | None = None, most: int | None = None) -> None:
    """Raise MarketError if a file holds more than `most` values (`MAX_VALUES`), in all columns or in those named."""
    most = MAX_VALUES if most is None else most
    wanted = None if columns is None else set(columns)
    metadata, values = file.metadata, 0
    for group in range(metadata.num_row_groups):
        chunks = (metadata.row_group(group).column(place) for place in range(metadata.num_columns))
        values += sum(c.num_values for c in chunks if wanted is None or c.path_in_schema.split(".")[0] in wanted)
        if values > most:
            raise MarketError(f"it holds more than {most:,} values; read a part of it")


def check_plain(file: Path) -> None:
    """Raise ValueError if a path leads to something that could be read for ever, such as a pipe or a device.

    Raises
    ------
    OSError
        If there is nothing.
    """
    if not stat.S_ISREG(os.stat(file).st_mode):
        raise ValueError("it is no plain file")
