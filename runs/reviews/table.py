"""The reviewed table as plain values: what `--json` prints and what the page shows are the same numbers."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runs.reviews.differing import differing
from runs.reviews.entry import Entry
from runs.reviews.notes import Note
from runs.reviews.safe_files import words

_NOTHING = Note()


def address(results: Path, path: Path) -> str:
    """Return the relative, percent-encoded address of a file below the results folder, bytes as the disk has them.

    Examples
    --------
    >>> address(Path("r"), Path("r/a b/50%.html"))
    'a%20b/50%25.html'
    """
    return "/".join(quote(os.fsencode(part), safe="") for part in path.relative_to(results).parts)


def review_table(results: Path, entries: Sequence[Entry], notes: Mapping[str, Note]) -> dict[str, Any]:
    """Return the rows of a review.

    Parameters
    ----------
    results
        The results folder.
    entries
        What is in it.
    notes
        What people wrote, by entry.

    Returns
    -------
    dict
        ``folder``, ``differing`` (names of parameters), ``failed`` (count) and ``rows``. Each row holds an entry's facts, its
        ``figures``, its ``settings`` among the differing ones, ``parts`` of the markets of one account, ``pages`` with their
        addresses, ``note`` and ``tags``.
    """
    runs = [entry for entry in entries if entry.settings]
    names = differing([run.settings for run in runs], [run.strategy for run in runs])
    rows = [_row(results, entry, names, notes.get(entry.name, _NOTHING)) for entry in entries]
    failed = sum(entry.state == "failed" for entry in entries)
    return {"folder": words(results.resolve().name), "differing": list(names), "failed": failed, "rows": rows}


def _row(results: Path, entry: Entry, names: Sequence[str], written: Note) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "state": entry.state,
        "reason": entry.reason,
        "strategy": entry.strategy,
        "data": entry.data,
        "first_bar": entry.first_bar,
        "last_bar": entry.last_bar,
        "figures": dict(entry.figures),
        "settings": {name: entry.settings[name] for name in names if name in entry.settings},
        "verdict": entry.verdict,
        "sentence": entry.sentence,
        "parts": [dict(part) for part in entry.parts],
        "pages": {page: address(results, entry.folder / page) for page in entry.pages},
        "note": written.text,
        "tags": list(written.tags),
    }
