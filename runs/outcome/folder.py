"""The results folder: claimed before the run, written beside its place, and named so that no two runs meet."""

import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runs.outcome.writing import OVERWRITE, FolderError

MARKER = "run.json"
"""The file by which a folder is known as an earlier run's."""

_RESULTS = Path("results")


def claim_folder(result_name: str, out: Path | None, overwrite: bool, marker: str = MARKER) -> tuple[Path, Path]:
    """Find where a run's results go, before the run, so that a bad place costs nothing.

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

    Returns
    -------
    target, temporary
        Where the results will be, and the empty folder beside it in which they are written.

    Raises
    ------
    FolderError
        If the place is taken by something else, or cannot be written.
    """
    target = out if out is not None else _RESULTS / result_name
    if target.is_file() or target.is_symlink():
        raise FolderError(target, "is a file; name a folder")
    if target.is_dir() and any(target.iterdir()):
        if not (target / marker).exists():
            raise FolderError(target, "holds other files; name a new folder")
        if not overwrite:
            raise FolderError(target, "holds an earlier run; name a new folder", OVERWRITE)
    temporary = target.parent / f".{target.name}.{os.getpid()}.partial"
    _sweep(target)
    try:
        temporary.mkdir(parents=True)
        (temporary / ".probe").write_text("")
        (temporary / ".probe").unlink()
    except OSError as error:
        raise FolderError(target, f"cannot be written ({error.strerror})") from None
    return target, temporary


@contextlib.contextmanager
def claimed_folder(
    result_name: str, out: Path | None, overwrite: bool, marker: str = MARKER
) -> Iterator[tuple[Path, Path]]:
    """Claim a folder as `claim_folder` does, and release what an abandoned run has left of it."""
    target, temporary = claim_folder(result_name, out, overwrite, marker)
    try:
        yield target, temporary
    finally:
        release_folder(temporary)


def _sweep(target: Path) -> None:
    """Remove what killed runs left of this very target: by their process's number, never by age, so no living one's."""
    if not target.parent.is_dir():
        return
    for path in target.parent.iterdir():
        found = re.fullmatch(rf"\.{re.escape(target.name)}\.(\d+)\.partial", path.name)
        if found and not _alive(int(found.group(1))):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def release_folder(temporary: Path) -> None:
    """Remove what an abandoned run has left in its temporary folder."""
    shutil.rmtree(temporary, ignore_errors=True)


def run_name(now: datetime.datetime, strategy: str, configuration: dict[str, Any], fingerprint: str) -> str:
    """Return ``<UTC time>-<strategy>-<hash of configuration and data>``, safe as a folder's name."""
    digest = hashlib.sha256(json.dumps([configuration, fingerprint], sort_keys=True).encode()).hexdigest()[:8]
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in strategy)
    return f"{now:%Y%m%dT%H%M%S}-{plain}-{digest}"
