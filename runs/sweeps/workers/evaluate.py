"""What a worker of a sweep does: evaluate a unit of combinations on the market it was given once."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.engines.evaluator import Evaluator
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.provenance import code_digest
from runs.sweeps.rows.row import Row, encode, row_of
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.workers.across import ACROSS, UniverseEvaluator, heatmaps_across
from runs.sweeps.workers.work import Unit, reason_of


class CodeDiffersError(RuntimeError):
    """A worker runs other code than the sweep; one sentence."""


@dataclass(frozen=True)
class WorkerContext:
    """All that a worker of a sweep needs besides its units; it travels once.

    Attributes
    ----------
    candidates
        How values become configurations.
    market
        On what: one, or a universe of several.
    heatmaps
        Folder of the shared heatmaps; None keeps them in memory.
    objective
        The metric by which the sweep compares.
    code
        The digest of the sources that the sweep was started with.
    across
        Which of `runs.sweeps.workers.across.ACROSS` several markets are judged on.
    """

    candidates: Candidates
    market: Market | Universe
    heatmaps: Path | None
    objective: str
    code: str
    across: str = ACROSS[0]

    def prepare(self) -> None:
        """Make this process's evaluator; raises as `evaluator` does."""
        evaluator(self)

    def evaluate(self, unit: Unit) -> list[Row]:
        """Return the row of every combination of a unit; a bad combination's holds its error."""
        with _taking_turns:  # a cluster's worker may have threads; compiled code takes turns anyway
            ours = evaluator(self)
            ours.expect(self.candidates.models(unit))
            return [self._row(combination, ours) for combination in unit]

    def _row(self, combination: Combination, ours: Evaluator | UniverseEvaluator) -> Row:
        try:
            trial = ours.trial(self.candidates.configuration(combination.values))
        except Exception as error:
            return self.failed(combination, reason_of(error))
        return encode(combination, "", trial.metrics, trial.daily_returns, self.objective)

    def failed(self, combination: Combination, error: str) -> Row:
        """Return the row of a combination without a result."""
        return encode(combination, error, {}, np.zeros(0), self.objective)

    def row(self, line: bytes) -> Row:
        """Return the row that a line holds; raises ValueError for one that is torn."""
        return row_of(line, self.objective)


_evaluators: dict[tuple[str, ...], Evaluator | UniverseEvaluator] = {}
_taking_turns = threading.Lock()


def evaluator(context: WorkerContext) -> Evaluator | UniverseEvaluator:
    """Return this process's evaluator of what is traded, made once.

    Raises
    ------
    CodeDiffersError
        If this process runs other code than the sweep.
    """
    here = code_digest(context.candidates.base.strategy)
    if here != context.code:
        raise CodeDiffersError(
            f"a worker runs code {here}, this sweep code {context.code}: install the same version on all machines"
        )
    traded = context.market
    named = (context.objective, context.across) if isinstance(traded, Universe) else (traded.name,)
    key = (traded.fingerprint(), str(context.heatmaps), *named)
    if key not in _evaluators:
        _evaluators.clear()
        _evaluators[key] = _evaluator(context)
    return _evaluators[key]


def _evaluator(context: WorkerContext) -> Evaluator | UniverseEvaluator:
    traded, heatmaps = context.market, context.heatmaps
    if isinstance(traded, Universe):
        kept = heatmaps_across(heatmaps, len(traded))
        return UniverseEvaluator(traded, kept, context.objective, context.across)
    return Evaluator(traded, Heatmaps(heatmaps))
