"""All candidates on all train windows: units of neighbours on the workers of sweeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.engines.snapshot_cache import Heatmaps
from runs.sweeps.plan import Plan
from runs.sweeps.rows.objective import score
from runs.sweeps.rows.row import sealed, unsealed
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.workers.across import ACROSS, UniverseEvaluator, heatmaps_across
from runs.sweeps.workers.executors import Executor
from runs.sweeps.workers.work import Unit, reason_of, unit_size, units
from runs.walks.bar_range import BarRange
from runs.walks.selection import Scores
from runs.walks.windows import Window

Ranges = Sequence[BarRange | UniverseEvaluator]
"""What evaluates candidates on each train window."""


def combinations_of(plan: Plan) -> list[Combination]:
    """Return all candidates of a grid or random search by their numbers."""
    draws = (draw for batch in plan.search().batches() for draw in batch)
    found = [Combination(number, "", plan.space.values(indices)) for number, indices in draws]
    return sorted(found, key=lambda combination: combination.number)


@dataclass(frozen=True)
class Scored:
    """One candidate: (w,) values and trades, and why it has no result at all (empty where it has one)."""

    number: int
    values: np.ndarray
    trades: np.ndarray
    error: str

    @property
    def line(self) -> bytes:
        """All of it as a line of text."""
        content = vars(self) | {"values": self.values.tolist(), "trades": self.trades.tolist()}
        return sealed(content)


@dataclass(frozen=True)
class Trainer:
    """What a worker of a walk needs besides its units.

    Attributes
    ----------
    candidates, objective
        What is tried, and by what it is compared.
    market
        The whole market or universe; each window's evaluation reads its bars and those before alone.
    windows
        Whose train windows are traded.
    heatmaps
        Folder of kept heatmaps; None: in memory.
    across
        Which of `runs.sweeps.workers.across.ACROSS` a universe is judged on.
    """

    candidates: Candidates
    objective: str
    market: Market | Universe
    windows: tuple[Window, ...]
    heatmaps: Path | None
    across: str = ACROSS[0]

    def prepare(self) -> None:
        """Make this process's train windows."""
        train_ranges(self)

    def evaluate(self, unit: Unit) -> list[Scored]:
        """Return what every candidate of a unit earned on every train window."""
        ranges = train_ranges(self)
        markets = len(self.market) if isinstance(self.market, Universe) else 1
        heatmaps_of(self).expect(self.candidates.models(unit), markets)
        return [self._scored(combination, ranges) for combination in unit]

    def _scored(self, combination: Combination, ranges: Ranges) -> Scored:
        scored = self.failed(combination, "")
        try:
            configuration = self.candidates.configuration(combination.values)
        except Exception as error:
            return self.failed(combination, reason_of(error))
        reason = ""
        for index, bar_range in enumerate(ranges):
            try:
                metrics = bar_range.trial(configuration).metrics
            except Exception as error:  # of this window alone: a later one must not undo what an earlier one chose
                reason = reason or reason_of(error)
                continue
            scored.values[index] = score(self.objective, float(metrics[self.objective]))
            scored.trades[index] = int(metrics["trades"])
        return scored if np.isfinite(scored.values).any() else replace(scored, error=reason)

    def failed(self, combination: Combination, error: str) -> Scored:
        """Return a candidate without a result."""
        count = len(self.windows)
        return Scored(combination.number, np.full(count, -np.inf), np.zeros(count, dtype=np.int64), error)

    def row(self, line: bytes) -> Scored:
        """Return what `Scored.line` wrote; raises ValueError for a line that is torn."""
        content = unsealed(line)
        if content is None:
            raise ValueError("a torn row")
        trades = np.array(content["trades"], dtype=np.int64)
        return Scored(content["number"], np.array(content["values"], dtype=np.float64), trades, content["error"])


_ranges: dict[Any, tuple[Heatmaps, Ranges]] = {}


def train_ranges(trainer: Trainer) -> Ranges:
    """Return this process's train windows, made once."""
    return _prepared(trainer)[1]


def heatmaps_of(trainer: Trainer) -> Heatmaps:
    """Return the heatmaps that this process's train windows read."""
    return _prepared(trainer)[0]


def _prepared(trainer: Trainer) -> tuple[Heatmaps, Ranges]:
    traded = trainer.market
    named = (trainer.objective, trainer.across) if isinstance(traded, Universe) else (traded.name,)
    key = (traded.fingerprint(), str(trainer.heatmaps), trainer.windows, *named)
    if key not in _ranges:
        _ranges.clear()
        _ranges[key] = _ranges_of(trainer)
    return _ranges[key]


def _ranges_of(trainer: Trainer) -> tuple[Heatmaps, Ranges]:
    traded, spans = trainer.market, [(window.train_first, window.train_last) for window in trainer.windows]
    if isinstance(traded, Universe):
        heatmaps, judged = heatmaps_across(trainer.heatmaps, len(traded)), (trainer.objective, trainer.across)
        return heatmaps, [UniverseEvaluator(traded.window(*span), heatmaps, *judged) for span in spans]
    heatmaps = Heatmaps(trainer.heatmaps)
    return heatmaps, [BarRange(traded, heatmaps, *span) for span in spans]


def score_candidates(
    combinations: list[Combination], trainer: Trainer, executor: Executor, report: Callable[[int], None]
) -> tuple[Scores, list[str]]:
    """Evaluate all candidates on all train windows.

    Parameters
    ----------
    combinations
        In any order; their numbers are their indices in the result.
    trainer
        With what.
    executor
        Who works, in the context of the trainer.
    report
        Called with the number of candidates newly done.

    Returns
    -------
    scores, errors
        (w, c) arrays, and for each candidate why it has no result (empty where it has one).
    """
    shape = (len(trainer.windows), len(combinations))
    values, trades, errors = np.full(shape, -np.inf), np.zeros(shape, np.int64), [""] * len(combinations)
    most = unit_size(len(combinations), executor.size)
    for rows in executor.run(units(combinations, trainer.candidates.names, most)):
        for row in rows:
            values[:, row.number], trades[:, row.number], errors[row.number] = row.values, row.trades, row.error
        report(len(rows))
    return Scores(values, trades), errors
