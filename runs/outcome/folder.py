"""The results folder: written whole beside its place, flushed, and moved there at the end. Nothing is ever half-written."""

import contextlib
import csv
import datetime
import hashlib
import io
import json
import os
import platform
import re
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from indicators.liquidation.compiled import source_digest
from runs.engines.result import Result
from runs.outcome.metrics import benchmark_equity, daily_returns, run_metrics, trades_of
from runs.outcome.writing import flush_folder, json_text, replace_file
from runs.reports.analysis.markdown import liquidation_report
from runs.reports.heatmap.page import run_heatmap
from runs.reports.tearsheet import tearsheet
from runs.statistics.headline import stated_intervals
from runs.statistics.performance import drawdowns
from runs.validation.claims.trading import strategy_evidence

MARKER = "run.json"
"""The file by which a folder is known as an earlier run's."""

PAGES = ("tearsheet.html", "heatmap.html")
"""The files of a run that are looked at."""

_PACKAGES = ("backtrader", "numpy", "pandas", "numba", "pyarrow", "quantstats", "liquidation-heatmap")
_RESULTS = Path("results")


class FolderError(ValueError):
    """A results folder that cannot be written; one sentence."""


def claim_folder(result_name: str, out: Path | None, overwrite: bool, marker: str = MARKER) -> tuple[Path, Path]:
    """Find where a run's results go, before the run, so that a bad place costs nothing.

    Parameters
    ----------
    result_name
        Name of the folder under ``results/`` if `out` is None.
    out
        The folder that the user named.
    overwrite
        Whether an earlier run there may be replaced.
    marker
        The file by which a folder is known as an earlier run's of the same kind.

    Returns
    -------
    target, temporary
        Where the results will be, and the empty folder beside it in which they are written.

    Raises
    ------
    FolderError
        If the place is taken by something else, or cannot be written.
    """
    target = out if out is not None else _RESULTS / result_name
    if target.is_file() or target.is_symlink():
        raise FolderError(f"--out {target}: is a file; name a folder")
    if target.is_dir() and any(target.iterdir()):
        if not (target / marker).exists():
            raise FolderError(f"--out {target}: holds other files; name a new folder")
        if not overwrite:
            raise FolderError(f"--out {target}: holds an earlier run; name a new folder or add --overwrite")
    temporary = target.parent / f".{target.name}.{os.getpid()}.partial"
    _sweep(target)
    try:
        temporary.mkdir(parents=True)
        (temporary / ".probe").write_text("")
        (temporary / ".probe").unlink()
    except OSError as error:
        raise FolderError(f"--out {target}: cannot be written ({error.strerror})") from None
    return target, temporary


def _sweep(target: Path) -> None:
    """Remove what killed runs left of this very target: by their process's number, never by age, so no living one's."""
    if not target.parent.is_dir():
        return
    for path in target.parent.iterdir():
        found = re.fullmatch(rf"\.{re.escape(target.name)}\.(\d+)\.partial", path.name)
        if found and not _alive(int(found.group(1))):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def release_folder(temporary: Path) -> None:
    """Remove what an abandoned run has left in its temporary folder."""
    shutil.rmtree(temporary, ignore_errors=True)


def run_name(now: datetime.datetime, strategy: str, configuration: dict[str, Any], fingerprint: str) -> str:
    """Return ``<UTC time>-<strategy>-<hash of configuration and data>``, safe as a folder's name."""
    digest = hashlib.sha256(json.dumps([configuration, fingerprint], sort_keys=True).encode()).hexdigest()[:8]
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in strategy)
    return f"{now:%Y%m%dT%H%M%S}-{plain}-{digest}"


def write_run(result: Result, target: Path, temporary: Path) -> dict[str, Any]:
    """Write all of a run's files and move them to their place; return its metrics.

    Raises
    ------
    FolderError
        If the disk refuses; then nothing is left at the target.
    """
    trades = trades_of(result)
    metrics = run_metrics(result, trades) | {"evidence": _evidence(result), "intervals": _intervals(result)}
    files: dict[str, str | bytes] = {
        "metrics.json": json_text(metrics),
        "trades.csv": trades_csv(trades),
        "report.md": liquidation_report(result, metrics["evidence"]["sentence"]),
        "tearsheet.html": tearsheet(result, metrics),
        "heatmap.html": run_heatmap(result, trades),
        MARKER: json_text(_run_facts(result)),
        "equity.parquet": equity_parquet(result),
    }
    write_files(files, target, temporary)
    return metrics


def _evidence(result: Result) -> dict[str, Any]:
    configuration = result.configuration
    return strategy_evidence(configuration.strategy, result.market, result.snapshots, configuration.model)


def _intervals(result: Result) -> dict[str, Any]:
    return stated_intervals(daily_returns(result.times, result.equity, float(result.account["start"][0])).to_numpy())


def write_files(files: Mapping[str, str | bytes], target: Path, temporary: Path) -> None:
    """Write files by name into the temporary folder of `claim_folder`, flushed, and move it to its place.

    Raises
    ------
    FolderError
        If the disk refuses; then nothing is left at the target.
    """
    try:
        for name, content in files.items():
            write_flushed(temporary / name, content.encode("utf-8") if isinstance(content, str) else content)
        _move(temporary, target)
    except OSError as error:
        raise FolderError(f"--out {target}: cannot be written ({error.strerror})") from None


def check_file(path: Path, overwrite: bool) -> None:
    """Raise FolderError if something stands where a file is to be written, and may not be replaced."""
    if path.is_dir() or path.is_symlink():
        raise FolderError(f"--out {path}: is no file; name another")
    if path.exists() and not overwrite:
        raise FolderError(f"--out {path}: exists; name a new file or add --overwrite")


def write_file(path: Path, content: str, overwrite: bool) -> None:
    """Write one file that a user named, whole or not at all.

    Raises
    ------
    FolderError
        If something is there that may not be replaced, or the disk refuses; then nothing is left at the path.
    """
    check_file(path, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise FolderError(f"--out {path}: cannot be written ({error.strerror})") from None


def write_flushed(path: Path, content: bytes) -> None:
    """Write a file and have the disk keep it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _move(temporary: Path, target: Path) -> None:
    replaced = None
    if target.is_dir():
        if any(target.iterdir()):  # an earlier run's, and --overwrite was given
            replaced = target.parent / f".{target.name}.{os.getpid()}.replaced"
            target.rename(replaced)
        else:
            target.rmdir()
    try:
        temporary.rename(target)
    except OSError:
        if replaced is not None:
            replaced.rename(target)
        raise
    flush_folder(target.parent)
    if replaced is not None:
        shutil.rmtree(replaced, ignore_errors=True)


def _run_facts(result: Result) -> dict[str, Any]:
    """Return what it takes to repeat the run bit for bit."""
    versions = {}
    for package in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "reproduce": "python -m runs.backtest --config run.json",
        "configuration": result.configuration.as_dict(),
        "data": {
            "name": result.market.name,
            "fingerprint": result.market.fingerprint(),
            "bars": len(result.market),
            "bar_seconds": result.market.bar_seconds,
            "simulated": result.market.simulated,
        },
        "venue": {
            "name": result.venue.name,
            "symbol": result.venue.symbol,
            "figures_of": result.venue.on.isoformat(),
            "tiers_assumed_from_btcusdt": result.venue.symbol_assumed,
        },
        "source_digest": source_digest(),
        "python": platform.python_version(),
        "packages": versions,
    }


def trades_csv(trades: pd.DataFrame) -> str:
    """Return a table as CSV: ISO UTC times, numbers that read back exactly, text that no spreadsheet takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(trades.columns)
    for row in trades.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, (pd.Timestamp, np.datetime64)):
        return f"{pd.Timestamp(value).isoformat()}Z"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else repr(float(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    text = str(value)
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def equity_parquet(result: Result) -> bytes:
    """Return a run bar by bar as a parquet file: close, position, equity, drawdown, and buy-and-hold with the same start."""
    start = float(result.account["start"][0])
    columns = {
        "ts": pa.array(result.times, type=pa.timestamp("ns")).cast(pa.timestamp("ns", tz="UTC")),
        "close": result.close,
        "position": result.position,
        "equity": result.equity,
        "drawdown": drawdowns(result.equity, start),
        "buy_and_hold": start * benchmark_equity(result) / float(result.market.frame["open"].iloc[0]),
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
