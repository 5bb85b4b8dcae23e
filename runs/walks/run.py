"""A walk from its plan to its exit code: windows, scores, choice, test, confirmation, report."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datafeeds.schema import Market
from runs.commandline.command import InputError, as_input_error
from runs.commandline.output import print_json, utc_now
from runs.commandline.progress import progress
from runs.engines.configuration import Configuration
from runs.engines.event import load_market
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps, heatmaps_folder
from runs.outcome.folder import claim_folder, release_folder, run_name
from runs.outcome.writing import jsonable
from runs.sweeps.plan import Plan
from runs.sweeps.space.candidates import Candidates
from runs.walks.bar_range import BarRange
from runs.walks.folder import MARKER, walk_record, write_walk
from runs.walks.joining import TradedWindow, join, trade
from runs.walks.lengths import WindowOptions, lengths_of
from runs.walks.scoring import Trainer, combinations_of, score_candidates, train_ranges
from runs.walks.selection import choices
from runs.walks.summary import walk_summary, window_row
from runs.walks.terminal import print_plan, print_walk
from runs.walks.windows import Window
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy


@dataclass(frozen=True)
class Walked:
    """What a walk did.

    Attributes
    ----------
    indices
        For each window the number of the chosen candidate; None: there was nothing to choose by, and the defaults were traded.
    chosen
        For each window the configuration traded, with the cash of the walk's beginning.
    traded_windows
        The tests; none where no candidate is valid.
    errors
        Why candidates have no result at all.
    """

    indices: list[int | None]
    chosen: list[Configuration]
    traded_windows: tuple[TradedWindow, ...]
    errors: list[str]


def walk(plan: Plan, choice: str, trainer: Trainer, heatmaps: Heatmaps, jobs: int) -> Walked:
    """Choose on every train window and trade every test window."""
    combinations = combinations_of(plan)
    with progress("train", len(combinations)) as report:
        scores, errors = score_candidates(combinations, trainer, jobs, report)
    failed = [error for error in errors if error]
    if len(failed) == len(combinations):
        return Walked([], [], (), failed)
    indices = choices(scores, tuple(len(axis.values) for axis in plan.space.axes) if choice == "region" else None)
    chosen = [
        plan.configuration if place is None else trainer.candidates.configuration(combinations[place].values)
        for place in indices
    ]
    return Walked(indices, chosen, trade(trainer.market, heatmaps, trainer.windows, chosen), failed)


def window_rows(plan: Plan, walked: Walked, trainer: Trainer) -> list[dict[str, Any]]:
    """Return what is said of each window."""
    rows = []
    for place, traded_window in enumerate(walked.traded_windows):
        configuration, bar_range = walked.chosen[place], train_ranges(trainer)[place]
        values = {axis.label: _value(configuration, axis.group, axis.name) for axis in plan.space.axes}
        trained = bar_range.figures(bar_range.evaluate(configuration)).metrics
        row = window_row(place + 1, trainer.market, traded_window, values, trained)
        rows.append(row | {"combination": walked.indices[place]})
    return rows


def _value(configuration: Configuration, group: str, name: str) -> Any:
    return configuration.rule[name] if group == "rule" else getattr(getattr(configuration, group), name)


def confirm(
    count: int,
    traded_windows: tuple[TradedWindow, ...],
    market: Market,
    heatmaps: Heatmaps,
    report: Callable[[int], None],
) -> dict[str, Any]:
    """Run the first `count` test windows again in the event engine, until one differs; each before its forced close."""
    found: dict[str, Any] = {"asked": count, "equal": 0, "window": None, "difference": None}
    traded = [
        (number, traded_window) for number, traded_window in enumerate(traded_windows, start=1) if traded_window.metrics
    ]
    for number, traded_window in traded[:count]:
        bar_range = BarRange(market, heatmaps, traded_window.window.test_first, traded_window.window.test_last)
        difference = first_difference(
            traded_window.configuration, market, bar_range.left_open(traded_window.configuration)
        )
        report(1)
        if difference is not None:
            return found | {"window": number, "difference": difference}
        found["equal"] += 1
    return found


@dataclass(frozen=True)
class RunOptions:
    """How a walk is carried out: nothing of it changes a figure."""

    jobs: int
    confirm: int
    out: Path | None
    overwrite: bool
    dry_run: bool
    as_json: bool


def launch(plan: Plan, window_options: WindowOptions, choice: str, options: RunOptions) -> int:
    """Carry a walk out; return the exit code.

    Raises
    ------
    InputError, FolderError, MarketError
        For what the user can mend.
    """
    as_input_error(_refuse, plan, choice)
    total = as_input_error(plan.search).total  # type: ignore[attr-defined]
    market = load_market(plan.configuration)
    lengths = as_input_error(lengths_of, window_options, plan, market.bar_seconds)
    windows: tuple[Window, ...] = as_input_error(lengths.windows, len(market))  # type: ignore[attr-defined,assignment]
    facts = walk_record(plan, window_options, choice, lengths, market, len(windows), total)  # type: ignore[arg-type]
    if options.dry_run:
        print_plan(facts, plan, windows, market, options.jobs)
        return 0
    target, temporary = claim_folder(_name(plan, facts), options.out, options.overwrite, MARKER)
    try:
        candidates = Candidates(plan.configuration, plan.space.names, ())
        trainer = Trainer(candidates, plan.objective, market, windows, heatmaps_folder())
        heatmaps = Heatmaps(trainer.heatmaps)
        walked = walk(plan, choice, trainer, heatmaps, options.jobs)
        if not walked.traded_windows:
            raise InputError(f"no combination gave a result; the first: {walked.errors[0]}")
        summary = _finish(plan, options, facts, walked, trainer, heatmaps, target, temporary)
    finally:
        release_folder(temporary)
    return _announce(options, facts, summary, target)


def _refuse(plan: Plan, choice: str) -> None:
    """Raise ValueError for what no walk can do."""
    if not issubclass(load_strategy(plan.configuration.strategy), PerpetualStrategy):
        raise ValueError(
            f"strategy {plan.configuration.strategy}: it cannot begin at a later bar; only subclasses of PerpetualStrategy can"
        )
    if plan.method == "model":
        raise ValueError("--search model: it would need a search for every window; use grid or random")
    if choice == "region" and plan.method != "grid":
        raise ValueError("--choose region needs --search grid: random combinations have no neighbours")
    if any(axis.label == "costs.starting_cash" for axis in plan.space.axes):
        raise ValueError("--param starting_cash: a test window begins with the cash that the one before left")


def _name(plan: Plan, facts: dict[str, Any]) -> str:
    named = {key: facts[key] for key in ("configuration", "space", "search", "objective", "choice", "spans")}
    return run_name(utc_now(), f"walk-{plan.configuration.strategy}", named, facts["data"]["fingerprint"])


def _finish(
    plan: Plan, options: RunOptions, facts: dict[str, Any], walked: Walked, trainer: Trainer, heatmaps: Heatmaps, target: Path,
    temporary: Path,
) -> dict[str, Any]:  # fmt: skip
    """Confirm, join and write a walk; return its summary."""
    market, traded_windows = trainer.market, walked.traded_windows
    with progress("confirm", min(options.confirm, len(traded_windows))) as report:
        confirmation = confirm(options.confirm, traded_windows, market, heatmaps, report)
    result = join(market, heatmaps, plan.configuration, traded_windows)
    unused = len(market) - trainer.windows[-1].test_last
    summary = walk_summary(result, window_rows(plan, walked, trainer), plan.objective, unused) | {
        "failed_combinations": len(walked.errors),
        "first_error": walked.errors[0] if walked.errors else None,
        "confirmation": confirmation,
    }
    write_walk(facts, summary, result, traded_windows, target, temporary)
    return summary


def _announce(options: RunOptions, facts: dict[str, Any], summary: dict[str, Any], target: Path) -> int:
    """Say what came of it; return the exit code."""
    plain = jsonable(summary)
    if options.as_json:
        print_json({"folder": str(target), **plain})
    else:
        print_walk(target, facts, plain)
    confirmation = summary["confirmation"]
    if confirmation["difference"] is None:
        return 0
    number, difference = confirmation["window"], confirmation["difference"]
    sys.stderr.write(f"error: test window {number} differs in the event engine: {difference}\n")
    return 1
