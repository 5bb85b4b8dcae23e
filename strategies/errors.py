"""What a strategy raises of itself, told with the file and the line that it comes from."""

import inspect
import sysconfig
import traceback
from pathlib import Path

_OURS = Path(__file__).resolve().parents[1]
_FOREIGN = tuple(
    Path(str(folder))
    for folder in (
        *(_OURS / room for room in ("runs", "strategies", "indicators", "datafeeds")),
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
    )
)
_SYSTEM = ("/dev/", "/proc/", "/sys/", "/etc/", "/usr/share/")


class StrategyError(ValueError):
    """A user's strategy raised; one sentence with its file and line, and what it raised as the cause."""


def error_of(name: str, error: BaseException, kind: type | None = None) -> StrategyError:
    """Return what a strategy raised as one sentence.

    Parameters
    ----------
    name
        What the user calls the strategy.
    error
        What was raised.
    kind
        The strategy's class, if it came so far: its file is named where no line of the user's took part.
    """
    place = user_line(error, kind)
    return StrategyError(
        f"strategy {name} raises {sentence(error)}" + (f" ({place})" if place else "") + "; --debug shows more"
    )


def sentence(error: BaseException) -> str:
    """Return kind and text of an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def user_line(error: BaseException, kind: type | None = None) -> str:
    """Return file and line of the innermost call that is the user's own: not backtrader's, ours, or a library's.

    Without one it is the file of the strategy's class; "" if that is not known either.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    home = Path(inspect.getfile(kind)) if kind is not None else None
    for call in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(call.filename)
        if path == home or (path.is_file() and not _is_foreign(path)):
            return f"{path}, line {call.lineno}"
    return str(home or "")


def is_code(path: str) -> bool:
    """Return whether a file is source, compiled code, or part of an installation or of the system: nobody's data."""
    place = Path(path)
    return place.suffix in (".py", ".pyc", ".nbi", ".nbc") or path.startswith(_SYSTEM) or _is_foreign(place)


def _is_foreign(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _FOREIGN)
