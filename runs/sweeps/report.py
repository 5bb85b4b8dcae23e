"""What a sweep leaves beside its rows: the table of trials, the best as complete runs, the page and the summary."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.outcome.folder import claimed_folder
from runs.outcome.metrics import trades_of
from runs.outcome.writing import replace_file
from runs.reports.run import write_run
from runs.reports.sweep.page import sweep_page
from runs.sweeps.findings.results import SweepResults, Swept
from runs.sweeps.findings.summary import DRAWS, summarise
from runs.sweeps.rows.table import row_configuration, write_trials

BEST_RUNS = 3
"""How many of the best trials are run by the event engine and written whole."""

Runs = Sequence[tuple[int, EngineResult]]
"""Trials by number, as the event engine runs them."""


def run_best(swept: Swept, results: SweepResults, most: int) -> Runs:
    """Run the best trials in the event engine, `most` at most; what earned exactly the same as a better one is passed over."""
    rows = [results.table.iloc[index] for index in results.best_distinct(most)]
    return [(int(row["number"]), run_backtest(row_configuration(swept.record, row), swept.market)) for row in rows]


def summary_of(swept: Swept, results: SweepResults, runs: Runs, draws: int = DRAWS) -> dict[str, Any]:
    """Return the content of summary.json, without where the runs are; `draws` are the resamples of each bootstrap."""
    returns = trades_of(runs[0][1])["return_on_equity"].dropna().to_numpy(dtype=np.float64) if runs else None
    return summarise(swept.record, results, swept.market, returns, draws)


def write_report(folder: Path, swept: Swept, runs: Runs, summary: dict[str, Any]) -> dict[str, Any]:
    """Write trials.parquet, the complete runs of the best, sweep.html and summary.json into a sweep's folder.

    Each is written whole beside its place and moved there, the summary last: where it is, all of it is. What an earlier
    report left is replaced.

    Returns
    -------
    dict
        The content of summary.json.

    Raises
    ------
    FolderError
        If the disk refuses a run's folder.
    OSError
        If it refuses another file.
    """
    write_trials(folder, swept.trials)
    _write_runs(folder, runs)
    placed = [{"folder": f"best-{place}", "number": number} for place, (number, _) in enumerate(runs, 1)]
    summary = summary | {"runs": placed}
    replace_file(folder / "sweep.html", sweep_page(summary))
    replace_file(folder / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    return summary


def _write_runs(folder: Path, runs: Runs) -> None:
    for place, (_, result) in enumerate(runs, 1):
        with claimed_folder("", folder / f"best-{place}", overwrite=True) as (target, temporary):
            write_run(result, target, temporary)
    for path in folder.glob("best-*"):  # of an earlier report that had more
        found = re.fullmatch(r"best-(\d+)", path.name)
        if found and int(found.group(1)) > len(runs) and (path / "run.json").exists():
            shutil.rmtree(path)
