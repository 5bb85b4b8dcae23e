"""The liquidation report as a page: the same record, the same words, the map as a table with bars."""

from typing import Any

from runs.reports.analysis.statements import (
    CASCADE_TITLES,
    CLUSTER_TITLES,
    EXCHANGE_TITLES,
    HEAT_TITLES,
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
from runs.reports.page import data_block, escape, page, table
from runs.reports.stress import statements as stressed
from runs.reports.text import minute, price

_STYLE = """
.heat td:nth-child(2){min-width:7rem}.heat td{padding-right:.8rem}
.heat tr.now td{border-top:2px solid var(--ink);border-bottom:2px solid var(--ink);font-weight:600}
.heat i{display:block;height:.8rem;min-width:1px}
.heat i.long{background:var(--long)}
.heat i.short{background:repeating-linear-gradient(135deg,var(--short) 0 4px,transparent 4px 6px);border:1px solid var(--short)}
.pairs td{white-space:normal;overflow-wrap:anywhere}.pairs td:last-child,.heat tr.now td:last-child{text-align:left}
ul{padding-left:1.2rem;overflow-wrap:anywhere}
"""


def analysis_page(record: dict[str, Any], heatmap: str | None = None) -> str:
    """Return the page of a record of `runs.analysis.record`, plain values; it holds the record as JSON as well.

    Parameters
    ----------
    record
        The plain record.
    heatmap
        Address of the heatmap's page, to be linked; None for none.

    Raises
    ------
    ValueError
        For a record that `runs.outcome.writing.jsonable` has not made fit for JSON.
    """
    data = record["data"]
    simulated = " - SIMULATED MARKET, nothing here ever traded" if data["simulated"] else ""
    title = f"Liquidation report: {data['name']}{simulated}"
    known = _undefined(record)
    parts = (
        ("Last 24 hours", _pairs(overview_rows(known["last_24_hours"]))),
        *([("Share by exchange", _exchanges(known))] if exchange_rows(known) else []),
        ("Market", _pairs(context_rows(known["context"]))),
        ("Map by price level", f"<p class='faint'>{escape(heat_totals(known['heat']))}</p>{_heat(known)}"),
        ("Key levels", _clusters(known["clusters"])),
        *([("Key levels by leverage", _leverage(known))] if leverage_rows(known) else []),
        ("Heatmap", _list(summary_lines(known["summary"]))),
        ("Cascade risk", table(CASCADE_TITLES, cascade_rows(known["cascade"]))),
        ("After wipes", _list(wipe_lines(known["after_wipes"]))),
        ("If price moves", _stress(known["stress"])),
        ("What follows", _list(implication_lines(known["implications"]))),
        ("Data", _list(data_lines(data))),
        ("Caveats", _list(caveats(known))),
    )
    sections = "".join(f"<section><h2>{escape(name)}</h2>{content}</section>\n" for name, content in parts)
    at = f"At the close of {minute(record['at']['bar_close'])}, price {price(record['at']['price_quote'])}."
    link = f"<p><a href='{escape(heatmap)}'>The map through time</a></p>" if heatmap else ""
    head = f"<h1>{escape(title)}</h1><p>{escape(at)}</p>{link}"
    return page(title, head + sections + data_block("analysis", record), style=_STYLE)


def _undefined(value: Any) -> Any:
    """Return a record with null figures as NaN again, as the words expect them; what is no figure stays None."""
    if isinstance(value, dict):
        return {
            key: float("nan") if item is None and key.endswith(_FIGURES) else _undefined(item)
            for key, item in value.items()
        }
    return [_undefined(item) for item in value] if isinstance(value, list) else value


_FIGURES = ("deviations", "_base", "_usd", "_quote", "_fraction", "_rate", "_short", "_unit")


def _pairs(rows: list[tuple[str, str]]) -> str:
    return f"<div class='pairs'>{table(('', ''), rows)}</div>"


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _stress(stress: dict[str, Any]) -> str:
    return table(stressed.SUMMARY_TITLES, stressed.summary_rows(stress)) + _list(stressed.summary_lines(stress))


def _clusters(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "<p>No significant cluster within the window.</p>"
    return table(CLUSTER_TITLES, [cluster_cells(row) for row in rows])


def _exchanges(record: dict[str, Any]) -> str:
    note = f"<p class='faint'>{escape(exchange_note(record['exchanges']))}</p>"
    return table(EXCHANGE_TITLES, exchange_rows(record)) + note


def _leverage(record: dict[str, Any]) -> str:
    leverage = record["leverage"]
    note = f"<p class='faint'>{escape(leverage_note(leverage))}</p>"
    return table(leverage_titles(leverage), leverage_rows(record)) + note


def _heat(record: dict[str, Any]) -> str:
    """Return the levels as a table with a bar each; hue, pattern and the word in its row tell the side."""
    titles = (HEAT_TITLES[0], "", *HEAT_TITLES[1:])
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    rows, before = [], "short"
    for level in record["heat"]["levels"]:
        if level["side"] != before:
            now = price(record["at"]["price_quote"])
            rows.append(f"<tr class='now'><td>{escape(now)}</td><td colspan='7'>price</td></tr>")
            before = level["side"]
        first, *others = heat_cells(level)
        bar = f"<i class='{level['side']}' style='width:{100.0 * level['share_of_largest_fraction']:.1f}%'></i>"
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        rows.append(f"<tr><td>{escape(first)}</td><td>{bar}</td>{cells}</tr>")
    body = "".join(rows)
    return f"<div class='wide heat'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
