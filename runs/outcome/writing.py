"""Values as JSON, and a file written whole or not at all."""

import contextlib
import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np


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
