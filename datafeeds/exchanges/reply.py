"""Reading a venue's reply strictly: whatever is not of the documented form is a `ReplyError`, never a guess."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from datafeeds.errors import ReplyError


def part(reply: Any, *path: str) -> Any:
    """Return what lies at a path of keys.

    Raises
    ------
    ReplyError
        If a key is not there.
    """
    for key in path:
        if not isinstance(reply, dict) or key not in reply:
            raise ReplyError(f"the reply has no {key!r}")
        reply = reply[key]
    return reply


def records(reply: Any, *path: str) -> list[Any]:
    """Return the list at a path of keys.

    Raises
    ------
    ReplyError
        If there is none.
    """
    found = part(reply, *path)
    if not isinstance(found, list):
        raise ReplyError(f"the reply holds a {type(found).__name__} where rows belong")
    return found


def number(value: Any) -> float:
    """Return a finite number written as a number or as text.

    Raises
    ------
    ReplyError
        For anything else.
    """
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            parsed = float(value)
        except (ValueError, OverflowError):
            parsed = np.nan
        if np.isfinite(parsed):
            return parsed
    raise ReplyError(f"the reply holds {str(value)[:30]!r} where a number belongs")


def whole(value: Any) -> int:
    """Return a whole number, such as a time.

    Raises
    ------
    ReplyError
        For anything else, or one beyond 2**53, where a float is no longer exact.
    """
    parsed = number(value)
    if parsed != int(parsed) or abs(parsed) > 2**53:
        raise ReplyError(f"the reply holds {str(value)[:30]!r} where a whole number belongs")
    return int(parsed)


def column(rows: Sequence[Any], key: int | str, convert: Callable[[Any], float] = number) -> np.ndarray:
    """Return one field of all rows as float64, (n,).

    Raises
    ------
    ReplyError
        If a row lacks it or holds something else there.
    """
    return np.array([convert(field(row, key)) for row in rows], dtype=np.float64)


def times(rows: Sequence[Any], key: int | str, unit_ms: int = 1) -> np.ndarray:
    """Return one field of all rows as milliseconds, int64, (n,).

    Raises
    ------
    ReplyError
        If a row lacks it, or it is no whole number.
    """
    return np.array([whole(field(row, key)) for row in rows], dtype=np.int64) * unit_ms


def field(row: Any, key: int | str) -> Any:
    """Return a row's field by position or name.

    Raises
    ------
    ReplyError
        If it has none.
    """
    try:
        return row[key]
    except (KeyError, IndexError, TypeError):
        raise ReplyError(f"a row of the reply has no field {key!r}") from None


def same(rows: Sequence[Any], key: str, expected: str) -> None:
    """Refuse rows of another symbol.

    Raises
    ------
    ReplyError
        If a row that names its symbol names another.
    """
    for row in rows:
        if isinstance(row, dict) and row.get(key, expected) != expected:
            raise ReplyError(f"the reply is about {str(row[key])[:30]!r}, asked was {expected!r}")


def to_minute(stamps_ms: np.ndarray) -> np.ndarray:
    """Return settlement times without the seconds and milliseconds by which venues stamp them late.

    Binance's are up to some milliseconds late, Hyperliquid's up to a second; settlements fall on whole hours.
    """
    return stamps_ms - stamps_ms % 60_000
