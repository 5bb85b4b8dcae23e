"""What people write beside runs: one note and any tags for each, kept in notes.json, which no run ever touches."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from runs.outcome.writing import replace_file
from runs.reviews.safe_files import DamageError, plain_file, read_object

FILE = "notes.json"

MAX_NOTE, MAX_TAG, MAX_TAGS = 10_000, 50, 50
"""Characters, and tags of one run (assumption: more is an accident)."""

_VERSION = 1
_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Note:
    """What is written beside one run: `text`, and `tags` in the order of the alphabet."""

    text: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no page could show."""
        if len(self.text) > MAX_NOTE:
            raise ValueError(f"a note of {len(self.text)} characters is too long; {MAX_NOTE} are allowed")
        if len(self.tags) > MAX_TAGS:
            raise ValueError(f"{len(self.tags)} tags are too many; {MAX_TAGS} are allowed")
        for tag in self.tags:
            if not tag or len(tag) > MAX_TAG or tag != tag.strip() or "," in tag or not tag.isprintable():
                raise ValueError(f"tag {tag[:60]!r}: write 1 to {MAX_TAG} printable characters without a comma")


def note(text: str, tags: Iterable[str]) -> Note:
    """Return a note with its tags sorted, each once.

    Examples
    --------
    >>> note("good", ["b", "a", "b"])
    Note(text='good', tags=('a', 'b'))
    """
    return Note(text.encode("utf-8", "replace").decode("utf-8").strip(), tuple(sorted(set(tags))))


def read_notes(results: Path) -> dict[str, Note]:
    """Return the notes of a results folder by run; none if there is no file.

    Raises
    ------
    ValueError
        If the file is damaged or of another version; it is never written over then.
    """
    path = results / FILE
    try:
        if plain_file(path) is None:
            return {}
        content = read_object(path)
        version, runs = content.get("version", _VERSION), content.get("runs")
        if type(version) is not int or version != _VERSION:
            raise DamageError(f"it is of version {str(version)[:20]!r}, and this one reads {_VERSION}")
        if not isinstance(runs, dict):
            raise DamageError(f"{FILE} is damaged (no runs in it)")
        return {name: _note(value) for name, value in runs.items()}
    except ValueError as error:
        raise ValueError(f"{path}: {error}; mend it or move it away") from None


def _note(value: Any) -> Note:
    text, tags = (value.get("note", ""), value.get("tags", [])) if isinstance(value, dict) else (None, None)
    if not isinstance(text, str) or not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise DamageError(f"{FILE} is damaged (a note is no text or its tags are no list)")
    return note(text, tags)


def change_note(
    results: Path, run: str, text: str | None = None, add: Iterable[str] = (), remove: Iterable[str] = (),
    tags: Iterable[str] | None = None,
) -> Note:  # fmt: skip
    """Change what is written beside one run, and return it; two writers at once lose nothing.

    Parameters
    ----------
    results
        The results folder.
    run
        Name of the entry.
    text
        The new note; empty for none, None to leave it.
    add, remove
        Tags.
    tags
        All tags, in place of those that are there; None to leave them.

    Raises
    ------
    ValueError
        If notes.json is damaged, of another version, or in use by another process, the disk refuses, or a text or tag is too long.
    """
    try:
        lock = results / f".{FILE}.lock"
        plain_file(lock)  # a link there would have the file that it leads to emptied
        with FileLock(lock, timeout=_LOCK_SECONDS):
            notes = read_notes(results)
            old = notes.get(run, Note())
            kept = (set(old.tags if tags is None else tags) | set(add)) - set(remove)
            notes[run] = new = note(old.text if text is None else text, kept)
            if new == Note():
                del notes[run]
            replace_file(results / FILE, _text(notes))
    except Timeout:
        raise ValueError(f"{results / FILE}: another process is writing it; try again") from None
    except OSError as error:
        raise ValueError(f"{results / FILE}: cannot be written ({error.strerror})") from None
    return new


def _text(notes: dict[str, Note]) -> str:
    runs = {name: {"note": value.text, "tags": list(value.tags)} for name, value in sorted(notes.items())}
    return json.dumps({"version": _VERSION, "runs": runs}, indent=2) + "\n"
