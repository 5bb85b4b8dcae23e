"""All candidates on all train windows: units of neighbours, on one process or several."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from datafeeds.schema import Market
from runs.engines.snapshot_cache import Heatmaps
from runs.sweeps.plan import Plan
from runs.sweeps.rows.objective import merit
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.workers.evaluate import LARGEST_UNIT, Unit, units
from runs.walks.bar_range import Stretch
from runs.walks.selection import Scores
from runs.walks.windows import Window


def combinations_of(plan: Plan) -> list[Combination]:
    """Return all candidates of a grid or random search, in the order in which they are best evaluated."""
    draws = (draw for batch in plan.search().batches() for draw in batch)
    found = [Combination(number, "", plan.space.values(places)) for number, places in draws]
    return sorted(found, key=lambda combination: combination.number)


@dataclass(frozen=True)
class Trainer:
    """All that a worker needs besides its unit.

    Attributes
    ----------
    candidates, objective
        What is tried, and by what it is compared.
    market
        The whole market; each window's evaluation reads its bars and those before alone.
    windows
        Whose train windows are traded.
    heatmaps
        Folder of kept heatmaps; None: in memory.
    """

    candidates: Candidates
    objective: str
    market: Market
    windows: tuple[Window, ...]
    heatmaps: Path | None


@dataclass(frozen=True)
class Scored:
    """One candidate: (w,) merits and trades, and why it has no result at all (empty where it has one)."""

    number: int
    merits: np.ndarray
    trades: np.ndarray
    error: str


_UNITS_A_WORKER = 4
"""So that none waits long for the last one (assumption)."""

_stretches: dict[tuple[str, str, str, tuple[Window, ...]], list[Stretch]] = {}


def train_stretches(trainer: Trainer) -> list[Stretch]:
    """Return this process's train windows, made once."""
    key = (trainer.market.fingerprint(), trainer.market.name, str(trainer.heatmaps), trainer.windows)
    if key not in _stretches:
        _stretches.clear()
        heatmaps = Heatmaps(trainer.heatmaps)
        _stretches[key] = [Stretch(trainer.market, heatmaps, w.train_first, w.train_last) for w in trainer.windows]
    return _stretches[key]


def score_unit(unit: Unit, trainer: Trainer) -> list[Scored]:
    """Return what every candidate of a unit earned on every train window."""
    stretches = train_stretches(trainer)
    return [_scored(combination, trainer, stretches) for combination in unit]


def _scored(combination: Combination, trainer: Trainer, stretches: list[Stretch]) -> Scored:
    merits, trades = np.full(len(stretches), -np.inf), np.zeros(len(stretches), dtype=np.int64)
    try:
        configuration = trainer.candidates.configuration(combination.values)
    except ValueError as error:
        return Scored(combination.number, merits, trades, " ".join(str(error).split()))
    reason = ""
    for place, stretch in enumerate(stretches):
        try:
            metrics = stretch.figures(stretch.evaluate(configuration)).metrics
        except ValueError as error:  # of this window alone: a later one must not undo what an earlier one chose
            reason = reason or " ".join(str(error).split())
            continue
        merits[place] = merit(trainer.objective, float(metrics[trainer.objective]))
        trades[place] = int(metrics["trades"])
    return Scored(combination.number, merits, trades, "" if np.isfinite(merits).any() else reason)


def score(
    combinations: list[Combination], trainer: Trainer, jobs: int, report: Callable[[int], None]
) -> tuple[Scores, list[str]]:
    """Evaluate all candidates on all train windows.

    Parameters
    ----------
    combinations
        In any order; their numbers are their places in the result.
    trainer
        With what.
    jobs
        Processes; 1 is this one.
    report
        Called with the number of candidates newly done.

    Returns
    -------
    scores, errors
        (w, c) arrays, and for each candidate why it has no result (empty where it has one).
    """
    shape = (len(trainer.windows), len(combinations))
    merits, trades, errors = np.full(shape, -np.inf), np.zeros(shape, np.int64), [""] * len(combinations)
    most = max(1, min(LARGEST_UNIT, len(combinations) // (_UNITS_A_WORKER * jobs)))
    for rows in _all_rows(list(units(combinations, trainer.candidates.names, most)), trainer, jobs):
        for row in rows:
            merits[:, row.number], trades[:, row.number], errors[row.number] = row.merits, row.trades, row.error
        report(len(rows))
    return Scores(merits, trades), errors


def _all_rows(todo: list[Unit], trainer: Trainer, jobs: int) -> Iterator[list[Scored]]:
    """Yield the rows of each unit; what a worker leaves that dies is done in this process."""
    done = 0
    if jobs > 1:
        work = (delayed(score_unit)(unit, trainer) for unit in todo)
        try:
            for rows in Parallel(n_jobs=jobs, return_as="generator")(work):  # in the order of the units
                yield rows
                done += 1
        except BrokenExecutor:
            sys.stderr.write("note: a worker died; its work and the rest are done in this process\n")
    for unit in todo[done:]:
        yield score_unit(unit, trainer)
