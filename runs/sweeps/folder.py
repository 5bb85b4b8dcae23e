"""A sweep's folder: claimed, marked with what the sweep is, locked while somebody works in it, and taken up again."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.outcome.joint_metrics import universe_record
from runs.outcome.provenance import code_digest, market_record, package_version
from runs.outcome.writing import FolderError, json_text, jsonable, replace_file
from runs.sweeps.plan import Plan

MARKER = "sweep.json"
"""The file by which a folder is known as a sweep's."""

FORMAT = 2
"""Version of the folder's layout."""

_LOCK = ".lock"
_IDENTITY = ("format", "configuration", "space", "search", "objective", "data", "code")
"""What must be the same for rows of one folder; and ``across``, where there are several markets."""


def sweep_record(plan: Plan, market: Market | Universe) -> dict[str, Any]:
    """Return what the marker holds: the plan, the market, the code, and the number of combinations."""
    record = {
        "format": FORMAT,
        "package": package_version(),
        **plan.record(),
        "combinations": plan.search().total,
        "data": universe_record(market) if isinstance(market, Universe) else market_record(market),
        "code": code_digest(plan.configuration.strategy),
        "confirmation": None,
    }
    return dict(json.loads(json.dumps(jsonable(record))))


def read_record(folder: Path) -> dict[str, Any]:
    """Return the content of a sweep's marker.

    Raises
    ------
    FolderError
        If the folder is no sweep's, or one of another version's.
    """
    try:
        record = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise FolderError(folder, f"holds no sweep ({MARKER} is missing or damaged)", option="--resume") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT or not set(_IDENTITY) <= set(record):
        raise FolderError(folder, "was written by another version; start a new sweep", option="--resume")
    return record


def refuse_difference(folder: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Raise FolderError that names the first thing in which a sweep's folder differs from the sweep to be resumed."""
    for key in (*_IDENTITY, "across"):
        found = _difference(key, there.get(key), here.get(key))
        if found is not None:
            name, left, right = found
            reason = f"{name} differs: {left} there, {right} here; start a new sweep"
            raise FolderError(folder, reason, option="--resume")


def _difference(name: str, there: Any, here: Any) -> tuple[str, str, str] | None:
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted(set(there) | set(here)):
            found = _difference(f"{name}.{key}", there.get(key), here.get(key))
            if found is not None:
                return found
        return None
    if name == "space" and isinstance(there, list) and isinstance(here, list):
        as_texts = ["; ".join(f"{axis['parameter']}={axis['values']}" for axis in axes) for axes in (there, here)]
        return None if as_texts[0] == as_texts[1] else (name, *as_texts)  # type: ignore[return-value]
    return None if there == here else (name, _short(there), _short(here))


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def check_folder(folder: Path, record: dict[str, Any], new: bool) -> None:
    """Raise FolderError if a new sweep cannot have this folder, or if one that is to be resumed there is another."""
    if not new:
        refuse_difference(folder, read_record(folder), record)
        return
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FolderError(folder, "is a file; name a folder")
    if (folder / MARKER).exists():
        raise FolderError(folder, "holds an earlier sweep; name a new folder", ("", ", or go on with it by --resume"))
    if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise FolderError(folder, "holds other files; name a new folder")


@contextlib.contextmanager
def occupied(folder: Path, record: dict[str, Any], new: bool) -> Iterator[None]:
    """Hold a folder's lock, which the system lets go of however the process ends, and mark a new sweep's folder as one.

    Raises
    ------
    FolderError
        If another sweep works there, or the folder cannot be written, now or later.
    """
    option = "--out" if new else "--resume"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise FolderError(folder, "another sweep is at work there", option=option) from None
    except OSError as error:
        raise FolderError(folder, f"cannot be written ({error.strerror})", option=option) from None
    try:
        if new:
            check_folder(folder, record, new)  # again, now that nobody else can be in it
            write_record(folder, record)
        yield
    except OSError as error:
        raise FolderError(folder, f"cannot be written ({error.strerror or error})", option=option) from None
    finally:
        lock.release()


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write the marker, whole or not at all; raises OSError if the disk refuses."""
    replace_file(folder / MARKER, json_text(record))
