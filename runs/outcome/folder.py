"""The results folder: claimed before the run, written beside its place, and named so that no two runs meet."""

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runs.outcome.writing import OVERWRITE, FolderError, flush_folder

MARKER = "run.json"
"""The file by which a folder is known as an earlier run's."""

_RESULTS = Path("results")


@contextlib.contextmanager
def claimed_folder(
    result_name: str, out: Path | None, overwrite: bool, marker: str = MARKER
) -> Iterator[tuple[Path, Path]]:
    """Claim a results folder for one run, before the run, so that a bad place costs nothing; then move there what was written.

    The claim is a lock beside the folder: atomic, and let go of by the system however the process ends.

    Parameters
    ----------
    result_name
        Name of the folder under ``results/`` if `out` is None.
    out
        The folder that the user named.
    overwrite
        Whether an earlier run there may be replaced.
    marker
        The file by which a folder is known as an earlier run's of the same kind.

    Yields
    ------
    target, temporary
        Where the results will be, and the empty folder beside it in which they are written. Its files come to their place by
        one rename when the block ends well; else nothing of them is left.

    Raises
    ------
    FolderError
        If another run is at work there, the place is taken by something else, or it cannot be written.
    """
    target = out if out is not None else _RESULTS / result_name
    temporary = _beside(target, f"{os.getpid()}.partial")
    with _refusals(target):
        _check(target, overwrite, marker)
        lock = _locked(target)
    try:
        with _refusals(target):
            _tidy(target)
            _check(target, overwrite, marker)  # again, now that no other run can be at it
            temporary.mkdir()
            (temporary / ".probe").write_text("")
            (temporary / ".probe").unlink()
        yield target, temporary
        with _refusals(target):
            if any(temporary.iterdir()):
                _check(target, overwrite, marker)  # and again: what is no run asks for no lock
                _move(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(_beside(target, "lock"))  # while it is held, so that nobody's is taken away
        os.close(lock)


def _beside(target: Path, ending: str) -> Path:
    return target.parent / f".{target.name}.{ending}"


@contextlib.contextmanager
def _refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderError(target, f"cannot be written ({error.strerror})") from None


def _check(target: Path, overwrite: bool, marker: str) -> None:
    if target.is_file() or target.is_symlink():
        raise FolderError(target, "is a file; name a folder")
    if target.is_dir() and any(target.iterdir()):
        if not (target / marker).exists():
            raise FolderError(target, "holds other files; name a new folder")
        if not overwrite:
            raise FolderError(target, "holds an earlier run; name a new folder", OVERWRITE)


def _locked(target: Path) -> int:
    """Return the handle of a run's lock, held."""
    target.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(_beside(target, "lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise FolderError(target, "another run is at work there; name a new folder") from None
        except OSError:
            os.close(handle)
            raise
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)  # the run before took its lock away between the two calls


def _tidy(target: Path) -> None:
    """Remove what killed runs left of this very target, and give back what one was about to replace; the lock is held."""
    for path in target.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(target.name)}\.\d+\.partial", path.name):
            shutil.rmtree(path, ignore_errors=True)
    replaced = _beside(target, "replaced")
    if replaced.is_dir() and not target.exists():
        replaced.rename(target)
    shutil.rmtree(replaced, ignore_errors=True)


def _move(temporary: Path, target: Path) -> None:
    replaced = _beside(target, "replaced")
    if target.is_dir() and any(target.iterdir()):
        target.rename(replaced)
    try:
        temporary.rename(target)  # takes an absent or an empty place, and no other
    except OSError:
        if replaced.is_dir():
            replaced.rename(target)
        raise
    flush_folder(target.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def run_name(now: datetime.datetime, strategy: str, configuration: dict[str, Any], fingerprint: str) -> str:
    """Return ``<UTC time>-<strategy>-<hash of configuration and data>``, safe as a folder's name."""
    digest = hashlib.sha256(json.dumps([configuration, fingerprint], sort_keys=True).encode()).hexdigest()[:8]
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in strategy)
    return f"{now:%Y%m%dT%H%M%S}-{plain}-{digest}"
