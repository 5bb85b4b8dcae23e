"""The model-based search: optuna proposes what looks good by the scores so far (the extra ``sweep``)."""

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runs.sweeps.space.search import Draw, check_trials
from runs.sweeps.space.space import Space

BATCH = 16
"""Proposals between two tellings. Fixed, so that the draws do not depend on the number of workers (assumption: some work
for a few machines, and still a few dozen tellings in a usual sweep)."""

_TRIES = 4
"""Proposals in a row that were made before, until chance proposes instead (assumption)."""


class Guided:
    """Tree-structured Parzen estimators over the indices on the axes (Bergstra et al. 2011, as optuna has them).

    The same seed and the same results give the same draws; so a resumed sweep replays its earlier tellings and goes on.
    """

    def __init__(self, space: Space, trials: int, seed: int) -> None:
        """Raise ValueError for too many trials, or if optuna is not installed."""
        try:
            import optuna
        except ModuleNotFoundError:
            raise ValueError(
                "--search model needs optuna: pip install 'liquidation-heatmap[sweep]', or use --search random"
            ) from None
        check_trials(space, trials)
        self._space, self.total, self.batch = space, trials, min(trials, BATCH)
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=seed)
        self._study = optuna.create_study(sampler=sampler, direction="maximize")
        self._failed = optuna.trial.TrialState.FAIL
        self._proposed: dict[int, Any] = {}
        self._seen: set[tuple[int, ...]] = set()

    def batches(self) -> Iterator[Iterable[Draw]]:
        """Yield batches; `tell` must be called after each."""
        for first in range(0, self.total, BATCH):
            yield [(number, self._propose(number)) for number in range(first, min(first + BATCH, self.total))]

    def tell(self, scores: Mapping[int, float]) -> None:
        """Tell the last batch's scores, in the order of their numbers."""
        for number, trial in sorted(self._proposed.items()):
            score = scores.get(number, float("-inf"))
            if score == float("-inf"):
                self._study.tell(trial, state=self._failed)
            else:
                self._study.tell(trial, score)
        self._proposed.clear()

    def _propose(self, number: int) -> tuple[int, ...]:
        for _ in range(_TRIES):
            trial = self._study.ask()
            indices = self._indices(trial)
            if indices not in self._seen:
                break
            self._study.tell(trial, state=self._failed)
        else:
            indices = self._unseen()
            self._study.enqueue_trial({axis.label: at for axis, at in zip(self._space.axes, indices, strict=True)})
            trial = self._study.ask()
            self._indices(trial)
        self._seen.add(indices)
        self._proposed[number] = trial
        return indices

    def _indices(self, trial: Any) -> tuple[int, ...]:
        """Return a trial's index on each axis: ordered for numbers, unordered for all else."""
        indices = []
        for axis in self._space.axes:
            count = len(axis.values)
            if isinstance(axis.values[0], (int, float)) and not isinstance(axis.values[0], bool):
                indices.append(trial.suggest_int(axis.label, 0, count - 1))
            else:
                indices.append(trial.suggest_categorical(axis.label, list(range(count))))
        return tuple(indices)

    def _unseen(self) -> tuple[int, ...]:
        """Return indices that were never proposed: there are some, as there are no more trials than combinations."""
        size = self._space.size
        start = self._chance.randrange(size)
        for step in range(len(self._seen) + 1):
            indices = self._space.indices((start + step) % size)
            if indices not in self._seen:
                return indices
        raise AssertionError("more proposals than combinations")
