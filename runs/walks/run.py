"""A walk from its plan to its exit code: windows, scores, choice, tests, confirmation, files."""

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.commandline.command import InputError, as_input_error
from runs.commandline.compiling import note_compiling
from runs.commandline.output import print_json, utc_now
from runs.commandline.progress import ShowProgress, progress
from runs.commandline.repeating import hold_to_record
from runs.commandline.uncompiled import note_uncompiled
from runs.engines.configuration import Configuration
from runs.engines.joint.plan import joint_plan
from runs.engines.joint.result import JointResult
from runs.engines.parity import first_difference
from runs.engines.result import EngineResult
from runs.engines.snapshot_cache import Heatmaps, heatmaps_folder
from runs.outcome.folder import claimed_folder, run_name
from runs.outcome.writing import jsonable
from runs.sweeps.plan import Plan
from runs.sweeps.run import load_traded
from runs.sweeps.space.candidates import Candidates
from runs.sweeps.workers.executors import local_executor
from runs.walks.across import JointTradedWindow, confirm_across, join_across, trade_across
from runs.walks.bar_range import BarRange
from runs.walks.folder import MARKER, walk_record, write_walk
from runs.walks.joining import TradedWindow, join, trade
from runs.walks.lengths import WindowOptions, lengths_of
from runs.walks.scoring import Trainer, combinations_of, heatmaps_of, score_candidates, train_ranges
from runs.walks.selection import CHOICES, choices
from runs.walks.summary import walk_summary, window_row
from runs.walks.terminal import print_plan, print_walk
from runs.walks.windows import Window
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy


@dataclass(frozen=True)
class RunOptions:
    """How the command carries a walk out: nothing of it changes a figure."""

    jobs: int
    confirm: int
    out: Path | None
    overwrite: bool
    dry_run: bool
    as_json: bool
    config: Path | None = None
    strict: bool = False


def launch(plan: Plan, options: WindowOptions, choice: str, run_options: RunOptions) -> int:
    """Carry a walk out; return the exit code.

    Raises
    ------
    InputError, FolderError, MarketError
        For what the user can mend.
    """
    as_input_error(check_walk, plan, choice)
    plan, market = load_traded(plan)
    walk: Walk = as_input_error(lay_out, plan, options, choice, market)
    hold_to_record(run_options.config, run_options.strict, plan.configuration.strategy, walk.record["data"])
    if run_options.dry_run:
        print_plan(walk.record, plan, walk.windows, market.times, run_options.jobs)
        return 0
    note_uncompiled(plan.configuration.strategy)
    with claimed_folder(_name(walk), run_options.out, run_options.overwrite, MARKER) as (target, temporary):
        note_compiling()
        walked = run_walk(walk, run_options.jobs, run_options.confirm, heatmaps_folder(), temporary, progress)
        summary = walked.summary()
        write_walk(walk.record, summary, walked.result, walked.traded_windows, target, temporary)
    return _announce(walk.record, summary, target, run_options.as_json)


def check_walk(plan: Plan, choice: str) -> None:
    """Raise ValueError for what no walk can do."""
    if not issubclass(load_strategy(plan.configuration.strategy), PerpetualStrategy):
        raise ValueError(
            f"strategy {plan.configuration.strategy}: it cannot begin at a later bar; only subclasses of PerpetualStrategy can"
        )
    if choice not in CHOICES:
        raise ValueError(f"--choose {choice}: it is one of {', '.join(CHOICES)}")
    if plan.method == "model":
        raise ValueError("--search model: it would need a search for every window; use grid or random")
    if choice == "region" and plan.method != "grid":
        raise ValueError("--choose region needs --search grid: random combinations have no neighbours")
    if any(axis.label == "costs.starting_cash" for axis in plan.space.axes):
        raise ValueError("--param starting_cash: a test window begins with the cash that the one before left")
    plan.search()


@dataclass(frozen=True)
class Walk:
    """What decides every figure of a walk.

    Attributes
    ----------
    plan, choice, market
        What is tried, how one is chosen (of `runs.walks.selection.CHOICES`), and on what.
    windows
        Where it is trained and tested.
    record
        Content of ``walk.json``.
    """

    plan: Plan
    choice: str
    market: Market | Universe
    windows: tuple[Window, ...]
    record: dict[str, Any]


def lay_out(plan: Plan, options: WindowOptions, choice: str, market: Market | Universe) -> Walk:
    """Lay a walk's windows on a market, or on the times at which a universe may be traded.

    Raises
    ------
    ValueError
        For lengths that are none, or if no window fits.
    """
    lengths = lengths_of(options, plan, market.bar_seconds)
    first, last = _bars_of(market)
    windows = tuple(window.shifted(first) for window in lengths.windows(last - first))
    record = walk_record(plan, options, choice, lengths, market, len(windows), plan.search().total)
    return Walk(plan, choice, market, windows, record)


@dataclass(frozen=True)
class Walked:
    """What a walk did.

    Attributes
    ----------
    record
        Content of ``walk.json``.
    market
        What was walked.
    rows
        What is said of each window.
    traded_windows, result
        The tests, and their join.
    errors
        Why candidates have no result at all.
    confirmation
        What the event engine said.
    unused
        Bars after the last whole test window.
    """

    record: dict[str, Any]
    market: Market | Universe
    rows: list[dict[str, Any]]
    traded_windows: Sequence[TradedWindow | JointTradedWindow]
    result: EngineResult | JointResult
    errors: list[str]
    confirmation: dict[str, Any]
    unused: int

    def summary(self) -> dict[str, Any]:
        """Return the content of ``summary.json``, with NaN for what is not defined."""
        return walk_summary(self.result, self.rows, self.record["objective"], self.unused) | {
            "failed_combinations": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "confirmation": self.confirmation,
        }


def run_walk(
    walk: Walk, jobs: int, confirmed: int, heatmaps: Path | None, scratch: Path | None, progress: ShowProgress
) -> Walked:
    """Choose on every train window, trade every test window, confirm the first ones, and join all.

    Parameters
    ----------
    walk
        What is walked.
    jobs, confirmed
        Processes, and how many test windows are compared with the event engine.
    heatmaps, scratch
        Folders of kept heatmaps and of what workers hand over; None: in memory, and a temporary one.
    progress
        Shows how far it is.

    Raises
    ------
    InputError
        If no candidate has a result.
    """
    plan, market = walk.plan, walk.market
    candidates = Candidates(plan.configuration, plan.space.names, ())
    trainer = Trainer(candidates, plan.objective, market, walk.windows, heatmaps, plan.across)
    indices, chosen, errors = choose_on(walk, trainer, jobs, scratch, progress)
    ours = heatmaps_of(trainer)
    traded_windows: Sequence[TradedWindow | JointTradedWindow]
    result: EngineResult | JointResult
    with progress("confirm", min(confirmed, len(walk.windows))) as report:
        if isinstance(market, Universe):
            joint_windows = trade_across(market, ours, walk.windows, chosen)
            confirmation = confirm_across(confirmed, joint_windows, report)
            result, traded_windows = join_across(market, ours, plan.configuration, joint_windows), joint_windows
        else:
            single_windows = trade(market, ours, walk.windows, chosen)
            confirmation = confirm(confirmed, single_windows, market, ours, report)
            result, traded_windows = join(market, ours, plan.configuration, single_windows), single_windows
    rows = _window_rows(plan, trainer, traded_windows, chosen, indices)
    unused = _bars_of(market)[1] - walk.windows[-1].test_last
    return Walked(walk.record, market, rows, traded_windows, result, errors, confirmation, unused)


def _bars_of(market: Market | Universe) -> tuple[int, int]:
    """Return the bars that may be traded, ``first <= bar < last``; of a universe its times."""
    if isinstance(market, Universe):
        plan = joint_plan(market)
        return plan.first, len(plan.rows)
    return 0, len(market)


def choose_on(
    walk: Walk, trainer: Trainer, jobs: int, scratch: Path | None, progress: ShowProgress
) -> tuple[list[int | None], list[Configuration], list[str]]:
    """Score all candidates on all train windows, and choose.

    Returns
    -------
    indices, chosen, errors
        For each window the number of the chosen candidate (None: there was nothing to choose by, and the defaults are traded)
        and its configuration; and why candidates have no result.

    Raises
    ------
    InputError
        If no candidate has one.
    """
    plan, combinations = walk.plan, combinations_of(walk.plan)
    with (
        contextlib.closing(local_executor(trainer, jobs, scratch)) as executor,
        progress("train", len(combinations)) as report,
    ):
        scores, reasons = score_candidates(combinations, trainer, executor, report)
    errors = [reason for reason in reasons if reason]
    if len(errors) == len(combinations):
        raise InputError(f"no combination gave a result; the first: {errors[0]}")
    shape = tuple(len(axis.values) for axis in plan.space.axes) if walk.choice == "region" else None
    indices = choices(scores, shape)
    chosen = [
        plan.configuration if index is None else trainer.candidates.configuration(combinations[index].values)
        for index in indices
    ]
    return indices, chosen, errors


def confirm(
    count: int,
    traded_windows: tuple[TradedWindow, ...],
    market: Market,
    heatmaps: Heatmaps,
    report: Callable[[int], None],
) -> dict[str, Any]:
    """Run the first `count` test windows again in the event engine, until one differs; each before its forced close."""
    found: dict[str, Any] = {"asked": count, "equal": 0, "window": None, "difference": None}
    traded = [(number, traded) for number, traded in enumerate(traded_windows, start=1) if traded.metrics]
    for number, traded_window in traded[:count]:
        bar_range = BarRange(market, heatmaps, traded_window.window.test_first, traded_window.window.test_last)
        left_open = bar_range.left_open(traded_window.configuration, traded_window.evaluation.state_before)
        difference = first_difference(traded_window.configuration, market, left_open)
        report(1)
        if difference is not None:
            return found | {"window": number, "difference": difference}
        found["equal"] += 1
    return found


def _window_rows(
    plan: Plan, trainer: Trainer, traded_windows: Sequence[TradedWindow | JointTradedWindow],
    chosen: list[Configuration], indices: list[int | None],
) -> list[dict[str, Any]]:  # fmt: skip
    rows = []
    for index, traded_window in enumerate(traded_windows):
        configuration, bar_range = chosen[index], train_ranges(trainer)[index]
        values = {axis.label: _value(configuration, axis.group, axis.name) for axis in plan.space.axes}
        trained = bar_range.trial(configuration).metrics
        row = window_row(index + 1, trainer.market.times, traded_window, values, trained)
        rows.append(row | {"combination": indices[index]})
    return rows


def _value(configuration: Configuration, group: str, name: str) -> Any:
    return configuration.rule[name] if group == "rule" else getattr(getattr(configuration, group), name)


def _name(walk: Walk) -> str:
    names: tuple[str, ...] = ("configuration", "space", "search", "objective", "choice", "lengths", "across")
    named = {key: walk.record[key] for key in names if key in walk.record}
    return run_name(utc_now(), f"walk-{walk.plan.configuration.strategy}", named, walk.record["data"]["fingerprint"])


def _announce(record: dict[str, Any], summary: dict[str, Any], target: Path, as_json: bool) -> int:
    """Say what came of it; return the exit code."""
    plain = jsonable(summary)
    if as_json:
        print_json({"folder": str(target), **plain})
    else:
        print_walk(target, record, plain)
    confirmation = summary["confirmation"]
    if confirmation["difference"] is None:
        return 0
    number, difference = confirmation["window"], confirmation["difference"]
    sys.stderr.write(f"error: test window {number} differs in the event engine: {difference}\n")
    return 1
