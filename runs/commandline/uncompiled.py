"""Tell of a rule that was to be compiled and cannot be."""

from typing import Any

from runs.commandline.command import note
from strategies.base import PerpetualStrategy
from strategies.registry import load_strategy
from strategies.uncompiled import compile_problem


def note_uncompiled(strategy: str) -> None:
    """Say once, with file and line, that a strategy's rule does not compile; a command calls it when its market is read."""
    kind: Any = load_strategy(strategy)
    problem = compile_problem(kind) if issubclass(kind, PerpetualStrategy) else None
    if problem is not None:
        note(
            f"strategy {strategy}: its rule does not compile and runs as plain Python, which a sweep feels ({problem})"
        )
