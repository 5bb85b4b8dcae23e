"""The stress test in a terminal: a table a horizon, then how such answers have held."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from runs.reports.stress.statements import (
    ADDED_HELP,
    COVERAGE_HELP,
    COVERAGE_TITLES,
    coverage_rows,
    groups,
    headline,
    held_lines,
    scenario_cells,
    titles_of,
)
from runs.reports.text import name, sentence


def print_stress(record: dict[str, Any], console: Console) -> None:
    """Print the stress test of a record of `runs.stress_test.record`."""

    def say(*lines: str) -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    simulated = " - SIMULATED MARKET, nothing here ever traded" if record["data"]["simulated"] else ""
    say(f"Stress test: {name(record['data']['name'])}{simulated}", headline(record))
    for title, rows in groups(record):
        _print_table(
            console, f"If price goes so far, {title}", titles_of(record), [scenario_cells(row, record) for row in rows]
        )
    say(ADDED_HELP, *held_lines(record))
    if record["horizons"]:
        _print_table(console, "How such answers have held", COVERAGE_TITLES, coverage_rows(record))
        say(COVERAGE_HELP)
    say(*(sentence(note) for note in record["notes"]))


def _print_table(console: Console, title: str, titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for number, column in enumerate(titles):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False, highlight=False)
