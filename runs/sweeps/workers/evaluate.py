"""What a worker does: evaluate a unit of combinations on the market it was given once."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datafeeds.schema import Market
from runs.engines.evaluator import Evaluator
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.provenance import code_digest
from runs.sweeps.rows.row import Row, encode
from runs.sweeps.space.candidates import Candidates, Combination

Unit = tuple[Combination, ...]
"""Combinations that one worker evaluates in one go, neighbours by the model's parameters."""

MAX_UNIT = 64
"""Most combinations of a unit (assumption: tens of milliseconds or more, so that handing it over costs little)."""

_UNIT_MODELS = 4
"""Most heatmaps of a unit: each takes a good part of a second on five years of hours, and a unit should take seconds."""

_ERROR_LENGTH = 300


class CodeDiffersError(RuntimeError):
    """A worker runs other code than the sweep; one sentence."""


@dataclass(frozen=True)
class WorkerContext:
    """All that a worker needs besides its units; it travels once.

    Attributes
    ----------
    candidates
        How values become configurations.
    market
        On what.
    heatmaps
        Folder of the shared heatmaps; None keeps them in memory.
    objective
        The metric by which the sweep compares.
    code
        The digest of the sources that the sweep was started with.
    """

    candidates: Candidates
    market: Market
    heatmaps: Path | None
    objective: str
    code: str


def units(combinations: Iterable[Combination], names: tuple[tuple[str, str], ...], most: int) -> Iterator[Unit]:
    """Yield combinations in units of `most` at most, in order; `names` are group and name of their values."""
    of_model = [place for place, (group, _) in enumerate(names) if group == "model"]
    unit: list[Combination] = []
    models: set[Any] = set()
    for combination in combinations:
        model = tuple(combination.values[place] for place in of_model)
        if len(unit) >= most or len(models | {model}) > _UNIT_MODELS:
            yield tuple(unit)
            unit, models = [], set()
        unit.append(combination)
        models.add(model)
    if unit:
        yield tuple(unit)


_evaluators: dict[tuple[str, str, str], Evaluator] = {}
_taking_turns = threading.Lock()


def evaluator(context: WorkerContext) -> Evaluator:
    """Return this process's evaluator of a market, made once.

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
    key = (context.market.fingerprint(), context.market.name, str(context.heatmaps))
    if key not in _evaluators:
        _evaluators.clear()
        _evaluators[key] = Evaluator(context.market, Heatmaps(context.heatmaps))
    return _evaluators[key]


def evaluate_unit(unit: Unit, context: WorkerContext) -> list[Row]:
    """Return the row of every combination of a unit; a bad combination's holds its error."""
    with _taking_turns:  # a cluster's worker may have threads; compiled code takes turns anyway
        ours = evaluator(context)
        return [_row(combination, context, ours) for combination in unit]


def _row(combination: Combination, context: WorkerContext, ours: Evaluator) -> Row:
    try:
        trial = ours.trial(context.candidates.configuration(combination.values))
    except ValueError as error:
        return failed(combination, str(error), context)
    except Exception as error:
        return failed(combination, f"{type(error).__name__}: {error}", context)
    return encode(combination, "", trial.metrics, trial.daily_returns, context.objective)


def failed(combination: Combination, error: str, context: WorkerContext) -> Row:
    """Return the row of a combination without a result."""
    text = " ".join(error.split())[:_ERROR_LENGTH] or "failed without saying why"
    return encode(combination, text, {}, np.zeros(0), context.objective)
