"""The curves of all runs, each thinned once: a sidecar keeps them until the files that they come from change."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runs.outcome.writing import replace_file
from runs.reviews.entry import RUN, WALK, Entry
from runs.reviews.safe_files import DamageError, plain_file, read_object

SIDECAR = ".review-cache.json"

_VERSION = 1
"""To be raised with every change of what `runs.reviews.curves` returns."""

_SOURCES = ("equity.parquet", "trades.csv", "metrics.json", "summary.json")


@dataclass(frozen=True)
class Pictures:
    """Runs by name (``equity``, ``fills``) and markets by key, as `runs.reviews.curves` returns them."""

    runs: dict[str, dict[str, Any]]
    markets: dict[str, dict[str, Any]]


def picture_all(
    results: Path, entries: Sequence[Entry], report: Callable[[int], None] | None = None
) -> tuple[list[Entry], Pictures]:
    """Return the entries, those with damaged curves marked as failed, and their pictures.

    Parameters
    ----------
    results
        The results folder, in which the sidecar is kept if it can be written.
    entries
        What `runs.reviews.gathering.gather` found there.
    report
        Called with the number of runs done.
    """
    known = _read_sidecar(results)
    runs: dict[str, dict[str, Any]] = {}
    markets: dict[str, dict[str, Any]] = {}
    out: list[Entry] = []
    for done, entry in enumerate(entries):
        if report:
            report(done)
        if entry.kind in (RUN, WALK) and not entry.reason and entry.figures.get("starting_cash_quote"):
            try:
                picture = _picture(entry, known["runs"].get(entry.name))
                runs[entry.name] = picture | {"market": str(entry.market)}
                if "damage" in picture:
                    raise DamageError(picture["damage"])
                if entry.market not in markets:
                    markets[str(entry.market)] = _market(entry, known["markets"].get(entry.market))
            except DamageError as error:
                entry = replace(entry, reason=str(error))
        out.append(entry)
    fresh = {"version": _VERSION, "runs": runs, "markets": markets}
    if fresh != known:
        _write_sidecar(results, fresh)
    return out, Pictures({name: run for name, run in runs.items() if "damage" not in run}, markets)


def _key(folder: Path) -> list[int]:
    states = [plain_file(folder / name) for name in _SOURCES]
    return [figure for state in states if state for figure in (state.st_mtime_ns, state.st_size)]


def _picture(entry: Entry, known: Any) -> dict[str, Any]:
    key = _key(entry.folder)
    if isinstance(known, dict) and known.get("key") == key and ("damage" in known or {"equity", "fills"} <= set(known)):
        return known
    from runs.reviews.curves import equity_curve, fills  # what is cached needs no arrays and no compiler

    try:
        equity = equity_curve(entry.folder, float(entry.figures["starting_cash_quote"] or 0))
        return {"key": key, "equity": equity, "fills": fills(entry.folder, equity["from"], equity["to"])}
    except DamageError as error:
        return {"key": key, "damage": str(error)}


def _market(entry: Entry, known: Any) -> dict[str, Any]:
    if isinstance(known, dict) and "candles" in known:
        return known
    from runs.reviews.curves import market_curve

    return market_curve(entry.folder, float(entry.figures["starting_cash_quote"] or 0))


def _read_sidecar(results: Path) -> dict[str, Any]:
    try:
        value = read_object(results / SIDECAR)
    except DamageError:
        value = {}
    if value.get("version") != _VERSION or not all(isinstance(value.get(part), dict) for part in ("runs", "markets")):
        return {"version": 0, "runs": {}, "markets": {}}
    return value


def _write_sidecar(results: Path, value: dict[str, Any]) -> None:
    try:
        replace_file(results / SIDECAR, json.dumps(value, allow_nan=False, separators=(",", ":")))
    except OSError:
        return  # a folder that cannot be written is read anew each time
