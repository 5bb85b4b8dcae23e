"""How far back a signal reaches and how far ahead a trade does: what purge and embargo are as long as."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from indicators.liquidation.parameters import ModelParameters
from runs.config import Configuration
from runs.sweeps.space import Space

_HOURS_PER_DAY = 24.0
_HOLDING = "limit_hours"
"""Ending of the rule's parameters that say how long a position is held at most."""


@dataclass(frozen=True)
class Memory:
    """A length of time and the parameter that it comes from.

    Attributes
    ----------
    hours
        Its length; 0 for none.
    source
        What it is, for people.
    """

    hours: float
    source: str


def holding_memory(base: Configuration, space: Space) -> Memory:
    """Return the longest time that a candidate holds a position: how far a trade's outcome reaches past its decision.

    A rule without a time limit gives 0: whatever it holds is closed with the train window, which reads nothing after it.
    """
    found = [
        Memory(float(_largest(base, space, "rule", name)), f"rule.{name}") for name in base.rule if _holds(base, name)
    ]
    return max(found, key=lambda memory: memory.hours, default=Memory(0.0, "the rule has no time limit"))


def _holds(base: Configuration, name: str) -> bool:
    return name.endswith(_HOLDING) and isinstance(base.rule[name], float)


def signal_memory(base: Configuration, space: Space) -> Memory:
    """Return the longest memory of the map: how long a bar goes on shaping the signals after it.

    Notes
    -----
    The longest of the model's half-lives, ages and waits, over all candidates. A half-life is where half of an influence is
    left, not where it ends: an exponential memory never ends, and no gap makes two windows independent.
    """
    half_life = float(_largest(base, space, "model", "half_life_hours"))
    spread = float(_largest(base, space, "model", "half_life_spread"))
    found = [Memory(half_life * spread, "model.half_life_hours x half_life_spread, the holders' half-life")]
    for field in dataclasses.fields(ModelParameters):
        value = _largest(base, space, "model", field.name)
        if field.name.startswith("calibration_") and not _largest(base, space, "model", "calibrate"):
            continue
        if field.name.endswith("_hours"):
            found.append(Memory(float(value), f"model.{field.name}"))
        elif field.name.endswith("_days"):
            found.append(Memory(float(value) * _HOURS_PER_DAY, f"model.{field.name}"))
    return max(found, key=lambda memory: memory.hours)


def _largest(base: Configuration, space: Space, group: str, name: str) -> Any:
    """Return the largest value that a parameter takes in any candidate."""
    values: Iterable[Any] = next(
        (axis.values for axis in space.axes if (axis.group, axis.name) == (group, name)),
        (base.rule[name] if group == "rule" else getattr(base.model, name),),
    )
    return max(values)
