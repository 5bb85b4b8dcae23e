"""The values that one parameter takes in a sweep: a list, a range with a step, or a logarithmic range."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

from indicators.liquidation.parameter_fields import convert
from indicators.liquidation.readings import MAP
from indicators.liquidation.rereading import THRESHOLDS
from runs.engines.configuration import Configuration, parameter_home
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy

_DIGITS = 60
"""Decimal digits of range arithmetic: two floats of this world's sizes add without rounding."""

_MAX_LISTED = 100_000
"""Most points of a logarithmic range (assumption: more is a slip of the keyboard)."""

_MOST = 2**62
_FORMS = "write NAME=low:high:step, NAME=low:high:log:count or NAME=a,b,c"


@dataclass(frozen=True)
class Steps(Sequence[Any]):
    """The values ``low + i step`` for i in [0, length), exact in decimal, made when asked for."""

    low: Decimal
    step: Decimal
    length: int
    whole: bool

    def __len__(self) -> int:
        """Return the number of values."""
        return self.length

    def __getitem__(self, index: Any) -> Any:
        """Return one value: the float (or whole number) nearest to the exact decimal one."""
        if not 0 <= index < self.length:
            raise IndexError(index)
        with localcontext(prec=_DIGITS):
            value = self.low + index * self.step
        return int(value) if self.whole else float(value)


def makes_a_map(group: str, name: str) -> bool:
    """Return whether another value of a parameter asks for another map; all others are read off the one that is there."""
    return group == "model" and name in MAP


def reads_a_map(group: str, name: str) -> bool:
    """Return whether another value of a parameter asks for another reading of bars and map; thresholds reread the one there is."""
    return group == "model" and name not in (*MAP, *THRESHOLDS)


@dataclass(frozen=True)
class Axis:
    """One swept parameter.

    Attributes
    ----------
    group, name
        Where it belongs (rule, model, sizing, trading, costs, instrument), and its name there.
    text
        Its values as the user wrote them.
    kind
        ``list``, ``steps`` or ``log``.
    values
        All of them, converted, distinct.
    """

    group: str
    name: str
    text: str
    kind: str
    values: Sequence[Any]

    @property
    def label(self) -> str:
        """The column's name in the table of trials."""
        return f"{self.group}.{self.name}"


def parse_axis(text: str, base: Configuration) -> Axis:
    """Read one ``--param`` text.

    Parameters
    ----------
    text
        ``NAME=low:high:step`` (both ends included), ``NAME=low:high:log:count``, or ``NAME=a,b,c``; NAME as for ``--set``.
    base
        The configuration around which is swept; it says what kind each parameter is of.

    Raises
    ------
    ValueError
        For an unknown name (with the nearest), values of the wrong kind, none, not finite, reversed or twice the same.
    """
    key, sign, values = text.partition("=")
    if not sign or not key:
        raise ValueError(f"--param {text!r}: {_FORMS}")
    group, name = parameter_home(base.strategy, key.strip(), "--param")
    try:
        kind, found = _values(values.strip(), _present(base, group, name), name)
    except ValueError as error:
        raise ValueError(f"--param {text!r}: {error}") from None
    return Axis(group, name, values.strip(), kind, found)


def _present(base: Configuration, group: str, name: str) -> Any:
    """Return a value of the kind that the parameter has."""
    strategy = load_strategy(base.strategy)
    if group == "rule" and not issubclass(strategy, PerpetualStrategy):
        return dict(strategy.params._getitems())[name]
    present = base.rule[name] if group == "rule" else getattr(getattr(base, group), name)
    return 0.0 if present is None else present  # None: a number that the venue decides


def _values(text: str, present: Any, name: str) -> tuple[str, Sequence[Any]]:
    if not isinstance(present, (bool, int, float, str, tuple)):
        raise ValueError(f"a parameter whose default is {present!r} cannot be swept")
    if not text:
        raise ValueError(f"no values; {_FORMS}")
    parts = text.split(":")
    if len(parts) == 1 or isinstance(present, (bool, str, tuple)):
        return "list", _listed(text, present, name)
    if len(parts) == 4 and parts[2] == "log":
        return "log", _logarithmic(parts, isinstance(present, int))
    if len(parts) == 3:
        return "steps", _steps(parts, isinstance(present, int))
    raise ValueError(_FORMS)


def _listed(text: str, present: Any, name: str) -> tuple[Any, ...]:
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise ValueError("an empty value in the list")
    values = tuple(convert(item, present, name) for item in items)
    for value in values:
        if not all(math.isfinite(n) for n in (value if isinstance(value, tuple) else (value,)) if isinstance(n, float)):
            raise ValueError(f"{value} is no finite number")
    _refuse_repeats(values)
    return values


def _refuse_repeats(values: Sequence[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{value!r} stands there twice")
        seen.add(value)


def _steps(parts: list[str], whole: bool) -> Steps:
    low, high, step = (_decimal(part, whole) for part in parts)
    if step <= 0:
        raise ValueError("the step must be above zero")
    if low > high:
        raise ValueError(f"the range is reversed: write {parts[1]}:{parts[0]}:{parts[2]}")
    try:
        with localcontext(prec=_DIGITS):
            count = int((high - low) // step) + 1
    except InvalidOperation:
        count = _MOST
    if count >= _MOST:
        raise ValueError("more points than can be counted; use a larger step")
    values = Steps(low, step, count, whole)
    if count > 1 and (values[0] == values[1] or values[count - 2] == values[count - 1]):
        raise ValueError("the step is smaller than a float can show")
    return values


def _logarithmic(parts: list[str], whole: bool) -> tuple[Any, ...]:
    low, high = (float(_decimal(part, whole)) for part in parts[:2])
    if not parts[3].isdecimal() or not 1 <= int(parts[3]) <= _MAX_LISTED:
        raise ValueError(f"the count {parts[3]!r} must be a whole number from 1 to {_MAX_LISTED:,}")
    if low <= 0.0:
        raise ValueError("a logarithmic range must begin above zero")
    if low > high:
        raise ValueError(f"the range is reversed: write {parts[1]}:{parts[0]}:log:{parts[3]}")
    count = int(parts[3])
    if count == 1 and low != high:
        raise ValueError("one point cannot be two ends; ask for 2 or more")
    inner = [low * math.exp(math.log(high / low) * i / (count - 1)) for i in range(1, count - 1)]
    values = (low, *inner, high)[:count]  # the ends exactly as written
    ready = tuple(round(value) for value in values) if whole else values
    _refuse_repeats(ready)
    return ready


def _decimal(text: str, whole: bool) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number; {_FORMS}") from None
    if not value.is_finite() or not math.isfinite(float(value)):
        raise ValueError(f"{text!r} is no finite number")
    if whole and value != value.to_integral_value():
        raise ValueError(f"{text!r} is no whole number")
    return value
