"""What did not come, and what still runs without network."""

import sys
from collections.abc import Callable

from datafeeds.errors import SourceError
from datafeeds.exchanges.download import Downloaded

_NO_NETWORK = (
    "without network these still run: files (--data FILE), what the catalog holds (runs.download --list), "
    "the simulated market (no --data)"
)
_UNREACHED = "cannot be reached"


def told_failures(outcome: list[Downloaded]) -> int:
    """Tell each reason for which series were not finished; return the exit code."""
    failed = [result for result in outcome if result.error]
    for reason in dict.fromkeys(result.error for result in failed):
        sys.stderr.write(f"error: {reason}\n")
    if failed:
        count = f"{len(failed)} of {len(outcome)} series not finished"
        sys.stderr.write(f"error: {count}; the same command goes on where this one ended\n")
        _note_what_needs_none([result.error for result in failed])
    return 1 if failed else 0


def told(action: Callable[..., None], *arguments: object) -> int:
    """Call what needs the network, and tell what does not if there is none."""
    try:
        action(*arguments)
    except SourceError as error:
        sys.stderr.write(f"error: {error}\n")
        _note_what_needs_none([str(error)])
        return 1
    return 0


def _note_what_needs_none(errors: list[str]) -> None:
    if any(_UNREACHED in error for error in errors):
        sys.stderr.write(f"note: {_NO_NETWORK}\n")
