"""A results folder as it is now: gathered, pictured, and with its notes."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs.reports.review import review_content
from runs.reviews.gathering import MARKERS, gather
from runs.reviews.notes import FILE, read_notes
from runs.reviews.pictures import picture_all
from runs.reviews.table import review_table


@dataclass(frozen=True)
class Review:
    """The table (`runs.reviews.table.review_table`) and the same with pictures (`runs.reports.review.review_content`)."""

    table: dict[str, Any]
    content: dict[str, Any]


def read_review(results: Path, report: Callable[[int], None] | None = None) -> Review:
    """Return the review of a folder.

    Raises
    ------
    ValueError
        If its notes are damaged.
    OSError
        If it cannot be listed.
    """
    entries, pictures = picture_all(results, gather(results), report)
    table = review_table(results, entries, read_notes(results))
    return Review(table, review_content(table, pictures.runs, pictures.markets))


def state_digest(results: Path) -> str:
    """Return a text that changes when a run comes, goes or is replaced, a sweep ends, or a note is written."""
    digest = hashlib.sha256()
    with os.scandir(results) as found:
        folders = [Path(item.path) for item in found if item.is_dir(follow_symlinks=False)]
    files = [
        folder / name for folder in sorted(folders) for name in (*MARKERS.values(), "summary.json", "metrics.json")
    ]
    for path in (results / FILE, *sorted(folders), *files):
        try:
            state = path.lstat()
        except OSError:
            continue
        digest.update(f"{os.fsencode(path)!r} {state.st_mtime_ns} {state.st_size}\n".encode())
    return digest.hexdigest()[:16]
