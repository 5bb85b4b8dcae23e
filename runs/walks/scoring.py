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
from runs.sweeps.rows.objective import score
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.workers.evaluate import MAX_UNIT, Unit, units
from runs.walks.bar_range import BarRange
from runs.walks.selection import Scores
from runs.walks.windows import Window


def combinations_of(plan: Plan) -> list[Combination]:
    """Return all candidates of a grid or random search, in the order in which they are best evaluated."""
    draws = (draw for batch in plan.search().batches() for draw in batch)
    found = [Combination(number, "", plan.space.values(indices)) for number, indices in draws]
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
    """One candidate: (w,) values and trades, and why it has no result at all (empty where it has one)."""

    number: int
    values: np.ndarray
    trades: np.ndarray
    error: str


_UNITS_A_WORKER = 4
"""So that none waits long for the last one (assumption)."""

_ranges: dict[tuple[str, str, str, tuple[Window, ...]], list[BarRange]] = {}


def train_ranges(trainer: Trainer) -> list[BarRange]:
    """Return this process's train windows, made once."""
    key = (trainer.market.fingerprint(), trainer.market.name, str(trainer.heatmaps), trainer.windows)
    if key not in _ranges:
        _ranges.clear()
        heatmaps = Heatmaps(trainer.heatmaps)
        _ranges[key] = [BarRange(trainer.market, heatmaps, w.train_first, w.train_last) for w in trainer.windows]
    return _ranges[key]


def score_unit(unit: Unit, trainer: Trainer) -> list[Scored]:
    """Return what every candidate of a unit earned on every train window."""
    ranges = train_ranges(trainer)
    return [_scored(combination, trainer, ranges) for combination in unit]


def _scored(combination: Combination, trainer: Trainer, ranges: list[BarRange]) -> Scored:
    values, trades = np.full(len(ranges), -np.inf), np.zeros(len(ranges), dtype=np.int64)
    try:
        configuration = trainer.candidates.configuration(combination.values)
    except ValueError as error:
        return Scored(combination.number, values, trades, " ".join(str(error).split()))
    reason = ""
    for place, bar_range in enumerate(ranges):
        try:
            metrics = bar_range.figures(bar_range.evaluate(configuration)).metrics
        except ValueError as error:  # of this window alone: a later one must not undo what an earlier one chose
            reason = reason or " ".join(str(error).split())
            continue
        values[place] = score(trainer.objective, float(metrics[trainer.objective]))
        trades[place] = int(metrics["trades"])
    return Scored(combination.number, values, trades, "" if np.isfinite(values).any() else reason)


def score_candidates(
    combinations: list[Combination], trainer: Trainer, jobs: int, report: Callable[[int], None]
) -> tuple[Scores, list[str]]:
    """Evaluate all candidates on all train windows.

    Parameters
    ----------
    combinations
        In any order; their numbers are their indices in the result.
    trainer
        With what.
    jobs
        ProcessPool; 1 is this one.
    report
        Called with the number of candidates newly done.

    Returns
    -------
    scores, errors
        (w, c) arrays, and for each candidate why it has no result (empty where it has one).
    """
    shape = (len(trainer.windows), len(combinations))
    values, trades, errors = np.full(shape, -np.inf), np.zeros(shape, np.int64), [""] * len(combinations)
    most = max(1, min(MAX_UNIT, len(combinations) // (_UNITS_A_WORKER * jobs)))
    for rows in _all_rows(list(units(combinations, trainer.candidates.names, most)), trainer, jobs):
        for row in rows:
            values[:, row.number], trades[:, row.number], errors[row.number] = row.values, row.trades, row.error
        report(len(rows))
    return Scores(values, trades), errors


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
