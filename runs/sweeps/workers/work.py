"""What workers are given: a context that evaluates units of combinations, made once in each process."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.sweeps.space.axis import makes_a_map
from runs.sweeps.space.candidates import Combination

Unit = tuple[Combination, ...]
"""Combinations that one worker evaluates in one go, neighbours by their map."""

MAX_UNIT = 64
"""Most combinations of a unit (assumption: tens of milliseconds or more, so that handing it over costs little)."""

_UNITS_A_WORKER = 4
"""Units that each worker gets of a small batch, so that none waits long for the last (assumption)."""

_UNIT_MAPS = 4
"""Most heatmaps of a unit: each takes a good part of a second on five years of hours, and a unit should take seconds."""

_ERROR_LENGTH = 300


class Row(Protocol):
    """What came of a combination; as one line of text it passes from a process to another."""

    @property
    def line(self) -> bytes:
        """The row as a line that `Context.row` reads."""


class Context(Protocol):
    """All that a worker needs besides its units; a frozen dataclass that travels once."""

    @property
    def market(self) -> Market | Universe:
        """On what."""

    def prepare(self) -> None:
        """Make what all units share, in this process."""

    def evaluate(self, unit: Unit) -> list[Any]:
        """Return the row of every combination of a unit; one that fails has its error in it."""

    def failed(self, combination: Combination, error: str) -> Any:
        """Return the row of a combination without a result."""

    def row(self, line: bytes) -> Any:
        """Return the row that a line holds.

        Raises
        ------
        ValueError
            For a line that is torn or damaged.
        """


def unit_size(combinations: int, workers: int) -> int:
    """Return how many combinations a unit holds at most, so that every worker gets several."""
    return max(1, min(MAX_UNIT, -(-combinations // (_UNITS_A_WORKER * workers))))


def units(combinations: Iterable[Combination], names: tuple[tuple[str, str], ...], most: int) -> Iterator[Unit]:
    """Yield combinations in units of `most` at most, in order but for those of one map, which stand together.

    `names` are group and name of their values.
    """
    of_maps = [index for index, name in enumerate(names) if makes_a_map(*name)]
    maps: dict[Any, list[Combination]] = {}
    for combination in combinations:
        one = tuple(combination.values[index] for index in of_maps)
        if sum(map(len, maps.values())) >= most or len(maps.keys() | {one}) > _UNIT_MAPS:
            yield tuple(itertools.chain(*maps.values()))
            maps = {}
        maps.setdefault(one, []).append(combination)
    if maps:
        yield tuple(itertools.chain(*maps.values()))


def reason_of(error: Exception) -> str:
    """Return why a combination has no result, as one line: a ValueError by its sentence, all else with its type."""
    text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_ERROR_LENGTH] or "failed without saying why"
