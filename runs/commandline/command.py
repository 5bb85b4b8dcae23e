"""What all commands share: how they end. Errors are for people: one line, exit code 2, no traceback without --debug."""

import errno
import shlex
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import TypeVar

import click

_DEBUG = "--debug"
_REFUSALS = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENAMETOOLONG,
    errno.ELOOP, errno.EMFILE, errno.ENFILE,
)  # fmt: skip
"""By which a system refuses a place, wherever it was met."""

_Answer = TypeVar("_Answer")


class Command(click.Command):
    """A command that lets no option be repeated without a meaning: click's own takes the last, without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and refuse what was given twice."""
        values, _, given = self.make_parser(ctx).parse_args(args=list(args))
        if not any(parameter.is_eager for parameter in given):  # such as --help
            _refuse_repeated(values, given)
        return super().parse_args(ctx, args)


def _refuse_repeated(values: Mapping[str, object], given: list[click.Parameter]) -> None:
    for parameter in dict.fromkeys(given):
        if not isinstance(parameter, click.Option):
            continue
        name, said = parameter.opts[-1], values[str(parameter.name)]
        if not parameter.multiple and given.count(parameter) > 1:
            pooled = "; runs.backtest trades several markets, runs.validate pools them" if name == "--data" else ""
            raise click.UsageError(
                f"{name} is given {given.count(parameter)} times, and this command takes one{pooled}"
            )
        if parameter.multiple and isinstance(said, (list, tuple)):
            twice = next((value for value in said if list(said).count(value) > 1), None)
            if twice is not None:
                raise click.UsageError(f"{name} {twice} is given twice; leave one out")


def run_command(command: click.Command, argv: list[str] | None) -> int:
    """Run a command and return its exit code: 0 done, 2 bad usage or bad input (one line on stderr), 130 interrupted.

    A place that the system refuses is bad input. A source that does not deliver is exit code 1 and one line; anything else is a
    defect and keeps its traceback (code 1).
    With ``--debug``, which every command has, the one line comes after the traceback.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = with_debug(command).main(args=argv, prog_name=_program(command), standalone_mode=False)
    except click.exceptions.Abort:
        sys.stderr.write("interrupted\n")
        return 130
    except (click.ClickException, ValueError, RuntimeError, OSError) as error:
        code = _code_of(error)
        if code is None:
            raise
        if _DEBUG in arguments:
            error.__suppress_context__ = False  # where it was found matters here more than what it was turned into
            traceback.print_exc()
        sys.stderr.write("error: " + " ".join(_sentence(error).split()) + "\n")
    return code if isinstance(code, int) else 0


def with_debug(command: click.Command) -> click.Command:
    """Return a command with the option ``--debug``, added if it has none."""
    if not any(_DEBUG in parameter.opts for parameter in command.params):
        what = "Show where an error was found (the traceback)."
        command.params.append(click.Option([_DEBUG], is_flag=True, expose_value=False, help=what))
    return command


def note(*lines: str) -> None:
    """Write warnings to stderr, a line each; an outside name in one is no command to the terminal."""
    for line in lines:
        plain = "".join(c if c.isprintable() else " " for c in line)
        sys.stderr.write(f"note: {plain}\n")


def suggest(name: str, options: Mapping[str, object], *arguments: object) -> None:
    """Write the command that usually comes next to stderr, as it may be typed: it is no result.

    Parameters
    ----------
    name
        Of the command's module in `runs`.
    options
        Its options by name; those without a value are left out, True is a flag, several values are as many options.
    arguments
        What comes before them.
    """
    words = [shlex.quote(str(argument)) for argument in arguments]
    for key, value in options.items():
        option = f"--{key.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False and value != "":
            several = value if isinstance(value, (list, tuple)) else [value]
            words += [f"{option} {shlex.quote(str(one))}" for one in several]
    sys.stderr.write(" ".join([f"next: {typed(name)}", *words]) + "\n")


def typed(name: str) -> str:
    """Return how a command of `runs` is called with the interpreter of this process."""
    return f"{shlex.quote(sys.executable or 'python')} -m runs.{name}"


class InputError(ValueError):
    """Bad input, found by a command; one sentence."""


def as_input_error(action: Callable[..., _Answer], *arguments: object) -> _Answer:
    """Call what reads the user's input; its ValueErrors are input errors.

    A ValueError from anywhere else is a defect of ours and must not be dressed up as the user's mistake.
    """
    try:
        return action(*arguments)
    except ValueError as error:
        raise InputError(str(error)) from error.__cause__


def _program(command: click.Command) -> str | None:
    """Return what the user typed: the console script and subcommand, or None for `python -m`, which click finds itself."""
    if command.callback is None:
        return command.name
    module = command.callback.__module__
    return None if module == "__main__" else f"liquidation-heatmap {module.rpartition('.')[2]}"


def _sentence(error: Exception) -> str:
    from runs.outcome.writing import FolderError

    if isinstance(error, FolderError):
        return error.for_command()
    if isinstance(error, OSError):
        return f"{error.filename or 'the system refuses'}: {error.strerror}"
    return error.format_message() if isinstance(error, click.ClickException) else str(error)


def _code_of(error: Exception) -> int | None:
    """Return the exit code of what a user or a source did wrong, or None for a defect of ours."""
    from datafeeds.errors import MarketError, SourceError
    from runs.outcome.writing import FolderError
    from strategies.errors import StrategyError

    if isinstance(error, (click.ClickException, InputError, MarketError, FolderError, StrategyError)):
        return 2
    if isinstance(error, OSError):
        return 2 if error.errno in _REFUSALS else None
    return 1 if isinstance(error, SourceError) else None
