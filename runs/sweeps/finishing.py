"""What a sweep leaves at its end: its table, its figures, its page, and complete runs of its best."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from runs.engine import run_backtest
from runs.folder import claim_folder, release_folder, write_run
from runs.metrics import trades_of
from runs.replacing import replace_file
from runs.reports.sweep import sweep_page
from runs.result import Result
from runs.sweeps.outcomes import Outcomes, read_outcomes
from runs.sweeps.summary import DRAWS, summarise
from runs.sweeps.table import row_configuration, write_trials

BEST_RUNS = 3
"""How many of the best trials are run by the event engine and written whole."""


def write_report(
    folder: Path, facts: dict[str, Any], trials: pd.DataFrame, days: np.ndarray, market: Market,
    results: Mapping[int, Result] | None = None, best_runs: int = BEST_RUNS, draws: int = DRAWS,
) -> dict[str, Any]:  # fmt: skip
    """Write trials.parquet, the complete runs of the best, sweep.html and summary.json into a sweep's folder.

    Each is written whole beside its place and moved there, the summary last: where it is, all of it is. What an earlier
    report left is replaced.

    Parameters
    ----------
    folder
        The sweep's.
    facts
        What its sweep.json says: `objective`, `configuration` and `space` above all.
    trials
        One row a combination (`read_outcomes`).
    days
        (t,) datetime64[D] of the daily returns.
    market
        What was traded.
    results
        Runs of the event engine that are at hand, by trial number; what is missing is run here.
    best_runs
        How many of the best are written whole; what earned exactly the same as a better one is passed over.
    draws
        Resamples of each bootstrap.

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
    write_trials(folder, trials)
    outcomes = read_outcomes(trials, days, str(facts["objective"]))
    runs = _runs_of_the_best(facts, outcomes, market, results or {}, best_runs)
    _write_runs(folder, runs)
    trade_returns = trades_of(runs[0][1])["return_on_equity"].dropna().to_numpy(dtype=np.float64) if runs else None
    summary = summarise(facts, outcomes, market, trade_returns, draws)
    summary["runs"] = [{"folder": f"best-{place}", "number": number} for place, (number, _) in enumerate(runs, 1)]
    replace_file(folder / "sweep.html", sweep_page(summary))
    replace_file(folder / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    return summary


def _runs_of_the_best(
    facts: dict[str, Any], outcomes: Outcomes, market: Market, results: Mapping[int, Result], most: int
) -> list[tuple[int, Result]]:
    runs = []
    for place in outcomes.best_distinct(most):
        row = outcomes.table.iloc[place]
        number = int(row["number"])
        runs.append((number, results.get(number) or run_backtest(row_configuration(facts, row), market)))
    return runs


def _write_runs(folder: Path, runs: list[tuple[int, Result]]) -> None:
    for place, (_, result) in enumerate(runs, 1):
        target, temporary = claim_folder("", folder / f"best-{place}", overwrite=True)
        try:
            write_run(result, target, temporary)
        finally:
            release_folder(temporary)
    for path in folder.glob("best-*"):  # of an earlier report that had more
        found = re.fullmatch(r"best-(\d+)", path.name)
        if found and int(found.group(1)) > len(runs) and (path / "run.json").exists():
            shutil.rmtree(path)
