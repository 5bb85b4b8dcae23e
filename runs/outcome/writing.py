"""Values as JSON, and a file written whole or not at all."""

import contextlib
import json
import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

OVERWRITE = (" or set overwrite=True", " or add --overwrite")
"""What else helps where an earlier result stands."""


class FolderError(ValueError):
    """A place for results that cannot be written; one sentence that begins with it.

    Parameters
    ----------
    place, reason
        What cannot be written, and why.
    or_else
        What else would help: in Python, and in the words of a command.
    option
        By which a command names the place.
    """

    def __init__(self, place: Path, reason: str, or_else: tuple[str, str] = ("", ""), option: str = "--out") -> None:
        super().__init__(f"{place}: {reason}{or_else[0]}")
        self._for_command = f"{option} {place}: {reason}{or_else[1]}"

    def for_command(self) -> str:
        """Return the sentence in the words of a command's options."""
        return self._for_command


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file beside `path`, flush it, and move it over what is there; a link there is replaced, not followed.

    Raises
    ------
    OSError
        If the disk refuses; then the earlier file is as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less the user's umask
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Have the disk keep a folder's names; not every file system can, and none is asked twice."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def write_flushed(path: Path, content: bytes) -> None:
    """Write a file and have the disk keep it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def check_file(path: Path, overwrite: bool) -> None:
    """Raise FolderError if something stands where a file is to be written, and may not be replaced."""
    if path.is_dir() or path.is_symlink():
        raise FolderError(path, "is no file; name another")
    if path.exists() and not overwrite:
        raise FolderError(path, "exists; name a new file", OVERWRITE)


def write_file(path: Path, content: str, overwrite: bool) -> None:
    """Write one file that a user named, whole or not at all.

    Raises
    ------
    FolderError
        If something is there that may not be replaced, or the disk refuses; then nothing is left at the path.
    """
    check_file(path, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise FolderError(path, f"cannot be written ({error.strerror})") from None


def write_files(files: Mapping[str, str | bytes], target: Path, temporary: Path) -> None:
    """Write files by name into the temporary folder of `claimed_folder`, flushed; they come to the target when its block ends.

    Raises
    ------
    FolderError
        If the disk refuses; then nothing is left at the target.
    """
    try:
        for name, content in files.items():
            write_flushed(temporary / name, content.encode("utf-8") if isinstance(content, str) else content)
    except OSError as error:
        raise FolderError(target, f"cannot be written ({error.strerror})") from None


def jsonable(value: Any) -> Any:
    """Return a value with NaN and infinity as None, and numpy scalars as plain ones, all through."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: Any) -> str:
    """Return a value as indented JSON with a line's end; NaN and infinity become null."""
    return json.dumps(jsonable(value), indent=2, allow_nan=False) + "\n"
