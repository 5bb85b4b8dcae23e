"""A sweep from its plan to its exit code: folder, workers, rows, confirmation, report."""

import contextlib
import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from datafeeds.schema import Market
from runs.command import InputError, checked
from runs.engine import load_market
from runs.folder import FolderError, run_name
from runs.heatmaps import heatmaps_folder
from runs.metrics import jsonable
from runs.sweeps.announce import print_best, print_plan
from runs.sweeps.candidates import Candidates
from runs.sweeps.cluster import Cluster, ClusterError, check_address
from runs.sweeps.confirming import confirm
from runs.sweeps.course import run_course
from runs.sweeps.crew import Alone, Crew, Processes
from runs.sweeps.finishing import write_report
from runs.sweeps.plan import Plan
from runs.sweeps.progress import progress
from runs.sweeps.session import check_new, occupied, read_facts, refuse_difference, sweep_facts, write_facts
from runs.sweeps.spool import Spool
from runs.sweeps.table import trials_table, write_trials
from runs.sweeps.work import Bench, evaluator

_RESULTS = Path("results")
_SCRATCH = ".units"
_INTERRUPTED = 130


@dataclass(frozen=True)
class Order:
    """How a plan is carried out: nothing of it changes a row."""

    jobs: int
    cluster: str | None
    insecure: bool
    confirm: int
    out: Path | None
    resume: Path | None
    dry_run: bool
    as_json: bool


def launch(plan: Plan, order: Order) -> int:
    """Carry a plan out; return the exit code.

    Raises
    ------
    InputError, FolderError, MarketError
        For what the user can mend.
    """
    if order.cluster is not None:
        checked(check_address, order.cluster, order.insecure)
    total = checked(plan.search).total  # type: ignore[attr-defined]
    market = load_market(plan.configuration)
    facts = sweep_facts(plan, market, total)
    if order.dry_run:
        print_plan(facts, plan, order.jobs)
        return 0
    if order.resume is not None:
        refuse_difference(order.resume, read_facts(order.resume), facts)
    folder = order.resume or order.out or _default_folder(plan, facts)
    if order.resume is None:
        check_new(folder)
    bench = _bench(plan, facts, market)
    with (
        contextlib.closing(_crew(order, folder, bench)) as crew,
        occupied(folder, "--resume" if order.resume else "--out"),
    ):
        if order.resume is None:
            check_new(folder)  # again, now that nobody else can be in it
            write_facts(folder, facts)
        return _work(plan, order, folder, facts, bench, crew)


def _default_folder(plan: Plan, facts: dict[str, Any]) -> Path:
    now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - the spelling that 3.11 to 3.13 share
    named = {key: facts[key] for key in ("configuration", "space", "search", "objective")}
    return _RESULTS / run_name(now, f"sweep-{plan.configuration.strategy}", named, facts["data"]["fingerprint"])


def _bench(plan: Plan, facts: dict[str, Any], market: Market) -> Bench:
    identity = (market.name, facts["data"]["fingerprint"], facts["code"])
    candidates = Candidates(plan.configuration, plan.space.names, identity)
    return Bench(candidates, market, heatmaps_folder(), plan.objective, facts["code"])


def _work(plan: Plan, order: Order, folder: Path, facts: dict[str, Any], bench: Bench, crew: Crew) -> int:
    labels = tuple(axis.label for axis in plan.space.axes)
    try:
        with (
            contextlib.closing(Spool(folder, plan.objective)) as spool,
            progress("sweep", facts["combinations"]) as report,
        ):
            run_course(plan, bench, crew, spool, report)
        crew.close()
        trials = trials_table(folder, labels)
        return _finish(order, folder, facts, bench, trials)
    except KeyboardInterrupt:
        code, reason = _INTERRUPTED, "interrupted"
    except ClusterError as error:
        code, reason = 1, f"error: {error}"
    except OSError as error:
        raise FolderError(f"{folder}: cannot be written ({error.strerror or error})") from None
    trials = trials_table(folder, labels)
    write_trials(folder, trials)
    sys.stderr.write(
        f"{reason}; {len(trials):,} of {facts['combinations']:,} rows are kept, go on with: "
        f"python -m runs.sweep --resume {folder}\n"
    )
    return code


def _crew(order: Order, folder: Path, bench: Bench) -> Crew:
    if order.cluster is None:
        return Alone(bench) if order.jobs == 1 else Processes(bench, order.jobs, folder.absolute() / _SCRATCH)
    try:
        return Cluster(bench, order.cluster)
    except ClusterError as error:
        raise InputError(str(error)) from None


def _finish(order: Order, folder: Path, facts: dict[str, Any], bench: Bench, trials: pd.DataFrame) -> int:
    failed = trials[trials["status"] == "error"]
    if len(failed) == len(trials):
        write_trials(folder, trials)
        raise InputError(f"no combination gave a result; the first: {failed['error'].iloc[0]} (rows in {folder})")
    ours = evaluator(bench)
    with progress("confirm", min(order.confirm, len(trials))) as report:
        facts = facts | {"confirmation": confirm(order.confirm, facts, trials, bench.market, ours, report)}
    write_facts(folder, facts)
    summary = write_report(folder, facts, trials, ours.days, bench.market)
    summary = {"folder": str(folder), "confirmation": facts["confirmation"], **summary}
    if order.as_json:
        sys.stdout.write(json.dumps(jsonable(summary), indent=2) + "\n")
    else:
        print_best(folder, facts, trials, summary)
    difference = facts["confirmation"]["difference"]
    if difference is not None:
        number = facts["confirmation"]["number"]
        sys.stderr.write(f"error: combination {number} differs in the event engine: {difference}\n")
        return 1
    return 0
