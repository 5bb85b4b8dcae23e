"""Why a rule that is to be compiled cannot be, and at which line; it then runs as plain Python."""

import dis
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from indicators.liquidation.bar import empty_bars
from indicators.liquidation.compiled import is_ours, read_only
from indicators.liquidation.snapshot import SNAPSHOT
from strategies.intent import POSITION
from strategies.market import funding_terms
from strategies.rule import asked, is_compiled_rule, new_state, rule_record

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_PLACES = (re.compile(r'File "([^"]+)", line (\d+)'), re.compile(r"(\S+\.py) \((\d+)\)"))
_PLAINER = {"NRT required but not enabled": "it creates a list, an array or a text, and compiled rules create none"}
_LONGEST = 120  # characters of numba's reason: it spells types out


def _problem(kind: Any) -> str | None:
    """Return why a strategy's rule cannot be compiled, with file and line; None where it can, or is not to be."""
    rule = kind.decide
    if not is_compiled_rule(rule) or is_ours(rule.py_func):
        return None
    typeof: Callable[[Any], Any] = numba.typeof
    seen = (read_only(empty_bars(1)), read_only(np.zeros(1, dtype=SNAPSHOT)), 0, 1, 1.0, funding_terms())
    records = np.zeros(1, dtype=POSITION), rule_record(kind.parameters_kind()), new_state(kind)
    try:
        asked(rule).compile(tuple(typeof(argument) for argument in (*seen, *records)))
    except Exception as error:  # numba raises of every kind, KeyError among them
        return _told(error, rule.py_func)
    return None


compile_problem: Callable[[Any], str | None] = cache(_problem)


def _told(error: Exception, function: Any) -> str:
    text = _COLOUR.sub("", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Failed in ")]
    missing = re.search(r"^'(\w+)'$|name '(\w+)' is not defined", text, re.MULTILINE)
    if missing:
        name = missing[1] or missing[2]
        return f"{_line_of(name, function)}: {name} is not known"
    reason = _PLAINER.get(lines[0], lines[0] if lines else type(error).__name__)
    reason = reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}..."
    files = {Path(one.__code__.co_filename).name: one.__code__.co_filename for one in _called(function)}
    for pattern in _PLACES:
        for path, line in pattern.findall(text):
            if Path(path).name in files:
                return f"{files[Path(path).name]}, line {line}: {reason}"
    return f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}: {reason}"


def _called(function: Any) -> Iterator[Any]:
    """Yield a function and the compiled ones of the user's that it calls."""
    yield function
    for name in function.__code__.co_names:
        other = getattr(function.__globals__.get(name), "py_func", None)
        if other is not None and other is not function and not is_ours(other):
            yield from _called(other)


def _line_of(name: str, function: Any) -> str:
    for one in _called(function):
        line = one.__code__.co_firstlineno
        for instruction in dis.get_instructions(one):
            line = instruction.starts_line or line
            if instruction.argval == name:
                return f"{one.__code__.co_filename}, line {line}"
    return f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
