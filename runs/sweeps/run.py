"""A sweep from its plan to its exit code: folder, workers, rows, confirmation, report."""

import contextlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from runs.commandline.command import InputError, as_input_error
from runs.commandline.output import print_json, utc_now
from runs.commandline.progress import progress
from runs.engines.evaluator import Evaluator
from runs.engines.event import load_market, run_backtest
from runs.engines.parity import first_difference
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import heatmaps_folder
from runs.outcome.folder import claim_folder, release_folder, run_name
from runs.outcome.metrics import trades_of
from runs.outcome.writing import FolderError, replace_file
from runs.reports.run import write_run
from runs.reports.sweep.page import sweep_page
from runs.sweeps.findings.results import SweepResults, read_results
from runs.sweeps.findings.summary import DRAWS, summarise
from runs.sweeps.folder import check_new, occupied, read_record, refuse_difference, sweep_record, write_record
from runs.sweeps.plan import Plan
from runs.sweeps.rows.log import RowLog
from runs.sweeps.rows.objective import best_first, score
from runs.sweeps.rows.table import row_configuration, trials_table, write_trials
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.space.search import Draw
from runs.sweeps.terminal import print_best, print_plan
from runs.sweeps.workers.dask import Cluster, ClusterError, check_address
from runs.sweeps.workers.evaluate import WorkerContext, evaluator
from runs.sweeps.workers.executors import Executor, local_executor
from runs.sweeps.workers.work import unit_size, units


def run_course(
    plan: Plan, context: WorkerContext, executor: Executor, row_log: RowLog, report: Callable[[int], None]
) -> None:
    """Do what is not yet in the row_log.

    Parameters
    ----------
    plan, context, executor, row_log
        What to try, with what, by whom, and where the rows go.
    report
        Called with the number of combinations that are done in addition, earlier ones included.
    """
    search = plan.search()
    most = unit_size(search.batch, executor.size)
    for batch in search.batches():
        keys: dict[int, str] = {}
        todo = _missing(batch, plan, context, row_log, keys, report)
        for rows in executor.run(units(todo, plan.space.names, most)):
            report(row_log.append(rows))
        search.tell({number: score(plan.objective, row_log.scores[key]) for number, key in keys.items()})


def _missing(
    batch: Iterable[Draw],
    plan: Plan,
    context: WorkerContext,
    row_log: RowLog,
    keys: dict[int, str],
    report: Callable[[int], None],
) -> Iterator[Combination]:
    """Yield the combinations of a batch that have no row, and note the keys of all."""
    for number, indices in batch:
        values = plan.space.values(indices)
        key = context.candidates.key(values)
        keys[number] = key
        if key in row_log.scores:
            report(1)
        else:
            yield Combination(number, key, values)


def confirm(
    count: int,
    record: dict[str, Any],
    trials: pd.DataFrame,
    market: Market,
    evaluator: Evaluator,
    report: Callable[[int], None],
) -> dict[str, Any]:
    """Compare the best rows with the event engine, until one differs.

    Parameters
    ----------
    count
        How many of the best.
    record, trials, market, evaluator
        The sweep: its marker's content, its table, its market and what evaluated it.
    report
        Called with 1 after each.

    Returns
    -------
    dict
        `asked`, `equal` (how many agreed), `number` of the row that differs or None, and `difference`: one sentence or None.
    """
    found: dict[str, Any] = {"asked": count, "equal": 0, "number": None, "difference": None}
    for _, row in best_first(trials, record["objective"]).head(count).iterrows():
        configuration = row_configuration(record, row)
        difference = first_difference(configuration, market, evaluator.evaluate(configuration))
        report(1)
        if difference is not None:
            return found | {"number": int(row["number"]), "difference": difference}
        found["equal"] += 1
    return found


BEST_RUNS = 3
"""How many of the best trials are run by the event engine and written whole."""


def write_report(
    folder: Path, record: dict[str, Any], trials: pd.DataFrame, days: np.ndarray, market: Market,
    results: Mapping[int, EngineResult] | None = None, best_runs: int = BEST_RUNS, draws: int = DRAWS,
) -> dict[str, Any]:  # fmt: skip
    """Write trials.parquet, the complete runs of the best, sweep.html and summary.json into a sweep's folder.

    Each is written whole beside its place and moved there, the summary last: where it is, all of it is. What an earlier
    report left is replaced.

    Parameters
    ----------
    folder
        The sweep's.
    record
        What its sweep.json says: `objective`, `configuration` and `space` above all.
    trials
        One row a combination (`read_results`).
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
    found = read_results(trials, days, str(record["objective"]))
    runs = _runs_of_the_best(record, found, market, results or {}, best_runs)
    _write_runs(folder, runs)
    trade_returns = trades_of(runs[0][1])["return_on_equity"].dropna().to_numpy(dtype=np.float64) if runs else None
    summary = summarise(record, found, market, trade_returns, draws)
    summary["runs"] = [{"folder": f"best-{place}", "number": number} for place, (number, _) in enumerate(runs, 1)]
    replace_file(folder / "sweep.html", sweep_page(summary))
    replace_file(folder / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    return summary


def _runs_of_the_best(
    record: dict[str, Any], found: SweepResults, market: Market, results: Mapping[int, EngineResult], most: int
) -> list[tuple[int, EngineResult]]:
    runs = []
    for index in found.best_distinct(most):
        row = found.table.iloc[index]
        number = int(row["number"])
        runs.append((number, results.get(number) or run_backtest(row_configuration(record, row), market)))
    return runs


def _write_runs(folder: Path, runs: list[tuple[int, EngineResult]]) -> None:
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


_RESULTS = Path("results")
_INTERRUPTED = 130


@dataclass(frozen=True)
class RunOptions:
    """How a plan is carried out: nothing of it changes a row."""

    jobs: int
    cluster: str | None
    insecure: bool
    confirm: int
    out: Path | None
    resume: Path | None
    dry_run: bool
    as_json: bool


def launch(plan: Plan, options: RunOptions) -> int:
    """Carry a plan out; return the exit code.

    Raises
    ------
    InputError, FolderError, MarketError
        For what the user can mend.
    """
    if options.cluster is not None:
        as_input_error(check_address, options.cluster, options.insecure)
    total = as_input_error(plan.search).total
    market = load_market(plan.configuration)
    record = sweep_record(plan, market, total)
    if options.dry_run:
        print_plan(record, plan, options.jobs)
        return 0
    if options.resume is not None:
        refuse_difference(options.resume, read_record(options.resume), record)
    folder = options.resume or options.out or _default_folder(plan, record)
    if options.resume is None:
        check_new(folder)
    context = worker_context(plan, record, market)
    with (
        contextlib.closing(_executor(options, folder, context)) as executor,
        occupied(folder, "--resume" if options.resume else "--out"),
    ):
        if options.resume is None:
            check_new(folder)  # again, now that nobody else can be in it
            write_record(folder, record)
        return _work(plan, options, folder, record, context, executor)


def _default_folder(plan: Plan, record: dict[str, Any]) -> Path:
    named = {key: record[key] for key in ("configuration", "space", "search", "objective")}
    return _RESULTS / run_name(utc_now(), f"sweep-{plan.configuration.strategy}", named, record["data"]["fingerprint"])


def worker_context(plan: Plan, record: dict[str, Any], market: Market) -> WorkerContext:
    """Return what workers need for a plan on a market."""
    identity = (market.name, record["data"]["fingerprint"], record["code"])
    candidates = Candidates(plan.configuration, plan.space.names, identity)
    return WorkerContext(candidates, market, heatmaps_folder(), plan.objective, record["code"])


def _work(
    plan: Plan, options: RunOptions, folder: Path, record: dict[str, Any], context: WorkerContext, executor: Executor
) -> int:
    labels = tuple(axis.label for axis in plan.space.axes)
    try:
        with (
            contextlib.closing(RowLog(folder, plan.objective)) as row_log,
            progress("sweep", record["combinations"]) as report,
        ):
            run_course(plan, context, executor, row_log, report)
        executor.close()
        trials = trials_table(folder, labels)
        return _finish(options, folder, record, context, trials)
    except KeyboardInterrupt:
        code, reason = _INTERRUPTED, "interrupted"
    except ClusterError as error:
        code, reason = 1, f"error: {error}"
    except OSError as error:
        raise FolderError(f"{folder}: cannot be written ({error.strerror or error})") from None
    trials = trials_table(folder, labels)
    write_trials(folder, trials)
    sys.stderr.write(
        f"{reason}; {len(trials):,} of {record['combinations']:,} rows are kept, go on with: "
        f"python -m runs.sweep --resume {folder}\n"
    )
    return code


def _executor(options: RunOptions, folder: Path, context: WorkerContext) -> Executor:
    if options.cluster is None:
        return local_executor(context, options.jobs, folder)
    try:
        return Cluster(context, options.cluster)
    except ClusterError as error:
        raise InputError(str(error)) from None


def _finish(
    options: RunOptions, folder: Path, record: dict[str, Any], context: WorkerContext, trials: pd.DataFrame
) -> int:
    failed = trials[trials["status"] == "error"]
    if len(failed) == len(trials):
        write_trials(folder, trials)
        raise InputError(f"no combination gave a result; the first: {failed['error'].iloc[0]} (rows in {folder})")
    ours = evaluator(context)
    with progress("confirm", min(options.confirm, len(trials))) as report:
        record = record | {"confirmation": confirm(options.confirm, record, trials, context.market, ours, report)}
    write_record(folder, record)
    summary = write_report(folder, record, trials, ours.days, context.market)
    summary = {"folder": str(folder), "confirmation": record["confirmation"], **summary}
    if options.as_json:
        print_json(summary)
    else:
        print_best(folder, record, trials, summary)
    difference = record["confirmation"]["difference"]
    if difference is not None:
        number = record["confirmation"]["number"]
        sys.stderr.write(f"error: combination {number} differs in the event engine: {difference}\n")
        return 1
    return 0
