"""What a walk says on the terminal."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from datafeeds.schema import Market
from runs.command import note, suggest
from runs.plan import START_SECONDS, WALK_BARS_PER_SECOND
from runs.reports.quantity import kind_of, readable, setting
from runs.walks.windows import Window

_WIDTH_OFF_A_TERMINAL = 160


def print_plan(facts: dict[str, Any], windows: tuple[Window, ...], market: Market, as_json: bool) -> None:
    """Print what a walk would do."""
    days = np.datetime_as_string(market.times, unit="D")
    ranges = [
        {
            "train": [str(days[window.train_first]), str(days[window.train_last - 1])],
            "test": [str(days[window.test_first]), str(days[window.test_last - 1])],
        }
        for window in windows
    ]
    if as_json:
        plan = {"dry_run": True, "bars": len(market), "runs": facts["combinations"] * len(windows)}
        plan["estimated_seconds"] = START_SECONDS + plan["runs"] * len(market) / WALK_BARS_PER_SECOND
        sys.stdout.write(json.dumps(facts | plan | {"ranges": ranges}, indent=2) + "\n")
        return
    spans = facts["spans"]
    for name in ("purge", "embargo"):
        sys.stdout.write(f"{name}: {spans[name]:,} bars ({spans[f'{name}_source']})\n")
    for number, one in enumerate(ranges, start=1):
        sys.stdout.write(
            f"{number}: train {one['train'][0]} to {one['train'][1]}, test {one['test'][0]} to {one['test'][1]}\n"
        )
    sys.stdout.write(
        f"{facts['combinations']:,} candidates on {len(windows)} windows of {facts['data']['name']}; nothing was run\n"
    )


def print_walk(folder: Path, facts: dict[str, Any], summary: dict[str, Any]) -> None:
    """Print the verdict, the windows, and what to do next."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OFF_A_TERMINAL)
    objective, labels = facts["objective"], [axis["parameter"] for axis in facts["space"]]
    table = Table(title=f"{facts['configuration']['strategy']} on {facts['data']['name']}, walk-forward")
    for title in ("test from", *labels, f"{objective} in", f"{objective} out", "return out", "trades out"):
        table.add_column(title, justify="right")
    for row in summary["windows"]:
        outside = row["out_of_sample"]
        cells = [_shown(name, outside.get(name)) for name in (objective, "total_return_fraction", "trades")]
        chosen = [setting(row["chosen"][label]) for label in labels]
        table.add_row(
            row["test"]["first_bar"][:10], *chosen, _shown(objective, row["in_sample"].get(objective)), *cells
        )
    console.print(table, markup=False)
    note(*facts["data"]["facts"], *facts["data"]["defects"])
    for line in (
        *_lines(summary),
        f"Results in {folder}",
        f"Pages: {folder / 'walk.html'}, {folder / 'tearsheet.html'}",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    suggest("review", {}, folder.parent)


def _shown(name: str, value: float | None) -> str:
    return "-" if value is None else readable(value, kind_of(name))


def _lines(summary: dict[str, Any]) -> list[str]:
    lines = []
    defaults = sum(row["combination"] is None for row in summary["windows"])
    if defaults:
        lines.append(f"{defaults} windows had no candidate to choose by and traded the defaults")
    if summary["failed_combinations"]:
        lines.append(f"{summary['failed_combinations']:,} combinations failed; the first: {summary['first_error']}")
    confirmation = summary["confirmation"]
    if confirmation["equal"] and confirmation["difference"] is None:
        lines.append(f"The event engine agrees with the first {confirmation['equal']} test windows, trade for trade")
    return [*lines, summary["sentence"]]
