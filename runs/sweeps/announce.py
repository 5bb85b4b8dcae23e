"""What a sweep says on the terminal."""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from runs.command import suggest
from runs.sweeps.objective import best_first
from runs.sweeps.plan import Plan

_HEATMAP_SECONDS_A_BAR = 5e-6
"""Measured on one core: a bar through the model, with its snapshot."""

_TRIAL_SECONDS_A_BAR = 4e-8
_TRIAL_SECONDS = 3e-4
"""Measured on one core: a bar through a compiled rule, and what a combination takes however few its bars."""

_SHOWN = 5
_WIDTH_OFF_A_TERMINAL = 160
_COLUMNS = (
    ("Sharpe", "sharpe", "{:.2f}"),
    ("total return", "total_return_fraction", "{:+.2%}"),
    ("drawdown", "max_drawdown_fraction", "{:.2%}"),
    ("trades", "trades", "{:,.0f}"),
)


def estimated_seconds(plan: Plan, combinations: int, bars: int, jobs: int) -> float:
    """Return about how long a sweep takes on this many processes, with no heatmap kept from before."""
    heatmaps = min(plan.space.size_of_model, combinations) * bars * _HEATMAP_SECONDS_A_BAR
    return (heatmaps + combinations * (_TRIAL_SECONDS + bars * _TRIAL_SECONDS_A_BAR)) / jobs


def print_plan(facts: dict[str, Any], plan: Plan, jobs: int, as_json: bool) -> None:
    """Print what a sweep would do."""
    seconds = estimated_seconds(plan, facts["combinations"], facts["data"]["bars"], jobs)
    if as_json:
        plan_facts = {"dry_run": True, "bars": facts["data"]["bars"], "runs": facts["combinations"]}
        sys.stdout.write(json.dumps(facts | plan_facts | {"estimated_seconds": seconds}, indent=2) + "\n")
        return
    sys.stdout.write(json.dumps({key: facts[key] for key in ("configuration", "search", "objective")}, indent=2) + "\n")
    for axis in facts["space"]:
        sys.stdout.write(f"{axis['parameter']} = {axis['values']}: {axis['count']:,} values\n")
    sys.stdout.write(
        f"{facts['combinations']:,} combinations on {facts['data']['bars']:,} bars of {facts['data']['name']}, "
        f"about {_time(seconds)} on {jobs} process{'es' if jobs > 1 else ''}; nothing was run\n"
    )


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120.0 else f"{seconds / 60.0:,.0f} minutes"


def print_best(folder: Path, facts: dict[str, Any], trials: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Print the best rows, what was confirmed, and what to do next."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OFF_A_TERMINAL)
    labels = [axis["parameter"] for axis in facts["space"]]
    failed = int((trials["status"] == "error").sum())
    table = Table(
        title=f"{facts['configuration']['strategy']} on {facts['data']['name']}: best of {len(trials):,} by {facts['objective']}"
    )
    columns = [column for column in _COLUMNS if column[1] != facts["objective"]]
    columns.insert(
        0, next((c for c in _COLUMNS if c[1] == facts["objective"]), (facts["objective"],) * 2 + ("{:,.4g}",))
    )
    for title in ("number", *labels, *(column[0] for column in columns)):
        table.add_column(title, justify="right")
    for _, row in best_first(trials, facts["objective"]).head(_SHOWN).iterrows():
        cells = [shape.format(row[name]) if row[name] == row[name] else "-" for _, name, shape in columns]
        table.add_row(str(row["number"]), *(str(row[label]) for label in labels), *cells)
    console.print(table, markup=False)
    confirmation = facts["confirmation"]
    lines = [str(summary["sentence"])] if summary.get("sentence") else []
    if failed:
        lines.append(f"{failed:,} combinations failed; the reasons are in the table's column error")
    if confirmation["equal"] and confirmation["difference"] is None:
        lines.append(f"The event engine agrees with the best {confirmation['equal']}, trade for trade")
    lines += [f"Results in {folder}", f"Page: {folder / 'sweep.html'}"]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    best = folder / "best-1" / "run.json"
    if best.exists():
        suggest("backtest", {"config": best})
    else:
        suggest("review", {}, folder.parent)
