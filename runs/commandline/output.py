"""What commands write on stdout: tables, lines, JSON, and where the results are."""

import datetime
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from runs.outcome.writing import json_text

_WIDTH_OFF_A_TERMINAL = 400  # characters, as wide as a table ever gets: in a file or pipe nothing is cut


def wide_console() -> Console:
    """Return the console of stdout, as wide as the terminal; wide enough for any table where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OFF_A_TERMINAL)


def print_lines(*lines: str) -> None:
    """Write lines as they are, however long: no markup, no colour, no break."""
    for line in lines:
        Console().print(line, markup=False, highlight=False, soft_wrap=True)


def print_results(folder: Path, *pages: str) -> None:
    """Say where the results are, and which of the folder's files are looked at."""
    print_lines(f"Results in {folder}", f"Pages: {', '.join(str(folder / page) for page in pages)}")


def print_json(value: Any) -> None:
    """Write a value as JSON; NaN and infinity become null."""
    sys.stdout.write(json_text(value))


def utc_now() -> datetime.datetime:
    """Return the time, UTC."""
    return datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - the spelling that 3.11 to 3.13 share
