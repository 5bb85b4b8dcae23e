"""Which combinations are tried, in which order: all of them, or random ones; `guided.py` has the model-based search."""

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from runs.sweeps.space.space import Space

Draw = tuple[int, tuple[int, ...]]
"""A combination's number, and its index on each axis."""

METHODS = ("grid", "random", "model")

LARGEST = 1_000_000
"""Most combinations of one sweep (assumption: minutes of work, and what a table in memory can hold)."""


class Search(Protocol):
    """A search in batches: those of one batch do not depend on each other, the next may depend on what was told.

    Attributes
    ----------
    total, batch
        Combinations in all, and of one batch at most.
    """

    total: int
    batch: int

    def batches(self) -> Iterator[Iterable[Draw]]:
        """Yield batches of draws."""

    def tell(self, scores: Mapping[int, float]) -> None:
        """Hear how good each number of the last batch was (more is better, -inf: no result)."""


class Grid:
    """Every combination, once."""

    def __init__(self, space: Space) -> None:
        """Raise ValueError for a grid that is too large."""
        if space.size > LARGEST:
            raise ValueError(
                f"the grid has {space.size:,} combinations, more than {LARGEST:,}: use larger steps, or --search random "
                "--trials N"
            )
        self._space = space
        self.total = self.batch = space.size

    def batches(self) -> Iterator[Iterable[Draw]]:
        """Yield all in one batch; neighbours share the model's parameters."""
        yield ((number, self._space.indices(number)) for number in range(self.total))

    def tell(self, scores: Mapping[int, float]) -> None:
        """Hear nothing: all are tried anyway."""


class Random:
    """Distinct combinations, all equally likely, the same for the same seed; numbered as drawn."""

    def __init__(self, space: Space, trials: int, seed: int) -> None:
        """Raise ValueError for more trials than there are combinations."""
        self._space = space
        self.total = self.batch = trials
        self._drawn = distinct_numbers(space, trials, random.Random(seed))  # noqa: S311 - no secret

    def batches(self) -> Iterator[Iterable[Draw]]:
        """Yield all in one batch, those with the same map together, and of these those that read it alike."""
        inner = self._space.size // self._space.readings
        order = sorted(range(self.total), key=lambda number: self._drawn[number] // inner)
        yield ((number, self._space.indices(self._drawn[number])) for number in order)

    def tell(self, scores: Mapping[int, float]) -> None:
        """Hear nothing: chance has no memory."""


def distinct_numbers(space: Space, trials: int, source: random.Random) -> list[int]:
    """Return `trials` different numbers of combinations in random order.

    Raises
    ------
    ValueError
        For too many trials, or a space beyond counting.
    """
    check_trials(space, trials)
    return source.sample(range(space.size), trials)


def check_trials(space: Space, trials: int) -> None:
    """Raise ValueError for more trials than combinations, or more than a sweep may have."""
    if trials > min(space.size, LARGEST):
        reason = "there are" if space.size <= LARGEST else "a sweep may have"
        raise ValueError(f"--trials {trials:,}: {reason} no more than {min(space.size, LARGEST):,} combinations")
    if space.size >= 2**62:
        raise ValueError("the space has more combinations than can be counted: use larger steps")
