"""The one decorator by which this project compiles a function, and the disk cache that goes with it.

numba keys its cache on the file that holds a function, not on the files of the functions that it calls. After an update
that changes a callee alone, a stale caller would be loaded and run the old formula. So the cache lives in a folder named by
the digest of every source file that can be compiled into another: any change there starts a fresh cache.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_PROJECT = Path(__file__).resolve().parents[2]
Function = TypeVar("Function", bound=Callable[..., Any])

_FOLDERS = ("indicators", "strategies", "runs")


@cache
def source_digest() -> str:
    """Return a short digest of all the Python sources of the folders that hold compiled functions.

    Returns
    -------
    str
        16 hexadecimal digits; the same for the same sources on every machine.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for folder in _FOLDERS:
        for path in sorted((_PROJECT / folder).rglob("*.py")):
            digest.update(path.relative_to(_PROJECT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> str:
    """Return the folder of the compiled code: beside this file where that can be written, else in the user's cache."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(__file__).parent / "__pycache__"
    if chosen:
        root = Path(chosen)
    elif os.access(beside if beside.exists() else beside.parent, os.W_OK):
        root = beside
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "liquidation-heatmap"
    return str(root / f"compiled-{source_digest()}")


def compiled(function: Function) -> Function:
    """Compile `function` on first use, in IEEE order (no fast-math), and keep the machine code on disk.

    Parameters
    ----------
    function
        A pure function over floats, arrays, records and named tuples.

    Returns
    -------
    Callable
        The compiled function, of the same signature; `.py_func` holds the original.

    Notes
    -----
    Division by zero follows IEEE 754 (infinity or NaN) rather than raising, as in numpy.
    """
    previous = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = cache_folder()  # type: ignore[attr-defined]
    try:
        return cast(Function, numba.njit(cache=True, error_model="numpy")(function))
    finally:
        numba.config.CACHE_DIR = previous  # type: ignore[attr-defined]
