"""The pieces that all figures are made of; text from outside is escaped here."""

from collections.abc import Sequence

from runs.reports.figures.scale import Scale, short
from runs.reports.page import escape


def drawing(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """Return a figure as SVG that scrolls sideways on a small screen.

    Parameters
    ----------
    width, height
        In CSS pixels.
    label
        What it shows, for readers who do not see it.
    parts
        SVG of this project's making.
    """
    return (
        f"<div class='wide'><svg width='{width}' height='{height}' viewBox='0 0 {width} {height}' role='img' "
        f"aria-label='{escape(label)}'>{''.join(parts)}</svg></div>"
    )


def words(x: float, y: float, text: str, anchor: str = "middle", style: str = "") -> str:
    """Return plain text at a place; `anchor` is start, middle or end."""
    return f"<text x='{x:g}' y='{y:g}' text-anchor='{anchor}'{_attribute(style)}>{escape(text)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> str:
    """Return a straight line of a kind that `FIGURE_STYLE` knows."""
    return f"<line x1='{x1:g}' y1='{y1:g}' x2='{x2:g}' y2='{y2:g}' class='{kind}'/>"


def path(points: Sequence[tuple[float, float]], kind: str, style: str = "", hint: str = "") -> str:
    """Return a broken line through points, with a hint on hovering."""
    coordinates = " ".join(f"{x:g},{y:g}" for x, y in points)
    title = f"<title>{escape(hint)}</title>" if hint else ""
    return f"<polyline points='{coordinates}' class='{kind}'{_attribute(style)}>{title}</polyline>"


def axes(across: Scale, up: Scale, across_title: str, up_title: str) -> list[str]:
    """Return both axes with round values, light lines across, and titles."""
    parts = []
    for value in across.ticks():
        parts.append(line(across(value), up.start, across(value), up.end, "grid"))
        parts.append(words(across(value), up.start + 16, short(value)))
    for value in up.ticks():
        parts.append(line(across.start, up(value), across.end, up(value), "grid"))
        parts.append(words(across.start - 6, up(value) + 4, short(value), "end"))
    middle = 0.5 * (across.start + across.end)
    parts.append(words(middle, up.start + 36, across_title))
    parts.append(words(across.start, up.end - 10, up_title, "start"))
    return parts


def _attribute(style: str) -> str:
    return f" style='{style}'" if style else ""


FIGURE_STYLE = """
.wide svg{max-width:none;display:block}svg text{font:12px system-ui,sans-serif}
.grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--faint);stroke-width:1}
.mark{stroke:var(--bad);stroke-width:2;stroke-dasharray:5 3}
.hope{stroke:var(--none);stroke-width:2;stroke-dasharray:2 3}
.thin{fill:none;stroke-width:1;opacity:.45}.curve{fill:none;stroke-width:2}.best{fill:none;stroke:var(--bad);stroke-width:3}
.bar{fill:var(--accent);opacity:.75}.dot{fill:var(--accent);opacity:.55}.chosen{fill:var(--bad);stroke:var(--ground)}
.noise{fill:none;stroke:var(--none);stroke-width:2}
"""
