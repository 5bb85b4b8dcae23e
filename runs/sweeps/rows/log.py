"""The durable rows of a sweep: append-only files, flushed to the disk, of which a kill can tear no more than the last line."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from runs.outcome.writing import flush_folder
from runs.sweeps.rows.row import Row, decode

FOLDER = "rows"
"""Where a sweep's folder keeps them."""

_FLUSH_SECONDS = 0.5
"""At most this much work is lost to a power cut (a kill loses none of it); a flush a row would cost more than the row."""


class RowLog:
    """Rows by key, each counted once.

    Attributes
    ----------
    scores
        Objective of every row that is there, by key.
    """

    def __init__(self, folder: Path, objective: str) -> None:
        """Open the rows of a sweep's folder, cut what a kill has torn, and begin a file of one's own.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        self._folder = folder / FOLDER
        self._folder.mkdir(exist_ok=True)
        for path in _files(self._folder):
            _cut_torn_tail(path)
        self.scores = {str(row["key"]): float(row["metrics"].get(objective, math.nan)) for row in read_rows(folder)}
        number = max((int(path.stem) for path in _files(self._folder)), default=0) + 1
        # Unbuffered: what was written survives the process.
        self._file = (self._folder / f"{number:05d}.rows").open("xb", buffering=0)
        flush_folder(self._folder)
        self._flushed = time.monotonic()

    def append(self, rows: Sequence[Row]) -> int:
        """Write rows whose keys are new; return their number."""
        fresh = {row.key: row for row in rows if row.key not in self.scores}
        if fresh:
            content = memoryview(b"".join(row.line for row in fresh.values()))
            while content:
                content = content[self._file.write(content) :]
            self.scores |= {key: row.score for key, row in fresh.items()}
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()
        return len(fresh)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the content of each row."""
        return read_rows(self._folder.parent)

    def flush(self) -> None:
        """Force what was written to the disk."""
        os.fsync(self._file.fileno())
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._file.close()


class MemoryLog:
    """Rows by key in memory, each counted once; `scores` as those of `RowLog`."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self.scores: dict[str, float] = {}

    def append(self, rows: Sequence[Row]) -> int:
        """Take rows whose keys are new; return their number."""
        fresh = {row.key: row for row in rows if row.key not in self.scores}
        self._lines += [row.line for row in fresh.values()]
        self.scores |= {key: row.score for key, row in fresh.items()}
        return len(fresh)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the content of each row."""
        return (content for content in map(decode, self._lines) if content is not None)

    def close(self) -> None:
        """Do nothing."""


def read_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the content of each sound row of a sweep's folder, a key once; damaged lines are as if they were not there."""
    seen = set()
    for path in _files(folder / FOLDER):
        with path.open("rb") as file:
            for line in file:
                row = decode(line)
                if row is not None and row["key"] not in seen:
                    seen.add(row["key"])
                    yield row


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.rows"))


def _cut_torn_tail(path: Path) -> None:
    """Cut a file after its last whole line, so that nothing is ever written behind half a line."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        kept, chunk = size, 1 << 16
        while kept > 0:
            begin = max(kept - chunk, 0)
            file.seek(begin)
            at = file.read(kept - begin).rfind(b"\n")
            if at >= 0:
                kept = begin + at + 1
                break
            kept = begin
        if kept < size:
            file.truncate(kept)
            os.fsync(file.fileno())
