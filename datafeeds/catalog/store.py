"""The catalog: add rows, read ranges, say what is missing."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock

from datafeeds.catalog.coverage import Intervals, outside, union, within
from datafeeds.catalog.location import series_folder, series_of
from datafeeds.catalog.partition import (
    Partition,
    is_halved,
    month_bounds,
    month_of,
    read_coverage,
    read_partition,
    sweep_temporaries,
    write_partition,
)
from datafeeds.catalog.rows import between, check_rows, complete, merge
from datafeeds.errors import MarketError, ReplyError
from datafeeds.series import Rows, Series, no_rows

_MONTH = re.compile(r"(20|19)[0-9]{2}-(0[1-9]|1[0-2])")
_LOCK_SECONDS = 60  # writing a month takes milliseconds: a lock held longer is a process that hangs


class Catalog:
    """Series in a folder; ``root/venue/symbol/kind-timeframe/2023-01.parquet``.

    Several processes may use it at once: a series is locked while it is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, series: Series) -> Path:
        """Return a series' folder, which need not exist."""
        return series_folder(self.root, series)

    def series(self) -> list[Series]:
        """Return all series there are, sorted by name."""
        stored = {file.parent for file in self.root.glob("*/*/*/*.parquet")}
        recorded = {file.parent.parent for file in self.root.glob("*/*/liquidations/live/*.jsonl")}
        folders = sorted(stored | recorded)
        return [series for folder in folders if (series := series_of(self.root, folder))]

    def files(self, series: Series) -> dict[str, Path]:
        """Return a series' files by month, in order of time."""
        found = sorted(self.folder(series).glob("*.parquet"))
        return {file.stem: file for file in found if _MONTH.fullmatch(file.stem)}

    def add(self, series: Series, rows: Rows, covered: Intervals) -> None:
        """Store rows, and which times they answer in full. Optional columns that are not there are unknown.

        Each month's file changes at once, rows and answered times together: killed at any moment, the catalog holds all or
        none of the month's change, and a repeated download asks again for what is missing.

        Raises
        ------
        ReplyError
            For rows that cannot be true, or that lie outside `covered`.
        MarketError
            If the folder cannot be written, or a file there is damaged.
        """
        rows = complete(series, rows)
        check_rows(series, rows)
        covered = union(covered)
        inside = np.zeros(len(rows["ts"]), dtype=bool)
        for start, end in covered:
            inside |= (rows["ts"] >= start) & (rows["ts"] < end)
        if not inside.all():
            raise ReplyError(f"{series}: {int((~inside).sum())} rows outside the times that were asked for")
        self._write(series, rows, dict(_by_month(covered)))

    def keep(self, series: Series, rows: Rows) -> None:
        """Store records of a file or a snapshot: they answer no time, since what else happened is not known.

        Raises
        ------
        ReplyError
            For rows that cannot be true, or that contradict those stored.
        MarketError
            As for `add`.
        """
        check_rows(series, rows)
        months = np.unique(rows["ts"].astype("datetime64[ms]").astype("datetime64[M]"))
        self._write(series, rows, {str(month): [] for month in months})

    def _write(self, series: Series, rows: Rows, months: dict[str, Intervals]) -> None:
        folder = self.folder(series)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock", timeout=_LOCK_SECONDS):
                for month, part in months.items():
                    self._change(series, folder / f"{month}.parquet", rows, part)
        except OSError as error:
            raise MarketError(
                f"{folder}: cannot be written ({error.strerror or error}); free it or name another --catalog"
            ) from None

    def _change(self, series: Series, file: Path, rows: Rows, covered: Intervals) -> None:
        old = read_partition(file, series) if file.exists() else Partition(no_rows(series.kind), [])
        new = between(rows, *month_bounds(file.stem))
        merged = Partition(merge(series, old.rows, new), union(old.covered + covered))
        if merged.covered != old.covered or not _same(old.rows, merged.rows):
            write_partition(file, series, merged)

    def read(self, series: Series, start_ms: int, end_ms: int, columns: tuple[str, ...] | None = None) -> Rows:
        """Return the rows with start_ms <= ts < end_ms, all columns or some (`ts` always).

        Raises
        ------
        MarketError
            If a file is damaged.
        """
        files = self._files_between(series, start_ms, end_ms).values()
        parts = [between(read_partition(file, series, columns).rows, start_ms, end_ms) for file in files]
        empty = no_rows(series.kind)
        names = list(empty) if columns is None else list(dict.fromkeys(("ts", *columns)))
        return {name: _joined([part.pop(name) for part in parts] or [empty[name]]) for name in names}

    def covered(self, series: Series) -> Intervals:
        """Return the times that sources have answered."""
        return union([pair for file in self.files(series).values() for pair in read_coverage(file, series)])

    def _files_between(self, series: Series, start_ms: int, end_ms: int) -> dict[str, Path]:
        files = self.files(series).items()
        return {m: file for m, file in files if month_bounds(m)[0] < end_ms and month_bounds(m)[1] > start_ms}

    def remarks(self, series: Series, start_ms: int = 0, end_ms: int = 2**53) -> tuple[str, ...]:
        """Return what the user should know about how rows with start_ms <= ts < end_ms are read, one sentence each.

        Raises
        ------
        MarketError
            If a file is damaged.
        """
        old = [m for m, file in self._files_between(series, start_ms, end_ms).items() if is_halved(file, series)]
        if not old:
            return ()
        return (
            f"{series}: {len(old)} files, from {old[0]} on, hold the sum of longs and shorts, which counts every contract "
            "twice: read halved (if you imported them from a file that counts once, import it again)",
        )

    def missing(self, series: Series, start_ms: int, end_ms: int) -> Intervals:
        """Return the parts of a range that no source has answered yet."""
        return outside(self.covered(series), start_ms, end_ms)

    def sweep(self) -> int:
        """Remove leftovers of killed writers that are older than a day; return how many."""
        return sweep_temporaries(self.root) if self.root.is_dir() else 0


def _by_month(covered: Intervals) -> Iterator[tuple[str, Intervals]]:
    if not covered:
        return
    first, last = np.datetime64(month_of(covered[0][0]), "M"), np.datetime64(month_of(covered[-1][1] - 1), "M")
    for month in np.arange(first, last + 1):
        part = within(covered, *month_bounds(str(month)))
        if part:
            yield str(month), part


def _same(one: Rows, other: Rows) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f") for name in one)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
