"""Which fields of a snapshot a compiled rule can read, told from its code: a sweep gives it these alone, side by side."""

import types
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from indicators.liquidation.rereading import SIGNALS
from indicators.liquidation.snapshot import SNAPSHOT

_ALWAYS = ("close", "volatility_24h", *SIGNALS)  # what sizing reads, and what thresholds change


@cache
def fields_read(rule: Any) -> np.dtype:
    """Return the fields of `SNAPSHOT`, in its order, that a compiled rule can read.

    Compiled code names a field as an attribute or by a text that does not change. So all names and texts count that are in the
    code of the rule, and of the compiled functions and constants that it reaches.
    """
    named = {*_ALWAYS, *_words(rule.py_func, set())}
    return np.dtype([(name, SNAPSHOT[name]) for name in SNAPSHOT.names or () if name in named])


def _words(value: Any, seen: set[int]) -> Iterator[str]:
    """Yield the names and texts of a function, a code, a module's name or a constant, each looked at once."""
    if isinstance(value, str):
        yield value
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, tuple):
        for part in value:
            yield from _words(part, seen)
    elif isinstance(value, types.CodeType):
        yield from value.co_names
        yield from _words(value.co_consts, seen)
    elif isinstance(value, types.FunctionType):
        words = list(_words(value.__code__, seen))
        yield from words
        known = [value.__globals__.get(word) for word in words]
        known += [cell.cell_contents for cell in value.__closure__ or ()]
        known += [getattr(each, word, None) for each in known if isinstance(each, types.ModuleType) for word in words]
        for each in known:
            # Compiled code calls compiled functions alone.
            yield from _words(each if isinstance(each, (str, tuple)) else getattr(each, "py_func", None), seen)
