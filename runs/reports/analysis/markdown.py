"""The liquidation report in words and tables, as Markdown: pure text from the record of `runs.analysis.record`."""

from typing import Any

from runs.analysis.record import NOT_MEASURED, analysis_record
from runs.engines.result import EngineResult
from runs.reports.analysis.statements import (
    CASCADE_TITLES,
    CLUSTER_TITLES,
    EXCHANGE_TITLES,
    HEAT_TITLES,
    bar_cells,
    cascade_rows,
    caveats,
    cluster_cells,
    context_rows,
    data_lines,
    exchange_note,
    exchange_rows,
    heat_cells,
    heat_totals,
    implication_lines,
    leverage_note,
    leverage_rows,
    leverage_titles,
    overview_rows,
    summary_lines,
    wipe_lines,
)
from runs.reports.stress import statements as stressed
from runs.reports.text import minute, name, price, sentence

_BAR_CELLS = 20  # characters of the longest bar in the heat table


def liquidation_report(result: EngineResult, evidence: str = NOT_MEASURED) -> str:
    """Return the report at the last bar of a run, as Markdown.

    Parameters
    ----------
    result
        The run.
    evidence
        What was found of the claim that its strategy trades on, in sentences.
    """
    return markdown_report(
        analysis_record(
            result.market, result.configuration.model, result.snapshots[-1], result.clusters, result.state,
            evidence=evidence,
        )
    )  # fmt: skip


def markdown_report(record: dict[str, Any]) -> str:
    """Return the report of a record as Markdown."""
    data = record["data"]
    simulated = " - SIMULATED MARKET, nothing here ever traded" if data["simulated"] else ""
    parts = [
        f"# Liquidation report: {name(data['name'])}{simulated}",
        f"At the close of {minute(record['at']['bar_close'])}, price {price(record['at']['price_quote'])}.",
        _overview(record["last_24_hours"]),
        *([_exchanges(record)] if exchange_rows(record) else []),
        _context(record["context"]),
        _clusters(record["clusters"]),
        *([_leverage(record)] if leverage_rows(record) else []),
        _heat(record["heat"], record["at"]["price_quote"]),
        _summary(record["summary"]),
        _cascade(record["cascade"]),
        _after_wipes(record["after_wipes"]),
        _stress(record["stress"]),
        _implications(record["implications"]),
        _data(data),
        "## Caveats\n\n" + "\n".join(f"- {line}" for line in caveats(record)),
    ]
    return "\n\n".join(parts) + "\n"


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"
    return "\n".join([head, *(f"| {' | '.join(row)} |" for row in rows)])


def _overview(day: dict[str, Any]) -> str:
    return "## Last 24 hours\n\n" + "\n".join(
        ["| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in overview_rows(day))]
    )


def _exchanges(record: dict[str, Any]) -> str:
    return f"## Share by exchange\n\n{_table(EXCHANGE_TITLES, exchange_rows(record))}\n\n{exchange_note(record['exchanges'])}"


def _context(context: dict[str, Any]) -> str:
    return "## Market\n\n" + "\n".join(
        ["| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in context_rows(context))]
    )


def _clusters(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "## Key levels\n\nNo significant cluster within the window."
    return "## Key levels\n\n" + _table(CLUSTER_TITLES, [cluster_cells(row) for row in rows])


def _leverage(record: dict[str, Any]) -> str:
    leverage = record["leverage"]
    rows = _table(leverage_titles(leverage), leverage_rows(record))
    return f"## Key levels by leverage\n\n{rows}\n\n{leverage_note(leverage)}"


def _heat(heat: dict[str, Any], close: float) -> str:
    rows: list[tuple[str, ...]] = []
    before = "short"
    for level in heat["levels"]:
        if level["side"] != before:
            rows.append((price(close), "", "price", "", "", "", "", ""))
            before = level["side"]
        bar = {"short": "=", "long": "#"}[level["side"]] * bar_cells(level, _BAR_CELLS)
        rows.append((*heat_cells(level), bar))
    return f"## Map by price level\n\n{heat_totals(heat)}\n\n{_table((*HEAT_TITLES, ''), rows)}"


def _summary(summary: dict[str, Any]) -> str:
    return "## Heatmap\n\n" + "\n".join(f"- {line}" for line in summary_lines(summary))


def _cascade(cascade: dict[str, Any]) -> str:
    return "## Cascade risk\n\n" + _table(CASCADE_TITLES, cascade_rows(cascade))


def _after_wipes(levels: dict[str, Any]) -> str:
    return "## After wipes\n\n" + "\n".join(f"- {line}" for line in wipe_lines(levels))


def _stress(stress: dict[str, Any]) -> str:
    lines = "\n".join(f"- {sentence(line)}" for line in stressed.summary_lines(stress))
    return f"## If price moves\n\n{_table(stressed.SUMMARY_TITLES, stressed.summary_rows(stress))}\n\n{lines}"


def _implications(implied: dict[str, Any]) -> str:
    return "## What follows\n\n" + "\n".join(f"- {line}" for line in implication_lines(implied))


def _data(data: dict[str, Any]) -> str:
    return "## Data\n\n" + "\n".join(f"- {line}" for line in data_lines(data))
