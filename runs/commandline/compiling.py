"""Tell of the wait while code is compiled for the first time: a command would look hung."""

from collections.abc import Callable, Mapping
from typing import Any

from datafeeds.text import listed
from indicators.liquidation.compiled import is_kept
from indicators.liquidation.step import run_bars
from runs.commandline.command import note
from runs.perpetual.matching import process_bar

MAP, ACCOUNT = "the map", "the account"
_PARTS: Mapping[str, tuple[Callable[..., Any], int]] = {MAP: (run_bars, 20), ACCOUNT: (process_bar, 30)}
"""What takes longest in each part, and the seconds of processor time that the part takes (measured on a slow core)."""


def note_compiling(*parts: str) -> None:
    """Say in one line which of `parts`, by default all, no run of this version has compiled yet, and how long it takes."""
    waiting = [name for name in parts or _PARTS if not is_kept(_PARTS[name][0])]
    if waiting:
        seconds = sum(_PARTS[name][1] for name in waiting)
        note(f"compiling {listed(waiting)}, once for this version: about {seconds} s")
