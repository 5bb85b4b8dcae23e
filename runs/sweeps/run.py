"""A sweep from its plan to its exit code: folder, workers, rows, confirmation, report."""

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.commandline.command import InputError, as_input_error, typed
from runs.commandline.compiling import note_compiling
from runs.commandline.output import print_json, utc_now
from runs.commandline.progress import ShowProgress, progress
from runs.commandline.repeating import hold_to_record
from runs.commandline.uncompiled import note_uncompiled
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator
from runs.engines.event import load_market
from runs.engines.instruments import file_digests
from runs.engines.joint.allocation import allocation_digest
from runs.engines.joint.plan import configurations_of, one_of_several
from runs.engines.joint.universe import load_universe
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import heatmaps_folder
from runs.outcome.folder import run_name
from runs.sweeps.findings.results import Swept
from runs.sweeps.folder import check_folder, occupied, sweep_record, write_record
from runs.sweeps.plan import Plan
from runs.sweeps.report import BEST_RUNS, run_best, summary_of, write_report
from runs.sweeps.rows.log import MemoryLog, RowLog, read_rows
from runs.sweeps.rows.objective import best_first, score
from runs.sweeps.rows.table import row_configuration, trials_table, write_trials
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.space.search import Draw
from runs.sweeps.terminal import print_best, print_plan
from runs.sweeps.workers.across import ACROSS, UniverseEvaluator
from runs.sweeps.workers.dask import Cluster, ClusterError, check_address
from runs.sweeps.workers.evaluate import WorkerContext, evaluator
from runs.sweeps.workers.executors import Executor, local_executor
from runs.sweeps.workers.work import unit_size, units

_RESULTS = Path("results")
_INTERRUPTED = 130


@dataclass(frozen=True)
class RunOptions:
    """How the command carries a plan out: nothing of it changes a row."""

    jobs: int
    cluster: str | None
    insecure: bool
    confirm: int
    out: Path | None
    resume: Path | None
    dry_run: bool
    as_json: bool
    config: Path | None = None
    strict: bool = False


def launch(plan: Plan, options: RunOptions) -> int:
    """Carry a plan out; return the exit code.

    Raises
    ------
    InputError, FolderError, MarketError
        For what the user can mend.
    """
    if options.cluster is not None:
        as_input_error(check_address, options.cluster, options.insecure)
    as_input_error(plan.search)
    plan, market = load_traded(plan)
    record = sweep_record(plan, market)
    hold_to_record(options.config, options.strict, plan.configuration.strategy, record["data"])
    if options.dry_run:
        print_plan(record, plan, options.jobs)
        return 0
    note_uncompiled(plan.configuration.strategy)
    folder = options.resume or options.out or _default_folder(record)
    check_folder(folder, record, options.resume is None)
    note_compiling()
    context = worker_context(plan, record, market, heatmaps_folder())
    with (
        contextlib.closing(_executor(options, folder, context)) as executor,
        occupied(folder, record, options.resume is None),
    ):
        try:
            swept = run_sweep(plan, record, context, executor, folder, options.confirm, progress)
            results = swept.results()
            runs = run_best(swept, results, BEST_RUNS)
            summary = write_report(folder, swept, runs, summary_of(swept, results, runs))
        except KeyboardInterrupt:
            return _stopped(folder, plan, record, _INTERRUPTED, "interrupted")
        except ClusterError as error:
            return _stopped(folder, plan, record, 1, f"error: {error}")
    return _announce(folder, swept, summary, options.as_json)


def load_traded(plan: Plan) -> tuple[Plan, Market | Universe]:
    """Return what a plan is carried out on: a market, or a universe; one of a single market is that market.

    Raises
    ------
    MarketError
        If it cannot be read.
    """
    if not plan.configuration.several:
        return plan, load_market(plan.configuration)
    universe = load_universe(plan.configuration)
    if not universe.is_one_market:
        return plan, universe
    configuration = one_of_several(plan.configuration, universe)
    return replace(plan, configuration=configuration, across=ACROSS[0]), universe.markets[0].market


def _default_folder(record: dict[str, Any]) -> Path:
    names: tuple[str, ...] = ("configuration", "space", "search", "objective", "across")
    named = {key: record[key] for key in names if key in record}
    strategy, fingerprint = record["configuration"]["strategy"], record["data"]["fingerprint"]
    return _RESULTS / run_name(utc_now(), f"sweep-{strategy}", named, fingerprint)


def _executor(options: RunOptions, folder: Path, context: WorkerContext) -> Executor:
    if options.cluster is None:
        return local_executor(context, options.jobs, folder)
    try:
        return Cluster(context, options.cluster)
    except ClusterError as error:
        raise InputError(str(error)) from None


def worker_context(
    plan: Plan, record: dict[str, Any], market: Market | Universe, heatmaps: Path | None
) -> WorkerContext:
    """Return what workers need for a plan on a market; `heatmaps` is the folder of kept ones, None keeps them in memory."""
    venues = [value for axis in plan.space.axes if axis.label == "instrument.venue" for value in axis.values]
    venues.append(plan.configuration.instrument.venue)
    if isinstance(market, Universe):
        owns = configurations_of(plan.configuration, market)
        name = f"{plan.across} of {', '.join(market.names)}"
        files = (
            as_input_error(allocation_digest, plan.configuration.allocation),
            *(digest for own in owns for digest in as_input_error(file_digests, own, venues)),
        )
    else:
        name, files = market.name, as_input_error(file_digests, plan.configuration, venues)
    identity = (name, record["data"]["fingerprint"], record["code"], *files)
    candidates = Candidates(plan.configuration, plan.space.names, identity)
    return WorkerContext(candidates, market, heatmaps, plan.objective, record["code"], plan.across)


def run_sweep(
    plan: Plan, record: dict[str, Any], context: WorkerContext, executor: Executor, folder: Path | None, confirmed: int,
    progress: ShowProgress,
) -> Swept:  # fmt: skip
    """Do what has no row yet, and compare the best rows with the event engine.

    Parameters
    ----------
    plan, record, context, executor
        What is tried, what ``sweep.json`` says of it, with what, and by whom; the workers are let go.
    folder
        Where rows and record are kept; None keeps them in memory.
    confirmed
        How many of the best are compared.
    progress
        Shows how far it is.

    Raises
    ------
    InputError
        If no combination gave a result.
    OSError, ClusterError
        If the disk refuses, or the cluster is gone: the rows so far are kept.
    """
    with (
        contextlib.closing(MemoryLog() if folder is None else RowLog(folder, plan.objective)) as log,
        progress("sweep", record["combinations"]) as report,
    ):
        fill(plan, context, executor, log, report)
        trials = trials_table(log.rows(), plan.space.labels)
    executor.close()
    failed = trials[trials["status"] == "error"]
    if len(failed) == len(trials):
        if folder is not None:
            write_trials(folder, trials)
        where = f" (rows in {folder})" if folder is not None else ""
        raise InputError(f"no combination gave a result; the first: {failed['error'].iloc[0]}{where}")
    ours = evaluator(context)
    with progress("confirm", min(confirmed, len(trials))) as report:
        record = record | {"confirmation": confirm(confirmed, record, trials, context.market, ours, report)}
    if folder is not None:
        write_record(folder, record)
    across = ours if isinstance(ours, UniverseEvaluator) else None
    return Swept(record, trials, ours.days, context.market, across)


def fill(
    plan: Plan, context: WorkerContext, executor: Executor, log: RowLog | MemoryLog, report: Callable[[int], None]
) -> None:
    """Do what is not yet in the log.

    Parameters
    ----------
    plan, context, executor, log
        What to try, with what, by whom, and where the rows go.
    report
        Called with the number of combinations that are done in addition, earlier ones included.
    """
    search = plan.search()
    most = unit_size(search.batch, executor.size)
    for batch in search.batches():
        keys: dict[int, str] = {}
        missing = _missing(batch, plan, context, log, keys, report)
        for rows in executor.run(units(missing, plan.space.names, most)):
            report(log.append(rows))
        search.tell({number: score(plan.objective, log.scores[key]) for number, key in keys.items()})


def _missing(
    batch: Iterable[Draw], plan: Plan, context: WorkerContext, log: RowLog | MemoryLog, keys: dict[int, str],
    report: Callable[[int], None],
) -> Iterator[Combination]:  # fmt: skip
    """Yield the combinations of a batch that have no row, and note the keys of all."""
    for number, indices in batch:
        values = plan.space.values(indices)
        key = context.candidates.key(values)
        keys[number] = key
        if key in log.scores:
            report(1)
        else:
            yield Combination(number, key, values)


def confirm(
    count: int, record: dict[str, Any], trials: pd.DataFrame, market: Market | Universe,
    evaluator: Evaluator | UniverseEvaluator, report: Callable[[int], None],
) -> dict[str, Any]:  # fmt: skip
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
        difference = _difference(row_configuration(record, row), market, evaluator)
        report(1)
        if difference is not None:
            return found | {"number": int(row["number"]), "difference": difference}
        found["equal"] += 1
    return found


def _difference(
    configuration: Configuration, market: Market | Universe, evaluator: Evaluator | UniverseEvaluator
) -> str | None:
    if isinstance(evaluator, UniverseEvaluator):
        return evaluator.difference(configuration)
    return first_difference(configuration, market, evaluator.evaluate(configuration))  # type: ignore[arg-type]


def _stopped(folder: Path, plan: Plan, record: dict[str, Any], code: int, reason: str) -> int:
    """Leave the table of what is done and say how to go on; return the exit code."""
    trials = trials_table(read_rows(folder), plan.space.labels)
    write_trials(folder, trials)
    sys.stderr.write(
        f"{reason}; {len(trials):,} of {record['combinations']:,} rows are kept, go on with: "
        f"{typed('sweep')} --resume {shlex.quote(str(folder))}\n"
    )
    return code


def _announce(folder: Path, swept: Swept, summary: dict[str, Any], as_json: bool) -> int:
    """Say what came of it; return the exit code."""
    confirmation = swept.record["confirmation"]
    summary = {"folder": str(folder), "confirmation": confirmation, **summary}
    if as_json:
        print_json(summary)
    else:
        print_best(folder, swept.record, swept.trials, summary)
    if confirmation["difference"] is None:
        return 0
    number, difference = confirmation["number"], confirmation["difference"]
    sys.stderr.write(f"error: combination {number} differs in the event engine: {difference}\n")
    return 1
