"""The course of a walk: all candidates on all train windows, the choice, the tests with what was chosen."""

from dataclasses import dataclass
from typing import Any

from runs.config import Configuration
from runs.heatmaps import Heatmaps
from runs.sweeps.plan import Plan
from runs.sweeps.progress import progress
from runs.walks.choosing import choices
from runs.walks.joining import Leg, trade
from runs.walks.scoring import Trainer, combinations_of, score, train_stretches
from runs.walks.summary import window_row


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
