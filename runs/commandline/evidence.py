"""Evidence on a terminal: a table of verdicts, of the pool first where markets are pooled, and what each verdict rests on."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from runs.commandline.command import note
from runs.commandline.output import print_lines, wide_console
from runs.reports.page import figure

_COLUMNS = ("claim", "verdict", "estimate", "95 % interval", "n", "effective", "detectable", "hardest baseline")
_WORDS = ("claim", "verdict", "hardest baseline")  # the others are figures


def print_evidence(record: Mapping[str, Any]) -> None:
    """Print a record of `runs.validation.protocol.measure_markets`: tables, then the comparisons behind the first."""
    parts = [record, *record.get("markets", ())]
    for part in parts:
        named = f"{part['data']['name']}: " if len(parts) > 1 else ""
        note(*(named + caveat for caveat in part["data"]["caveats"]))
    for part in parts:
        wide_console().print(_table(part), markup=False)
    for claim in record["claims"]:
        _print_details(claim)


def _table(part: Mapping[str, Any]) -> Table:
    data = part["data"]
    title = (
        f"{data['name']}, {data['first_bar'][:10]} to {data['last_bar'][:10]}: each claim, against its hardest baseline"
    )
    table = Table(title=title)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column in _WORDS else "right")
    for claim in part["claims"]:
        table.add_row(claim["name"], claim["verdict"], *_cells(claim["weakest"]))
    return table


def _cells(weakest: dict[str, Any] | None) -> tuple[str, ...]:
    if weakest is None:
        return ("-",) * 6
    interval = f"{figure(weakest['low'])} .. {figure(weakest['high'])}"
    observed = (f"{weakest['observations']:,}", f"{weakest['effective']:,.0f}")
    detectable = figure(weakest["minimum_detectable_effect"])
    return (figure(weakest["estimate"]), interval, *observed, detectable, weakest["baseline"])


def _print_details(claim: dict[str, Any]) -> None:
    lines = [f"\n{claim['name']}: {claim['statement']} - {claim['verdict']}.", f"  {claim['statistic']}"]
    for label, kind in (("against", "tests"), ("placebo", "placebos"), ("compare", "references")):
        for test in claim[kind]:
            interval = f"{figure(test['estimate'])} ({figure(test['low'])} .. {figure(test['high'])})"
            lines.append(
                f"  {label} {test['baseline']}: {interval}, p {figure(test['p_value'])}, "
                f"detectable {figure(test['minimum_detectable_effect'])}"
            )
    lines += [f"  {remark}" for remark in claim["remarks"]]
    print_lines(*lines)
