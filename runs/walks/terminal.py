"""What a walk says on the terminal."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from runs.commandline.command import note, suggest
from runs.commandline.dry_run import sweep_seconds, tell_plan
from runs.commandline.output import print_lines, print_results, wide_console
from runs.outcome.metrics import unopened_sentence
from runs.reports.competitors import further_cash
from runs.reports.numbers import kind_of, readable, setting
from runs.sweeps.plan import Plan
from runs.sweeps.terminal import all_bars
from runs.walks.windows import Window


def print_plan(record: dict[str, Any], plan: Plan, windows: tuple[Window, ...], times: np.ndarray, jobs: int) -> None:
    """Print what a walk would do."""
    days = np.datetime_as_string(times, unit="D")
    ranges = [
        {
            "train": [str(days[window.train_first]), str(days[window.train_last - 1])],
            "test": [str(days[window.test_first]), str(days[window.test_last - 1])],
        }
        for window in windows
    ]
    bars = all_bars(record)
    count, further = (
        record["combinations"],
        {key: record[key] for key in ("data", "space", "search", "objective", "lengths")},
    )
    maps, readings = min(plan.space.maps, count), min(plan.space.readings, count)
    seconds = sweep_seconds(maps, readings, count * len(windows), bars, jobs)
    tell_plan(record["configuration"], bars, count * len(windows), seconds, ranges=ranges, **further)


def print_walk(folder: Path, record: dict[str, Any], summary: dict[str, Any]) -> None:
    """Print the verdict, the windows, and what to do next."""
    objective, labels = record["objective"], [axis["parameter"] for axis in record["space"]]
    table = Table(title=f"{record['configuration']['strategy']} on {record['data']['name']}, walk-forward")
    for title in ("test from", *labels, f"{objective} in", f"{objective} out", "return out", "trades out"):
        table.add_column(title, justify="right")
    for row in summary["windows"]:
        outside = row["out_of_sample"]
        cells = [_shown(name, outside.get(name)) for name in (objective, "total_return_fraction", "trades")]
        chosen = [setting(row["chosen"][label]) for label in labels]
        table.add_row(
            row["test"]["first_bar"][:10], *chosen, _shown(objective, row["in_sample"].get(objective)), *cells
        )
    wide_console().print(table, markup=False)
    stand_ins = summary["out_of_sample"]["instrument"]["stand_ins"]
    note(*record["data"]["caveats"], *record["data"]["defects"], *stand_ins)
    print_lines(*_remarks(summary))
    print_results(folder, "walk.html", "tearsheet.html")
    suggest("review", {"serve": True}, folder.parent)


def _shown(name: str, value: float | None) -> str:
    return "-" if value is None else readable(value, kind_of(name))


def _remarks(summary: dict[str, Any]) -> list[str]:
    lines = []
    defaults = sum(row["combination"] is None for row in summary["windows"])
    if defaults:
        lines.append(f"{defaults} windows had no candidate to choose by and traded the defaults")
    if summary["failed_combinations"]:
        lines.append(f"{summary['failed_combinations']:,} combinations failed; the first: {summary['first_error']}")
    confirmation = summary["confirmation"]
    if confirmation["equal"] and confirmation["difference"] is None:
        lines.append(f"The event engine agrees with the first {confirmation['equal']} test windows, trade for trade")
    joined = summary["out_of_sample"]
    said = (
        unopened_sentence(joined["trading"]), summary["sentence"], joined["constant_exposure"]["sentence"], further_cash(joined),
    )  # fmt: skip
    return [*lines, *filter(None, said)]
