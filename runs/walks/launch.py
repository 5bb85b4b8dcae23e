"""A walk from its plan to its exit code: windows, scores, choice, test, confirmation, report."""

import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datafeeds.schema import Market
from runs.command import InputError, checked
from runs.config import Configuration
from runs.engine import load_market
from runs.folder import claim_folder, release_folder, run_name
from runs.heatmaps import Heatmaps, heatmaps_folder
from runs.metrics import jsonable
from runs.parity import first_difference
from runs.sweeps.candidates import Candidates, Combination
from runs.sweeps.plan import Plan
from runs.sweeps.progress import progress
from runs.walks.announce import print_plan, print_walk
from runs.walks.choosing import Scores, choose, region_medians
from runs.walks.joining import Leg, join, trade
from runs.walks.record import MARKER, walk_facts, write_walk
from runs.walks.scoring import Trainer, score, train_stretches
from runs.walks.spans import Asked, spans_of
from runs.walks.stretch import Stretch
from runs.walks.summary import walk_summary, window_row
from runs.walks.windows import Window
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy


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
        print_plan(facts, windows, market, order.as_json)
        return 0
    target, temporary = claim_folder(_name(plan, facts), order.out, order.overwrite, MARKER)
    try:
        return _walk(plan, choice, order, facts, market, windows, target, temporary)
    finally:
        release_folder(temporary)


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


def _walk(
    plan: Plan, choice: str, order: Order, facts: dict[str, Any], market: Market, windows: tuple[Window, ...], target: Path,
    temporary: Path,
) -> int:  # fmt: skip
    candidates = Candidates(plan.configuration, plan.space.names, ())
    trainer = Trainer(candidates, plan.objective, market, windows, heatmaps_folder())
    combinations = combinations_of(plan)
    with progress("train", len(combinations)) as report:
        scores, errors = score(combinations, trainer, order.jobs, report)
    failed = [error for error in errors if error]
    if len(failed) == len(combinations):
        raise InputError(f"no combination gave a result; the first: {failed[0]}")
    shape = tuple(len(axis.values) for axis in plan.space.axes) if choice == "region" else None
    places = choices(scores, shape)
    chosen = [candidates.configuration(combinations[p].values) if p is not None else plan.configuration for p in places]
    heatmaps = Heatmaps(trainer.heatmaps)
    legs = trade(market, heatmaps, windows, chosen)
    with progress("confirm", min(order.confirm, len(legs))) as report:
        confirmation = confirm(order.confirm, legs, market, heatmaps, report)
    rows = _rows(plan, market, legs, places, chosen, trainer)
    result = join(market, heatmaps, plan.configuration, legs)
    unused = len(market) - windows[-1].test_last
    summary = walk_summary(result, rows, plan.objective, unused)
    summary |= {"failed_combinations": len(failed), "first_error": failed[0] if failed else None}
    summary["confirmation"] = confirmation
    write_walk(facts, summary, result, legs, target, temporary)
    if order.as_json:
        sys.stdout.write(json.dumps(jsonable({"folder": str(target), **summary}), indent=2) + "\n")
    else:
        print_walk(target, facts, jsonable(summary))
    if confirmation["difference"] is not None:
        sys.stderr.write(
            f"error: test window {confirmation['window']} differs in the event engine: {confirmation['difference']}\n"
        )
        return 1
    return 0


def combinations_of(plan: Plan) -> list[Combination]:
    """Return all candidates of a grid or random search, in the order in which they are best evaluated."""
    draws = (draw for batch in plan.search().batches() for draw in batch)
    found = [Combination(number, "", plan.space.values(places)) for number, places in draws]
    return sorted(found, key=lambda combination: combination.number)


def choices(scores: Scores, shape: tuple[int, ...] | None) -> list[int | None]:
    """Return what each window chooses: the place of a candidate, or None for the defaults; by region if there is a grid's shape."""
    merits = scores.merits if shape is None else [region_medians(row, shape) for row in scores.merits]
    return [choose(row, trades) for row, trades in zip(merits, scores.trades, strict=True)]


def _rows(
    plan: Plan, market: Market, legs: tuple[Leg, ...], places: list[int | None], chosen: list[Configuration], trainer: Trainer
) -> list[dict[str, Any]]:  # fmt: skip
    rows = []
    for number, (leg, place, configuration, stretch) in enumerate(
        zip(legs, places, chosen, train_stretches(trainer), strict=True), start=1
    ):
        values = {axis.label: _value(configuration, axis.group, axis.name) for axis in plan.space.axes}
        trained = stretch.figures(stretch.evaluate(configuration)).metrics
        rows.append(window_row(number, market, leg, values, trained) | {"combination": place})
    return rows


def _value(configuration: Configuration, group: str, name: str) -> Any:
    return configuration.rule[name] if group == "rule" else getattr(getattr(configuration, group), name)


def confirm(count: int, legs: tuple[Leg, ...], market: Market, heatmaps: Heatmaps, report: Any) -> dict[str, Any]:
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
