"""All combinations of the swept parameters, by number: counted without being built, and made one at a time."""

import math
from dataclasses import dataclass
from typing import Any

from runs.engines.configuration import Configuration
from runs.sweeps.space.axis import Axis, makes_a_map, parse_axis, reads_a_map


@dataclass(frozen=True)
class Space:
    """The product of the axes. Those that make maps come first, then those that read them, then thresholds.

    So neighbours share most.

    Examples
    --------
    >>> axes = (Axis("model", "a", "1,2", "list", (1, 2)), Axis("rule", "b", "5,6,7", "list", (5, 6, 7)))
    >>> Space(axes).size, Space(axes).indices(4), Space(axes).values((1, 1))
    (6, (1, 1), (2, 6))
    """

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """The number of combinations."""
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def maps(self) -> int:
        """The number of combinations of what makes maps: as many have to be made."""
        return math.prod(len(axis.values) for axis in self.axes if makes_a_map(axis.group, axis.name))

    @property
    def readings(self) -> int:
        """The number of combinations of what makes maps or reads them otherwise: as often bars are read."""
        return self.maps * math.prod(len(axis.values) for axis in self.axes if reads_a_map(axis.group, axis.name))

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Group and name of each axis."""
        return tuple((axis.group, axis.name) for axis in self.axes)

    @property
    def labels(self) -> tuple[str, ...]:
        """``group.name`` of each axis."""
        return tuple(axis.label for axis in self.axes)

    def indices(self, number: int) -> tuple[int, ...]:
        """Return the index on each axis of combination `number` in [0, size); the last axis turns fastest."""
        indices = []
        for axis in reversed(self.axes):
            number, index = divmod(number, len(axis.values))
            indices.append(index)
        return tuple(reversed(indices))

    def values(self, indices: tuple[int, ...]) -> tuple[Any, ...]:
        """Return the values at an index on each axis."""
        return tuple(axis.values[index] for axis, index in zip(self.axes, indices, strict=True))


def parse_space(texts: tuple[str, ...], base: Configuration) -> Space:
    """Read the ``--param`` texts of a sweep.

    Raises
    ------
    ValueError
        For none, for a parameter that is named twice, and whatever `parse_axis` refuses.
    """
    if not texts:
        raise ValueError("nothing to sweep: give --param NAME=low:high:step or NAME=a,b,c at least once")
    axes = [parse_axis(text, base) for text in texts]
    labels = [axis.label for axis in axes]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"--param {label}: given twice")
    return Space(tuple(sorted(axes, key=_turning)))


def _turning(axis: Axis) -> tuple[bool, bool, bool]:
    """Return how fast an axis turns: what is dear to change comes first."""
    home = axis.group, axis.name
    return not makes_a_map(*home), not reads_a_map(*home), axis.group != "model"
