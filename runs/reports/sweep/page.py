"""The page of a sweep: the verdict first, then what it rests on, then what was swept. Made of summary.json alone."""

from typing import Any

from runs.reports.figures.drawing import FIGURE_STYLE
from runs.reports.numbers import cells_table, quantity, readable, section, shown, spelled
from runs.reports.page import escape, page, table
from runs.reports.sweep.best import best_section, best_table, region_section
from runs.reports.sweep.figures import curves, distribution, halves, parallel, surfaces
from runs.reports.sweep.markets import markets_section
from runs.reports.sweep.statistics import STATISTICS_STYLE, statistics_section

_BESIDE = """
.more{color:var(--good)}
.beside{display:flex;flex-wrap:wrap;gap:.5rem 2rem;align-items:end}.beside>*{min-width:0;max-width:100%}
"""
_STYLE = FIGURE_STYLE + STATISTICS_STYLE + _BESIDE
_CLASSES = {"luck": "not", "not told from luck": "too", "too little data": "too", "more than luck": "more"}


def sweep_page(summary: dict[str, Any]) -> str:
    """Return the page of a sweep's summary; it loads nothing, and every number on it is the summary's."""
    parts = (
        _head, statistics_section, best_section, markets_section, _swept, region_section, surfaces, parallel, halves,
        distribution, curves, best_table, _errors,
    )  # fmt: skip
    title = f"Sweep of {summary['sweep']['strategy']} on {summary['data']['name']}"
    return page(title, "".join(part(summary) for part in parts), _STYLE)


def _head(summary: dict[str, Any]) -> str:
    sweep, data, verdict = summary["sweep"], summary["data"], summary["verdict"]
    kind = "<p class='verdict too'>SIMULATED MARKET - nothing here ever traded.</p>" if data["simulated"] else ""
    runs = "".join(
        f"<li><a href='{escape(run['folder'])}/tearsheet.html'>Tearsheet of trial {quantity(run['number'])}</a></li>"
        for run in summary.get("runs", [])
    )
    return (
        f"<h1>Sweep of {escape(sweep['strategy'])} on {escape(data['name'])}</h1>{kind}"
        f"<p id='verdict' class='verdict {_CLASSES[verdict['verdict']]}'>{escape(verdict['sentence'])}</p>"
        f"<p>{quantity(data['days'])} days, {escape(data['first_day'])} to {escape(data['last_day'])}. Looked for: "
        f"{'lowest' if sweep['less_is_better'] else 'highest'} {escape(spelled(sweep['objective']))}. "
        f"{_counted(summary['counts'])}</p><ul>{runs}</ul>"
        f"{_reading_help(verdict['level'], 'these markets' if 'markets' in summary else 'one market')}"
    )


def _counted(counts: dict[str, int]) -> str:
    return (
        f"{quantity(counts['combinations'])} of {quantity(counts['planned'])} combinations: "
        f"{quantity(counts['errors'])} with errors, {quantity(counts['duplicates'])} that earned exactly what another did, "
        f"{quantity(counts['without_variation'])} that never moved. In {quantity(counts['with_entries_not_opened'])} not all "
        "entries were opened."
    )


def _reading_help(level: float, what: str) -> str:
    return (
        "<p class='faint'>A p-value is how often noise does as well, not how probable luck is. Luck is the default: it takes a "
        f"test at {readable(level, 'share')} to say otherwise. By chance that test says so for one in twenty sweeps over "
        f"noise. All of it is about the past of {what}, and about this sweep alone. Whoever sweeps again until it says so "
        "has made a wider sweep. This is research, not advice.</p>"
    )


def _swept(summary: dict[str, Any]) -> str:
    sweep = summary["sweep"]
    rows = [(item["name"], item["values"], shown(item["low"]), shown(item["high"])) for item in sweep["parameters"]]
    search = sweep["search"] or {}
    words = ", ".join(f"{key} {shown(value)}" for key, value in search.items() if value is not None)
    lines = table(("parameter", "values", "lowest", "highest"), rows)
    return section("swept", "What was swept", f"<p>Search: {escape(words)}</p>", lines)


def _errors(summary: dict[str, Any]) -> str:
    if not summary["errors"]:
        return ""
    rows = [(escape(one["error"]), quantity(one["trials"]), quantity(one["first"])) for one in summary["errors"]]
    return section("errors", "Errors", cells_table(("error", "trials", "first"), rows))
