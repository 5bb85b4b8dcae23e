"""A walk from its plan to its exit code: windows, scores, choice, test, confirmation, report."""

import datetime
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datafeeds.schema import Market
from runs.commandline.command import InputError, checked
from runs.engines.configuration import Configuration
from runs.engines.event import load_market
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps, heatmaps_folder
from runs.outcome.folder import claim_folder, release_folder, run_name
from runs.outcome.metrics import jsonable
from runs.sweeps.plan import Plan
from runs.sweeps.progress import progress
from runs.sweeps.space.candidates import Candidates
from runs.walks.bar_range import Stretch
from runs.walks.folder import MARKER, walk_facts, write_walk
from runs.walks.joining import Leg, join, trade
from runs.walks.lengths import Asked, spans_of
from runs.walks.scoring import Trainer, combinations_of, score, train_stretches
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
    places
        For each window the number of the chosen candidate; None: there was nothing to choose by, and the defaults were traded.
    chosen
        For each window the configuration traded, with the cash of the walk's beginning.
    legs
        The tests; none where no candidate is valid.
    errors
        Why candidates have no result at all.
    """

    places: list[int | None]
    chosen: list[Configuration]
    legs: tuple[Leg, ...]
    errors: list[str]


def walk(plan: Plan, choice: str, trainer: Trainer, heatmaps: Heatmaps, jobs: int) -> Walked:
    """Choose on every train window and trade every test window."""
    combinations = combinations_of(plan)
    with progress("train", len(combinations)) as report:
        scores, errors = score(combinations, trainer, jobs, report)
    failed = [error for error in errors if error]
    if len(failed) == len(combinations):
        return Walked([], [], (), failed)
    places = choices(scores, tuple(len(axis.values) for axis in plan.space.axes) if choice == "region" else None)
    chosen = [
        plan.configuration if place is None else trainer.candidates.configuration(combinations[place].values)
        for place in places
    ]
    return Walked(places, chosen, trade(trainer.market, heatmaps, trainer.windows, chosen), failed)


def window_rows(plan: Plan, walked: Walked, trainer: Trainer) -> list[dict[str, Any]]:
    """Return what is said of each window."""
    rows = []
    for place, leg in enumerate(walked.legs):
        configuration, stretch = walked.chosen[place], train_stretches(trainer)[place]
        values = {axis.label: _value(configuration, axis.group, axis.name) for axis in plan.space.axes}
        trained = stretch.figures(stretch.evaluate(configuration)).metrics
        row = window_row(place + 1, trainer.market, leg, values, trained)
        rows.append(row | {"combination": walked.places[place]})
    return rows


def _value(configuration: Configuration, group: str, name: str) -> Any:
    return configuration.rule[name] if group == "rule" else getattr(getattr(configuration, group), name)


def confirm(
    count: int, legs: tuple[Leg, ...], market: Market, heatmaps: Heatmaps, report: Callable[[int], None]
) -> dict[str, Any]:
    """Run the first `count` test windows again in the event engine, until one differs; each before its forced close."""
    found: dict[str, Any] = {"asked": count, "equal": 0, "window": None, "difference": None}
    traded = [(number, leg) for number, leg in enumerate(legs, start=1) if leg.metrics]
    for number, leg in traded[:count]:
        stretch = Stretch(market, heatmaps, leg.window.test_first, leg.window.test_last)
        difference = first_difference(leg.configuration, market, stretch.left_open(leg.configuration))
        report(1)
        if difference is not None:
            return found | {"window": number, "difference": difference}
        found["equal"] += 1
    return found


@dataclass(frozen=True)
class Order:
    """How a walk is carried out: nothing of it changes a figure."""

    jobs: int
    confirm: int
    out: Path | None
    overwrite: bool
    dry_run: bool
    as_json: bool


def launch(plan: Plan, asked: Asked, choice: str, order: Order) -> int:
    """Carry a walk out; return the exit code.

    Raises
    ------
    InputError, FolderError, MarketError
        For what the user can mend.
    """
    checked(_refuse, plan, choice)
    total = checked(plan.search).total  # type: ignore[attr-defined]
    market = load_market(plan.configuration)
    spans = checked(spans_of, asked, plan, market.bar_seconds)
    windows: tuple[Window, ...] = checked(spans.windows, len(market))  # type: ignore[attr-defined,assignment]
    facts = walk_facts(plan, asked, choice, spans, market, len(windows), total)  # type: ignore[arg-type]
    if order.dry_run:
        print_plan(facts, plan, windows, market, order.jobs)
        return 0
    target, temporary = claim_folder(_name(plan, facts), order.out, order.overwrite, MARKER)
    try:
        candidates = Candidates(plan.configuration, plan.space.names, ())
        trainer = Trainer(candidates, plan.objective, market, windows, heatmaps_folder())
        heatmaps = Heatmaps(trainer.heatmaps)
        walked = walk(plan, choice, trainer, heatmaps, order.jobs)
        if not walked.legs:
            raise InputError(f"no combination gave a result; the first: {walked.errors[0]}")
        summary = _finish(plan, order, facts, walked, trainer, heatmaps, target, temporary)
    finally:
        release_folder(temporary)
    return _announce(order, facts, summary, target)


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
    now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - the spelling that 3.11 to 3.13 share
    named = {key: facts[key] for key in ("configuration", "space", "search", "objective", "choice", "spans")}
    return run_name(now, f"walk-{plan.configuration.strategy}", named, facts["data"]["fingerprint"])


def _finish(
    plan: Plan, order: Order, facts: dict[str, Any], walked: Walked, trainer: Trainer, heatmaps: Heatmaps, target: Path,
    temporary: Path,
) -> dict[str, Any]:  # fmt: skip
    """Confirm, join and write a walk; return its summary."""
    market, legs = trainer.market, walked.legs
    with progress("confirm", min(order.confirm, len(legs))) as report:
        confirmation = confirm(order.confirm, legs, market, heatmaps, report)
    result = join(market, heatmaps, plan.configuration, legs)
    unused = len(market) - trainer.windows[-1].test_last
    summary = walk_summary(result, window_rows(plan, walked, trainer), plan.objective, unused) | {
        "failed_combinations": len(walked.errors),
        "first_error": walked.errors[0] if walked.errors else None,
        "confirmation": confirmation,
    }
    write_walk(facts, summary, result, legs, target, temporary)
    return summary


def _announce(order: Order, facts: dict[str, Any], summary: dict[str, Any], target: Path) -> int:
    """Say what came of it; return the exit code."""
    plain = jsonable(summary)
    if order.as_json:
        sys.stdout.write(json.dumps({"folder": str(target), **plain}, indent=2) + "\n")
    else:
        print_walk(target, facts, plain)
    confirmation = summary["confirmation"]
    if confirmation["difference"] is None:
        return 0
    number, difference = confirmation["window"], confirmation["difference"]
    sys.stderr.write(f"error: test window {number} differs in the event engine: {difference}\n")
    return 1
