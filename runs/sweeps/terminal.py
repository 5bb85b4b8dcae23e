"""What a sweep says on the terminal."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from runs.commandline.command import note, suggest
from runs.commandline.dry_run import sweep_seconds, tell_plan
from runs.commandline.output import print_lines, print_results, wide_console
from runs.sweeps.plan import Plan
from runs.sweeps.rows.objective import best_first

_SHOWN = 5
_COLUMNS = (
    ("Sharpe", "sharpe", "{:.2f}"),
    ("total return", "total_return_fraction", "{:+.2%}"),
    ("its exposure, constant", "constant_exposure_return_fraction", "{:+.2%}"),
    ("drawdown, bars", "max_bar_drawdown_fraction", "{:.2%}"),
    ("trades", "trades", "{:,.0f}"),
)


def print_plan(record: dict[str, Any], plan: Plan, jobs: int) -> None:
    """Print what a sweep would do."""
    count, bars = record["combinations"], all_bars(record)
    maps, readings = min(plan.space.maps, count), min(plan.space.readings, count)
    seconds = sweep_seconds(maps, readings, count, bars, jobs)
    further = {key: record[key] for key in ("data", "space", "search", "objective")}
    tell_plan(record["configuration"], bars, count, seconds, **further)


def all_bars(record: dict[str, Any]) -> int:
    """Return the bars of the market that a record describes, of several markets about those of all."""
    return int(record["data"]["bars"]) * len(record["data"].get("markets", [1]))


def print_best(folder: Path, record: dict[str, Any], trials: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Print the best rows, what was confirmed, and what to do next."""
    labels = [axis["parameter"] for axis in record["space"]]
    failed = int((trials["status"] == "error").sum())
    table = Table(
        title=f"{record['configuration']['strategy']} on {record['data']['name']}: best of {len(trials):,} by {record['objective']}"
    )
    columns = [column for column in _COLUMNS if column[1] != record["objective"]]
    columns.insert(
        0, next((c for c in _COLUMNS if c[1] == record["objective"]), (record["objective"],) * 2 + ("{:,.4g}",))
    )
    for title in ("number", *labels, *(column[0] for column in columns)):
        table.add_column(title, justify="right")
    for _, row in best_first(trials, record["objective"]).head(_SHOWN).iterrows():
        cells = [shape.format(row[name]) if row[name] == row[name] else "-" for _, name, shape in columns]
        table.add_row(str(row["number"]), *(str(row[label]) for label in labels), *cells)
    wide_console().print(table, markup=False)
    confirmation = record["confirmation"]
    lines = [str(summary["sentence"])] if summary.get("sentence") else []
    if summary.get("best"):
        lines.append(f"Trial {summary['best']['number']}: {summary['best']['constant_exposure']['sentence']}")
        note(*summary["best"]["instrument"]["stand_ins"])
        if summary["best"]["not_opened"]:
            lines.append(f"Trial {summary['best']['number']}: {summary['best']['not_opened']}")
    unopened = (summary.get("counts") or {}).get("with_entries_not_opened")
    if unopened:
        lines.append(
            f"In {unopened:,} combinations not all entries were opened; the counts are in the table's columns entries_*"
        )
    if failed:
        lines.append(f"{failed:,} combinations failed; the reasons are in the table's column error")
    if confirmation["equal"] and confirmation["difference"] is None:
        lines.append(f"The event engine agrees with the best {confirmation['equal']}, trade for trade")
    print_lines(*lines)
    print_results(folder, "sweep.html")
    suggest("review", {"serve": True}, folder.parent)
