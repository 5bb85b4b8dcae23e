"""What all commands share: how they end. Errors are for people: one line, exit code 2, no traceback."""

import sys
from collections.abc import Callable

import click


def run_command(command: click.Command, argv: list[str] | None) -> int:
    """Run a command and return its exit code: 0 done, 2 bad usage or bad input (one line on stderr), 130 interrupted.

    A source that does not deliver is exit code 1 and one line; anything else is a defect and keeps its traceback (code 1).
    """
    try:
        code = command.main(args=argv, prog_name=_program(command), standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("interrupted\n")
        return 130
    except click.ClickException as error:
        return _refuse(error.format_message())
    except ValueError as error:
        if not _is_input_error(error):
            raise
        return _refuse(str(error))
    except RuntimeError as error:
        if not _is_source_error(error):
            raise
        return _refuse(str(error), code=1)
    return code if isinstance(code, int) else 0


class InputError(ValueError):
    """Bad input, found by a command; one sentence."""


def checked(action: Callable[..., object], *arguments: object) -> object:
    """Call what reads the user's input; its ValueErrors are input errors.

    A ValueError from anywhere else is a defect of ours and must not be dressed up as the user's mistake.
    """
    try:
        return action(*arguments)
    except ValueError as error:
        raise InputError(str(error)) from None


def _program(command: click.Command) -> str | None:
    """Return what the user typed: the console script and subcommand, or None for `python -m`, which click finds itself."""
    module = command.callback.__module__
    return None if module == "__main__" else f"liquidation-heatmap {module.rpartition('.')[2]}"


def _is_input_error(error: ValueError) -> bool:
    from datafeeds.errors import MarketError
    from runs.folder import FolderError

    return isinstance(error, (InputError, MarketError, FolderError))


def _is_source_error(error: RuntimeError) -> bool:
    from datafeeds.errors import SourceError

    return isinstance(error, SourceError)


def _refuse(text: str, code: int = 2) -> int:
    sys.stderr.write("error: " + " ".join(text.split()) + "\n")
    return code
