"""Parameters that know their unit, their domain and their source, and turn into a record for compiled code."""

import dataclasses
import difflib
import math
from typing import Any, TypeVar

import numpy as np

from indicators.liquidation.renamed import renamed

Parameters = TypeVar("Parameters")
_FEW = 8  # names that a sentence can hold

BASIS_POINT = 1e-4
"""What a parameter in basis points counts."""


def parameter(default: Any, unit: str, low: float = -math.inf, high: float = math.inf, *, source: str) -> Any:
    """Declare one field of a frozen parameter class.

    Parameters
    ----------
    default
        A float, an int, a bool, a str or a tuple of floats; None: a number that something else decides where it is not given.
    unit
        The unit in words: ``"bars"``, ``"fraction of price"``, ``"quote"``.
    low, high
        The closed domain of every number in it.
    source
        Where the default comes from, or the word *assumption* with a reason.
    """
    return dataclasses.field(default=default, metadata={"unit": unit, "source": source, "low": low, "high": high})


def _numbers(value: Any) -> tuple[float, ...]:
    if isinstance(value, str) or value is None:
        return ()
    return tuple(float(item) for item in value) if isinstance(value, tuple) else (float(value),)


def check(parameters: Any) -> None:
    """Raise ValueError for the first field outside its domain; call it from ``__post_init__``.

    Raises
    ------
    ValueError
        One sentence with the field, its value, its domain and its unit.
    """
    for field in dataclasses.fields(parameters):
        value, rule = getattr(parameters, field.name), field.metadata
        for number in _numbers(value):
            if not rule["low"] <= number <= rule["high"]:
                low, high = f"{rule['low']:g}", f"{rule['high']:g}"
                raise ValueError(f"{field.name} = {value} is outside [{low}, {high}] ({rule['unit']})")


def convert(text: str, default: Any, name: str) -> Any:
    """Return a value of the kind of `default` (float, int, bool, str, tuple of floats or None) from its text; `name` is for errors.

    Raises
    ------
    ValueError
        If the text is not of that kind.
    """
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.strip().lower()]
        if isinstance(default, tuple):
            return tuple(float(item) for item in text.split("/"))
        if default is None:
            return None if text == "None" else float(text)
        return type(default)(text)
    except (ValueError, KeyError):
        kind = (
            "numbers separated by /"
            if isinstance(default, tuple)
            else type(0.0 if default is None else default).__name__
        )
        raise ValueError(f"{name} = {text!r} is not of the kind {kind}") from None


def from_mapping(kind: type[Parameters], values: dict[str, Any]) -> Parameters:
    """Build a parameter object from names and values (text is converted), and say what a wrong name should have been.

    Raises
    ------
    ValueError
        For an unknown name (with the nearest known one), a value of the wrong kind, or one outside its domain.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    ready: dict[str, Any] = {}
    for name, value in values.items():
        if name not in fields:
            raise ValueError(unknown("parameter", name, list(fields)))
        default = fields[name].default
        if isinstance(value, (list, tuple)) and isinstance(default, tuple):
            value = "/".join(str(item) for item in value)
        ready[name] = convert(str(value), default, name)
    return kind(**ready)


def unknown(what: str, name: str, known: list[str]) -> str:
    """Return the sentence for a name that does not exist, with what it is called now or the nearest one that does.

    >>> unknown("parameter", "half_live_bars", ["half_life_bars", "fee_bps"])
    "unknown parameter 'half_live_bars': did you mean 'half_life_bars'?"
    """
    if sentence := renamed(what, name, known):
        return sentence
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"unknown {what} {name!r}: did you mean {near[0]!r}?"
    if len(known) <= _FEW:
        return f"unknown {what} {name!r}: known are {', '.join(sorted(known))}"
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
    return f"unknown {what} {name!r}: nearest of {len(known)} are {', '.join(nearest)}"


def as_record(parameters: Any, whole_numbers: bool = False) -> Any:
    """Return the numeric fields as one numpy record (floats; tuples as sub-arrays), for compiled code.

    Text fields are left out: they select, they do not enter formulas. With `whole_numbers` a field whose default is an int or a
    bool stays one, so that it can be an index.
    """
    kinds: dict[type, Any] = {bool: np.bool_, int: np.int64} if whole_numbers else {}
    layout, values = [], []
    for field in dataclasses.fields(parameters):
        value = getattr(parameters, field.name)
        if isinstance(value, str):
            continue
        kind = kinds.get(type(field.default), np.float64)
        layout.append((field.name, np.float64, (len(value),)) if isinstance(value, tuple) else (field.name, kind))
        values.append(value)
    return np.array([tuple(values)], dtype=layout)[0]


class Readable:
    """A numpy record whose fields read as attributes outside compiled code, as they do inside.

    numpy's own `record` will not do: its ``size`` is the array's, always 1, whatever the field of that name holds.

    Examples
    --------
    >>> Readable(np.array([(2.5,)], dtype=[("size", float)])[0]).size
    2.5
    """

    __slots__ = ("_record",)

    def __init__(self, record: Any) -> None:
        self._record = record

    def __getattr__(self, name: str) -> float:
        """Return a field as a number; AttributeError with the nearest name for an unknown one."""
        names = self._record.dtype.names
        if name not in names:
            raise AttributeError(unknown("field", name, list(names)))
        return self._record[name].item()


class Writable(Readable):
    """A record whose fields are read, and written, as attributes."""

    __slots__ = ()

    def __init__(self, record: Any) -> None:
        object.__setattr__(self, "_record", record)

    def __setattr__(self, name: str, value: float) -> None:
        """Write a field; AttributeError with the nearest name for an unknown one."""
        getattr(self, name)
        self._record[name] = value
