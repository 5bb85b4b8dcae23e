"""Files that others have left: read only where they are plain files of a sane size, and never followed anywhere."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
"""The files that are served, by ending; all others do not exist for a server."""


MAX_PAGE_BYTES = 1 << 28
"""A larger file is served to nobody (*assumption*: the largest page has some ten MB, the largest table some hundred)."""


def parts_of(address: str) -> list[bytes]:
    """Return the names in an address's path.

    Raises
    ------
    FileNotFoundError
        If one of them is empty, hidden, ``..`` or holds what no name of a served file does.
    """
    parts = [unquote_to_bytes(part) for part in address.split("?")[0].lstrip("/").split("/")]
    for part in parts:
        if not part or part.startswith(b".") or any(byte in part for byte in (b"/", b"\\", b"\0")):
            raise FileNotFoundError(address)
    return parts


def read_below(root: Path, address: str) -> tuple[bytes, str]:
    """Return the bytes and the content type of a file.

    Parameters
    ----------
    root
        The folder that nothing leaves.
    address
        Path of a request, percent-encoded.

    Raises
    ------
    OSError
        If there is no such file, it is none of the `KINDS`, too large to be one of ours or no regular file, or a link stands
        anywhere on its way.
    """
    parts = parts_of(address)
    kind = KINDS.get(os.path.splitext(os.fsdecode(parts[-1]))[1].lower())
    if kind is None:
        raise FileNotFoundError(address)
    # Step by step from an open folder: what is swapped for a link meanwhile is not followed either.
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        # Without O_NONBLOCK a pipe of that name would keep the server waiting for ever.
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    finally:
        os.close(handle)
    with os.fdopen(file, "rb") as opened:
        state = os.fstat(opened.fileno())
        if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_PAGE_BYTES:
            raise FileNotFoundError(address)
        return opened.read(), kind


MAX_BYTES = 64 << 20
"""A larger JSON file is none of ours (assumption: the largest summary of a sweep has a few MB)."""


class DamageError(ValueError):
    """A file that cannot be used; one sentence without the folder's name."""


def plain_file(path: Path) -> os.stat_result | None:
    """Return the state of a regular file; None if there is none.

    Raises
    ------
    DamageError
        If the path is something else: a folder, a device, or a symbolic link, which could lead out of the folder.
    """
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamageError(f"{path.name} cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(state.st_mode):
        raise DamageError(f"{path.name} is no plain file")
    return state


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file.

    Raises
    ------
    DamageError
        If it is missing, too large, no plain file, no JSON, or no object.
    """
    state = plain_file(path)
    if state is None:
        raise DamageError(f"{path.name} is missing")
    if state.st_size > MAX_BYTES:
        raise DamageError(f"{path.name} is too large to be one of ours")
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise DamageError(f"{path.name} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise DamageError(f"{path.name} is damaged (no JSON)") from None
    if not isinstance(value, dict):
        raise DamageError(f"{path.name} is damaged (no JSON object)")
    return value


def within(value: Any, *keys: str) -> Any:
    """Return what nested mappings hold under `keys`, None where the way ends before.

    Examples
    --------
    >>> within({"data": {"name": "btc"}}, "data", "name"), within({"data": 3}, "data", "name")
    ('btc', None)
    """
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def number(value: Any) -> float | int | None:
    """Return a finite number as it is, None for anything else (text, truth values, NaN, what no float can hold).

    Examples
    --------
    >>> number(3), number(0.5), number(True), number("3"), number(float("nan")), number(10**400)
    (3, 0.5, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def words(value: Any) -> str | None:
    """Return text that every encoding can hold, None for anything but text."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else None
