"""What a sweep leaves beside its rows: the table of trials, the best as complete runs, the page and the summary."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runs.engines.event import run_backtest
from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.outcome.folder import claimed_folder
from runs.outcome.joint_metrics import joint_trades
from runs.outcome.metrics import trades_of
from runs.outcome.writing import replace_file
from runs.reports.joint import write_joint_run
from runs.reports.run import write_run
from runs.reports.sweep.page import sweep_page
from runs.sweeps.findings.results import SweepResults, Swept
from runs.sweeps.findings.summary import DRAWS, summarise
from runs.sweeps.rows.table import row_configuration, write_trials

BEST_RUNS = 3
"""How many of the best trials are run by the event engine and written whole."""

Runs = Sequence[tuple[int, EngineResult | JointResult]]
"""Trials by number, as the event engine runs them."""


def run_best(swept: Swept, results: SweepResults, most: int) -> Runs:
    """Run the best trials in the event engine, `most` at most; what earned exactly the same as a better one is passed over.

    Of a sweep across markets it is the account, or the market that counts; that one is left out where only a part of its bars may
    be traded, since no run would repeat it.
    """
    runs = []
    for index in results.best_distinct(most):
        row = results.table.iloc[index]
        configuration = row_configuration(swept.record, row)
        found = swept.across.run(configuration) if swept.across else run_backtest(configuration, swept.market)  # type: ignore[arg-type]
        if found is not None:
            runs.append((int(row["number"]), found))
    return runs


def summary_of(swept: Swept, results: SweepResults, runs: Runs, draws: int = DRAWS) -> dict[str, Any]:
    """Return the content of summary.json, without where the runs are; `draws` are the resamples of each bootstrap."""
    returns = None
    if runs:
        best = runs[0][1]
        trades = joint_trades(best) if isinstance(best, JointResult) else trades_of(best)
        returns = trades["return_on_equity"].dropna().to_numpy(dtype=np.float64)
    return summarise(swept.record, results, swept.market, returns, draws, swept.across)


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
            if isinstance(result, JointResult):
                write_joint_run(result, target, temporary)
            else:
                write_run(result, target, temporary)
    for path in folder.glob("best-*"):  # of an earlier report that had more
        found = re.fullmatch(r"best-(\d+)", path.name)
        if found and int(found.group(1)) > len(runs) and (path / "run.json").exists():
            shutil.rmtree(path)
