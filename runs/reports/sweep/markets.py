"""The part of a sweep's page about its markets: on what trials were judged, and where the best does well."""

from typing import Any

from runs.reports.numbers import cells_table, kind_of, quantity, section, spelled
from runs.reports.page import escape

_ON_ACCOUNT = "Each trial was judged on one account in all markets."
_COLUMNS = ("total_return_fraction", "held_return_fraction", "sharpe", "max_bar_drawdown_fraction", "trades")


def on_account(summary: dict[str, Any]) -> bool:
    """Return whether the trials of several markets were judged on one account."""
    return bool(summary.get("markets", {}).get("across") == "account")


def markets_section(summary: dict[str, Any]) -> str:
    """Return in which markets the best trial does well; empty where there is one market."""
    found = summary.get("markets")
    if not found:
        return ""
    rows = [(escape(row["name"]), *(quantity(row[name], kind_of(name)) for name in _COLUMNS)) for row in found["rows"]]
    titles = ("", "total return", "its coin held", "Sharpe", "largest drawdown, all bars", "trades")
    said = f"<p>{escape(found['sentence'])}</p><p class='faint'>{escape(_judged(found, summary))}</p>"
    return section("markets", "Market by market", said, cells_table(titles, rows))


def _judged(found: dict[str, Any], summary: dict[str, Any]) -> str:
    if on_account(summary):
        return f"{_ON_ACCOUNT} Below, the best trades each market alone with the whole cash."
    order = spelled(summary["sweep"]["objective"])
    which = (
        "the median (of an even number, the worse of the middle two)" if found["across"] == "median" else "the worst"
    )
    return (
        f"Each trial traded each market alone with the whole cash. It was judged on the market whose {order} is {which}. Of "
        f"the best that is {found['counted']}. Its days decide the verdict. A day on which it is not there returns nothing."
    )
