"""Read a results folder: every folder in it becomes an entry, and what is damaged, half-written or foreign says so."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runs.reviews.differing import flat_settings
from runs.reviews.entry import RUN, SWEEP, UNKNOWN, VALIDATION, WALK, Entry, described, figures_of, parts_of
from runs.reviews.safe_files import DamageError, number, plain_file, read_object, within, words

MARKERS = {RUN: "run.json", SWEEP: "sweep.json", WALK: "walk.json", VALIDATION: "validation.json"}
"""The file by which a folder is known as one of ours; a sweep's and a walk-forward's come first, being written first."""

REPORT = "analysis.json"
"""The file by which a folder is known as one of `runs.analyze`."""

PAGES = (
    "tearsheet.html", "heatmap.html", "report.md", "sweep.html", "walk.html", "validation.html",
    "metrics.json", "run.json", "sweep.json", "walk.json", "summary.json", "validation.json", "trades.csv",
    "fills.csv", "orders.csv",
)  # fmt: skip
"""The files that a review links to where they exist."""

_BENCHMARKS = ("buy_and_hold", "perpetual_held", "constant_exposure")
_PARTIAL = re.compile(r"\.(.+)\.\d+\.partial")


def gather(results: Path) -> list[Entry]:
    """Return the entries of a results folder in the order of their names; runs inside sweeps follow their sweep.

    Parameters
    ----------
    results
        An existing folder. Symbolic links in it are not followed.

    Raises
    ------
    OSError
        If the folder itself cannot be listed.
    """
    folders = [folder for folder in _folders(results) if not _is_report(folder)]
    return [entry for folder in folders for entry in _entries(folder, folder.name)]


def _is_report(folder: Path) -> bool:
    """Return whether a folder holds a liquidation report, which is no result to compare."""
    return not folder.is_symlink() and _there(folder / REPORT) and not any(_there(folder / m) for m in MARKERS.values())


def _folders(parent: Path) -> list[Path]:
    """Return the folders and links to folders in one, without hidden ones other than half-written runs."""
    with os.scandir(parent) as found:
        names = [
            item.name for item in found if item.is_dir() and (item.name[0] != "." or _PARTIAL.fullmatch(item.name))
        ]
    return [parent / name for name in sorted(names)]


def _entries(folder: Path, name: str) -> Iterator[Entry]:
    entry = read_entry(folder, name)
    yield entry
    if entry.kind in (SWEEP, WALK):
        try:
            inner = _folders(folder)
        except OSError:
            return
        for path in inner:
            # A sweep has folders of its own making too; only whole runs are of interest.
            if not path.is_symlink() and (path / MARKERS[RUN]).is_file():
                yield read_entry(path, f"{name}/{path.name}")


def read_entry(folder: Path, name: str) -> Entry:
    """Return what a folder holds; nothing that is wrong with it is fatal.

    Parameters
    ----------
    folder
        The folder.
    name
        Its path below the results folder.
    """
    shown = words(name) or ""
    if folder.is_symlink():
        return Entry(shown, folder, UNKNOWN, "is a symbolic link, which is not followed")
    if _PARTIAL.fullmatch(folder.name):
        return Entry(shown, folder, UNKNOWN, "is half-written: its run is still going or was killed")
    kind = UNKNOWN
    try:
        kind = next((kind for kind, marker in MARKERS.items() if plain_file(folder / marker)), UNKNOWN)
        if kind == UNKNOWN:
            raise DamageError("holds none of " + ", ".join(MARKERS.values()))
        pages = tuple(page for page in PAGES if _there(folder / page))
        return _READERS[kind](shown, folder, kind, pages)
    except DamageError as error:
        return Entry(shown, folder, kind, str(error))


def _there(path: Path) -> bool:
    try:
        return plain_file(path) is not None
    except DamageError:
        return False


def _read_run(name: str, folder: Path, kind: str, pages: tuple[str, ...]) -> Entry:
    facts, metrics = read_object(folder / MARKERS[RUN]), read_object(folder / "metrics.json")
    configuration = facts.get("configuration")
    if not isinstance(configuration, dict) or not isinstance(metrics.get("performance"), dict):
        raise DamageError("run.json or metrics.json lacks its main part")
    figures = figures_of(metrics)
    missing = next((file for file in ("equity.parquet", "trades.csv") if not _there(folder / file)), None)
    reason = f"{missing} is missing" if missing else ""
    if not (number(figures["starting_cash_quote"]) or 0) > 0:
        reason = "metrics.json has no starting cash"
    return Entry(
        name, folder, kind, reason, strategy=words(configuration.get("strategy")), **described(metrics), figures=figures,
        settings=flat_settings(configuration) | {"code": words(facts.get("source_digest"))},
        verdict=words(within(metrics, "evidence", "verdict")),
        sentence=_with_stand_ins(words(within(metrics, "evidence", "sentence")), metrics),
        pages=pages, parts=parts_of(metrics),
    )  # fmt: skip


def _with_stand_ins(sentence: str | None, metrics: Any) -> str | None:
    """Return what may be concluded, and what stood in for the terms of the contract that was traded."""
    stand_ins = within(metrics, "instrument", "stand_ins")
    said = [words(line) for line in stand_ins] if isinstance(stand_ins, list) else []
    return " ".join(line for line in (sentence, *said) if line) or None


def _read_search(name: str, folder: Path, kind: str, pages: tuple[str, ...]) -> Entry:
    """Read a sweep or a walk-forward: its marker is written at its start, its summary at its end."""
    facts = read_object(folder / MARKERS[kind])
    about: dict[str, Any] = {
        "strategy": words(within(facts, "configuration", "strategy")),
        **described(facts),
        "pages": pages,
    }
    try:
        summary = read_object(folder / "summary.json")
    except DamageError as error:
        unfinished = not _there(folder / "summary.json")
        return Entry(name, folder, kind, "has not finished (no summary.json)" if unfinished else str(error), **about)
    verdict, sentence = _verdict(summary)
    traded = within(summary, "best" if kind == SWEEP else "out_of_sample")
    sentence = _with_stand_ins(sentence, traded)
    joined = summary.get("out_of_sample")  # of a walk-forward: one account through all test windows, as in metrics.json
    if kind == WALK and isinstance(joined, dict):
        about |= {**described(joined), "figures": figures_of(joined)}
    if kind == SWEEP:
        about["figures"] = _figures_of_the_best(summary.get("best"))
    return Entry(name, folder, kind, **about, verdict=verdict, sentence=sentence)


def _figures_of_the_best(best: Any) -> dict[str, float | int | None]:
    """Return the figures of a sweep's best trial, which keeps them in one table, counts as floats."""
    held = within(best, "metrics")
    metrics = dict(held) if isinstance(held, dict) else {}
    for name in ("trades", "liquidations"):
        count = number(metrics.get(name))
        metrics[name] = int(count) if count is not None else None
    others = {name: within(best, name) for name in (*_BENCHMARKS, "intervals")}
    return figures_of(dict.fromkeys(("performance", "trading", "money"), metrics) | others)


def _verdict(summary: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the verdict and its sentence, which stand side by side or together under ``verdict``."""
    verdict = summary.get("verdict")
    inner = verdict if isinstance(verdict, dict) else summary
    return words(verdict) or words(within(verdict, "verdict")), words(inner.get("sentence"))


def _read_validation(name: str, folder: Path, kind: str, pages: tuple[str, ...]) -> Entry:
    record = read_object(folder / MARKERS[kind])
    counts = record.get("counts")
    if not isinstance(counts, dict):
        raise DamageError("validation.json lacks its counts")
    said = ", ".join(f"{count} {words(verdict)}" for verdict, count in counts.items() if number(count) is not None)
    return Entry(name, folder, kind, **described(record), verdict=said or None, pages=pages)


_READERS = {RUN: _read_run, SWEEP: _read_search, WALK: _read_search, VALIDATION: _read_validation}
