"""The stress test as a page: the same record and words, with the record as JSON inside."""

from typing import Any

from runs.reports.page import data_block, escape, page, table
from runs.reports.stress.statements import (
    ADDED_HELP,
    COVERAGE_HELP,
    COVERAGE_TITLES,
    PIT_TITLES,
    coverage_rows,
    groups,
    headline,
    held_lines,
    pit_rows,
    scenario_cells,
    titles_of,
)

_STYLE = "ul{padding-left:1.2rem;overflow-wrap:anywhere}"


def stress_page(record: dict[str, Any], plain: dict[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    record
        Of `runs.stress_test.record`.
    plain
        The same as JSON can hold it (`runs.outcome.writing.jsonable`); it is kept in the page.
    """
    simulated = " - SIMULATED MARKET, nothing here ever traded" if record["data"]["simulated"] else ""
    title = f"Stress test: {record['data']['name']}{simulated}"
    parts = [
        (f"If price goes so far, {within}", table(titles_of(record), [scenario_cells(row, record) for row in rows]))
        for within, rows in groups(record)
    ]
    if record["horizons"]:
        held = _list(held_lines(record)) + table(COVERAGE_TITLES, coverage_rows(record)) + _faint(COVERAGE_HELP)
        pit = table(PIT_TITLES, pit_rows(record)) + _faint("A tenth in each, where the distributions are right.")
        parts += [("How such answers have held", held), ("Where reports fell within their distribution (PIT)", pit)]
    parts.append(("What is not in it", _list(record["notes"])))
    sections = "".join(f"<section><h2>{escape(name)}</h2>{content}</section>\n" for name, content in parts)
    head = f"<h1>{escape(title)}</h1><p>{escape(headline(record))}</p>{_faint(ADDED_HELP)}"
    return page(title, head + sections + data_block("stress", plain), style=_STYLE)


def _faint(text: str) -> str:
    return f"<p class='faint'>{escape(text)}</p>"


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
