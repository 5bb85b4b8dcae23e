"""The one decorator by which this project compiles a function, and the disk cache that goes with it.

numba keys its cache on the file that holds a function, not on the files of the functions that it calls. After an update
that changes a callee alone, a stale caller would be loaded and run the old formula. So the cache lives in a folder named by
the digest of every source file that compiled code can reach: any change there starts a fresh cache, and no other does.
"""

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

from indicators.liquidation.checked_cache import keep_on_disk
from indicators.liquidation.private_folder import private_folder

_PROJECT = Path(__file__).resolve().parents[2]
Record = Any
"""One numpy record inside compiled code; its fields are those of its dtype, which no static type can say."""

Function = TypeVar("Function", bound=Callable[..., Any])

_FOLDERS = ("indicators", "strategies", "runs", "datafeeds")
_MAKERS = ("indicators/liquidation/compiled.py", "indicators/liquidation/checked_cache.py")
_DECORATED = re.compile(
    r"^@(?:compiled|allocation_free|inlined|inlined_loop|kept_in_memory|compiled_rule)$", re.MULTILINE
)
_IMPORT = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)


@cache
def source_digest() -> str:
    """Return a short digest of all the Python sources and of the figures that ship: which code a result came from.

    Returns
    -------
    str
        16 hexadecimal digits; the same for the same sources on every machine.
    """
    figures = [path for folder in _FOLDERS for path in sorted((_PROJECT / folder).rglob("*.toml"))]
    return _digest(_sources() + figures)


@cache
def compiled_digest() -> str:
    """Return a short digest of the sources whose change can change compiled code.

    Returns
    -------
    str
        16 hexadecimal digits: of the files that say how functions are compiled and kept, of those that compile some, of those they
        take a constant from, and so on. A page or a command is in none of them, so that changing it compiles nothing anew.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in _sources()}
    waiting = [path for path, text in texts.items() if _DECORATED.search(text)] + [_PROJECT / name for name in _MAKERS]
    reached: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in texts and path not in reached:
            reached.add(path)
            waiting += _constants_from(texts[path])
    return _digest(sorted(reached))


def _constants_from(text: str) -> Iterator[Path]:
    """Yield the files, of this project or not, that a source takes names in capitals from."""
    for module, names in _IMPORT.findall(text):
        if re.search(r"\b[A-Z][A-Z0-9_]+\b", names):
            yield _PROJECT / f"{module.replace('.', '/')}.py"


def _sources() -> list[Path]:
    return [path for folder in _FOLDERS for path in sorted((_PROJECT / folder).rglob("*.py"))]


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in paths:
        digest.update(path.relative_to(_PROJECT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> str:
    """Return the folder of the compiled code, which nobody else can write to: its files hold code that is run.

    It lies where ``NUMBA_CACHE_DIR`` says, else beside this file, else among the user's caches, else among the temporary files.
    Where none of these will do it is one of this process alone; the text is empty if even that cannot be made.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    name = f"compiled-{compiled_digest()}"
    found = next(filter(None, (private_folder(place / name) for place in _places(chosen))), None) or _temporary()
    if chosen and found and found.parent != Path(chosen).resolve():
        sys.stderr.write(
            f"note: NUMBA_CACHE_DIR {chosen} can be written by others, or not by you; {found} is used instead\n"
        )
        os.environ["NUMBA_CACHE_DIR"] = str(found.parent)  # processes started from here use it, and say nothing
    return str(found or "")


def _places(chosen: str | None) -> Iterator[Path]:
    yield Path(chosen) if chosen else Path(__file__).parent / "__pycache__"
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liquidation-heatmap"
    with contextlib.suppress(OSError):  # no temporary folder can be written
        yield Path(tempfile.gettempdir()) / f"liquidation-heatmap-{os.geteuid()}"


def _temporary() -> Path | None:
    try:
        folder = Path(tempfile.mkdtemp(prefix="liquidation-heatmap-"))
    except OSError:
        return None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def compiled(function: Function) -> Function:
    """Compile `function` on first use, in IEEE order (no fast-math), and keep the machine code on disk.

    Parameters
    ----------
    function
        A pure function over floats, arrays, records and named tuples. One whose name begins with an underscore can be
        called from compiled code only: it gets no entry for Python, which is a third of what compiling it would cost.

    Returns
    -------
    Callable
        The compiled function, of the same signature; `.py_func` holds the original.

    Notes
    -----
    Division by zero follows IEEE 754 (infinity or NaN) rather than raising, as in numpy.
    """
    return _compile(function, {})


def allocation_free(function: Function) -> Function:
    """Compile `function` as `compiled` does, for inner loops that create no array and return none.

    Without numba's reference counting a bar through the model costs a fifth less (measured: 4.1 -> 3.2 microseconds).
    A function that does create an array fails to compile, so the promise cannot be broken unseen.
    """
    return _compile(function, {"_nrt": False})


def inlined(function: Function) -> Function:
    """Write `function`, an allocation-free one, into each of its compiled callers before they are compiled.

    For what takes a whole state: one of many arrays costs 20 ns or more to hand over. A caller with many such parts is slow to
    compile (measured: a quarter of a cold start); what takes few records and arrays is an `inlined_loop`. Python calls neither.
    """
    return _compile(function, {"_nrt": False, "inline": "always"}, private=True)


def inlined_loop(function: Function) -> Function:
    """Compile `function` by itself, and write its machine code into its callers: a tenth faster for loops over bins."""
    return _compile(function, {"_nrt": False, "forceinline": True}, private=True)


def compiled_rule(function: Function, on_disk: bool | None = None) -> Function:
    """Compile a strategy's rule, or a function that it calls: an index beyond what it was given raises IndexError.

    It is written into each of its compiled callers, so that of a market with many fields it costs what it reads. The machine
    code is kept on disk for functions of this project alone, or as `on_disk` says. Python cannot call them; it can call `plain`
    of them.
    """
    options = {"_nrt": False, "forceinline": True, "boundscheck": True}
    return _compile(function, options, on_disk=is_ours(function) if on_disk is None else on_disk, private=True)


def is_ours(function: Callable[..., Any]) -> bool:
    """Return whether a plain function is of this project: its sources are among those that name the cache's folder."""
    return any(Path(function.__code__.co_filename).is_relative_to(_PROJECT / folder) for folder in _FOLDERS)


def is_kept(function: Callable[..., Any]) -> bool:
    """Return whether the cache holds machine code of a compiled function, of whatever types."""
    folder = Path(cast(Any, function).stats.cache_path)
    return any(folder.glob(f"*.{function.__qualname__}-*.nbi"))


def read_only(rows: np.ndarray) -> np.ndarray:
    """Return a view that neither Python nor compiled code can write; to compiled code it is of a type of its own."""
    view = rows.view()
    view.setflags(write=False)
    return view


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a compiled function was compiled from, in which what Python cannot call, or is not ours, is plain as well."""
    source = cast(types.FunctionType, getattr(function, "py_func", function))
    called = {name: source.__globals__[name] for name in source.__code__.co_names if name in source.__globals__}
    compiled = {name: value for name, value in called.items() if hasattr(value, "py_func")}
    stays = {name for name, value in compiled.items() if is_ours(value.py_func) and not _is_private(value)}
    changed = {name: plain(value) for name, value in compiled.items() if name not in stays}
    names = {**source.__globals__, **changed}
    return types.FunctionType(source.__code__, names, source.__name__, source.__defaults__, source.__closure__)


def _is_private(compiled: Any) -> bool:
    return bool(compiled.targetoptions.get("no_cpython_wrapper"))


def kept_in_memory(function: Function) -> Function:
    """Compile `function` as `allocation_free` does, for this process alone: it holds code that `compiled_digest` does not cover."""
    return _compile(function, {"_nrt": False}, on_disk=False)


def _compile(
    function: Function, options: dict[str, Any], *, on_disk: bool = True, private: bool | None = None
) -> Function:
    private = function.__name__.startswith("_") if private is None else private
    previous = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = cache_folder()  # type: ignore[attr-defined]
    try:
        decorate = numba.njit(  # type: ignore[call-overload]
            error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=private, **options
        )
        dispatcher = decorate(function)
        if on_disk and hasattr(dispatcher, "_cache"):  # numba can be told to compile nothing
            keep_on_disk(dispatcher)
        return cast(Function, dispatcher)
    finally:
        numba.config.CACHE_DIR = previous  # type: ignore[attr-defined]
