"""Numbers on a page: few digits to read, and the exact value beneath, for programs and on hovering."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from runs.reports.page import escape


def quantity(value: float | None, kind: str = "plain") -> str:
    """Return a number as an element whose ``value`` is exact; a dash for none.

    Parameters
    ----------
    value
        The number.
    kind
        "plain" (four digits), or "share" (percent, for names that end in ``_fraction`` and probabilities).

    Examples
    --------
    >>> quantity(0.123456), quantity(0.0312, "share"), quantity(None)
    ("<data value='0.123456' title='0.123456'>0.1235</data>", "<data value='0.0312' title='0.0312'>3.1 %</data>", '-')
    """
    if value is None or not math.isfinite(value):
        return "-"
    exact = repr(value)
    return f"<data value='{exact}' title='{exact}'>{readable(value, kind)}</data>"


def readable(value: float, kind: str = "plain") -> str:
    """Return a number in few digits: whole numbers whole, others in four, shares in percent.

    Examples
    --------
    >>> readable(10000), readable(12345.678), readable(0.05, "share"), readable(12.5, "share")
    ('10000', '12346', '5.0 %', '1250 %')
    """
    if kind == "share":
        percent = 100.0 * value
        return f"{percent + 0.0:.0f} %" if abs(percent) >= 1000.0 else f"{percent + 0.0:.1f} %"
    if isinstance(value, int) or abs(value) >= 1e4:
        return f"{value:.0f}"
    return f"{value + 0.0:.4g}"


def setting(value: Any) -> str:
    """Return the value of a parameter as plain text: numbers in few digits.

    Examples
    --------
    >>> setting(0.0035565588), setting(True), setting((1.0, 2.5)), setting("usd")
    ('0.003557', 'True', '(1.0, 2.5)', 'usd')
    """
    return readable(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def kind_of(name: str) -> str:
    """Return how a metric is shown, by its name."""
    return "share" if name.endswith("_fraction") else "plain"


def spelled(name: str) -> str:
    """Return a metric's name in words, without the unit that the sign shows."""
    return name.removesuffix("_fraction").replace("_", " ")


def cells_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as `page.table` does, but of cells that are HTML already; titles are plain text."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"


def section(name: str, title: str, *parts: str) -> str:
    """Return a section of a page; name, title and parts are HTML of this project's making."""
    return f"<section id='{name}'><h2>{title}</h2>{''.join(parts)}</section>\n"


def shown(value: Any) -> str:
    """Return a parameter's value as plain text, as it was set; a dash for none."""
    return "-" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
