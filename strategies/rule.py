"""What a strategy declares of its rule, checked; and the functions that ask it."""

import dataclasses
import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from indicators.liquidation.compiled import allocation_free, compiled_rule, is_ours, kept_in_memory
from indicators.liquidation.parameter_fields import as_record
from strategies.intent import Intent
from strategies.market import MarketView, market_at

_ARGUMENTS = ("market", "position", "parameters", "state")  # the state's only where there is one
_NO_STATE = np.dtype([("none", np.float64)])


def check_rule(kind: Any) -> None:
    """Raise ValueError for a strategy whose rule cannot be asked: one sentence, which says how to write it."""
    wanted = _ARGUMENTS if kind.state_kind else _ARGUMENTS[:3]
    rule = getattr(kind, "decide", None)
    code = getattr(getattr(rule, "py_func", rule), "__code__", None)
    if code is None:
        raise ValueError(f"{kind.__name__} has no rule: give it a static function decide({', '.join(wanted)})")
    names = code.co_varnames[: code.co_argcount]
    if names and names[0] == "snapshot":
        raise ValueError(
            f"{kind.__name__}.decide takes the market now: write decide({', '.join(wanted)}), and begin with "
            "snapshot = market.snapshot[-1]"
        )
    if len(names) != len(wanted):
        raise ValueError(
            f"{kind.__name__}.decide takes {', '.join(names) or 'nothing'}: write it as a static function "
            f"decide({', '.join(wanted)})"
            + ("" if kind.state_kind else ", with a fourth, state, where there is a state_kind")
        )
    new_state(kind)


def new_state(kind: Any) -> np.ndarray:
    """Return the state, (1,), with which a strategy's rule begins: its `state_kind` by default values.

    Raises
    ------
    ValueError
        If that is no dataclass of numbers with defaults.
    """
    if kind.state_kind is None:
        return np.zeros(1, dtype=_NO_STATE)
    try:
        first = kind.state_kind()
        values = dataclasses.asdict(first)
    except TypeError:
        first, values = None, {}
    if not values or not all(isinstance(value, (int, float)) for value in values.values()):
        raise ValueError(f"{kind.__name__}.state_kind must be a dataclass of numbers, each with a default value")
    return np.array([as_record(first, whole_numbers=True)])


def history_of(kind: Any, parameters: Any) -> int:
    """Return how many bars a strategy's rule sees, the present one included.

    Parameters
    ----------
    kind
        A strategy: its `history` is a whole number, or a function that makes one of the parameters.
    parameters
        An instance of its `parameters_kind`.

    Raises
    ------
    ValueError
        For what is no whole number of at least 1.
    """
    bars = kind.history(parameters) if callable(kind.history) else kind.history
    if not isinstance(bars, (int, float, np.number)) or bars != bars or bars < 1 or bars != int(bars):
        raise ValueError(f"{kind.__name__}.history = {bars!r} must be a whole number of bars, 1 or more")
    return int(bars)


def rule_record(parameters: Any) -> np.ndarray:
    """Return a rule's parameters as compiled code reads them: (1,), whole numbers as such."""
    return np.array([as_record(parameters, whole_numbers=True)])


def is_compiled_rule(rule: Any) -> bool:
    """Return whether a rule is compiled."""
    return hasattr(rule, "py_func")


def _without_state(market: MarketView, position: Any, parameters: Any, state: Any) -> Intent:
    return decide(market, position, parameters)  # type: ignore[call-arg]


@cache
def _checked(rule: Any) -> Any:
    """Return a compiled rule of four arguments with its indices checked, however its owner has compiled it."""
    checked = rule if rule.targetoptions.get("boundscheck") else compiled_rule(rule.py_func)
    if rule.py_func.__code__.co_argcount == len(_ARGUMENTS):
        return checked
    return compiled_rule(_named(_without_state, rule, checked), on_disk=is_ours(rule.py_func))


def _named(function: Callable[..., Any], rule: Any, decide: Any) -> Any:
    """Return a plain function of its own name in which ``decide`` is another."""
    source = rule.py_func
    name = f"{function.__name__}_{source.__module__}_{source.__qualname__}".replace(".", "_").strip("_")
    made = types.FunctionType(function.__code__, {**function.__globals__, "decide": decide}, name)
    made.__qualname__, made.__module__ = name, function.__module__
    return made


def decide(
    market: MarketView, position: Any, parameters: Any, state: Any
) -> Intent:  # pragma: no cover - replaced when compiled
    """Stand for the rule that `with_rule` puts in this name's place."""
    raise NotImplementedError


def with_rule(function: Callable[..., Any], rule: Any) -> Callable[..., Any]:
    """Return a compiled function in which the name ``decide`` is a compiled rule.

    Parameters
    ----------
    function
        A plain function that calls ``decide(market, position, parameters, state)``.
    rule
        A compiled rule.

    Notes
    -----
    numba keeps a function's machine code under its qualified name. So each rule gets a function of its own name and its
    own globals; as an argument or in a closure the rule would be compiled anew by every process. It is kept on disk for rules of
    this project alone, whose sources the cache's folder is named by.
    """
    made = _named(function, rule, _checked(rule))
    return allocation_free(made) if is_ours(rule.py_func) else kept_in_memory(made)


def _ask(
    bars: np.ndarray, snapshots: np.ndarray, bar: int, history: int, bar_seconds: float, funding: np.ndarray,
    position: np.ndarray, rule: np.ndarray, state: np.ndarray,
) -> Intent:  # fmt: skip
    return decide(market_at(bars, snapshots, bar, history, bar_seconds, funding), position[0], rule[0], state[0])


@cache
def asked(rule: Any) -> Callable[..., Intent]:
    """Return the function that asks a compiled rule at one bar.

    It takes what `market_at` does, then position, parameters and state, (1,) records each; the state is written.
    """
    return with_rule(_ask, rule)
