"""What the terminal says of a run with one account in several markets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from runs.commandline.command import note
from runs.commandline.output import print_lines, print_results, wide_console
from runs.outcome.metrics import unopened_sentence, volume_sentence
from runs.reports.competitors import ROWS, SIDES, side_by_side
from runs.reports.joint import MARKET_COLUMNS, MARKETS_EXPLAINED, part_rows


def print_joint_summary(metrics: dict[str, Any], target: Path) -> None:
    """Print the account's figures against holding, each market's part, and what has to be said of the data."""
    data, interval = metrics["data"], metrics["intervals"]["sharpe"]
    note(*data["caveats"], *data["defects"], *metrics["instrument"]["stand_ins"])
    note(*filter(None, [unopened_sentence(metrics["trading"]), volume_sentence(metrics["trading"])]))
    first = Table(title=f"{metrics['strategy']} on {data['name']}, {data['first_bar'][:10]} to {data['last_bar'][:10]}")
    rows = [(label, *side_by_side(metrics, key, shape)) for label, key, shape in ROWS]
    ends = [f"{end:.2f}" if end == end else "-" for end in (interval["low"], interval["high"])]
    _fill(first, ("", *(title for _, title in SIDES)), [*rows, ("Sharpe, 95 % interval", " to ".join(ends))])
    second = Table(title=f"By market; allocation {metrics['allocation']}")
    _fill(second, MARKET_COLUMNS, part_rows(metrics))
    wide_console().print(first, second)
    print_lines(metrics["evidence"]["sentence"], metrics["constant_exposure"]["sentence"], MARKETS_EXPLAINED)
    print_results(target, "tearsheet.html")


def _fill(table: Table, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for title in titles:
        table.add_column(title, justify="left" if title in ("", "market") else "right")
    for row in rows:
        table.add_row(*row)
