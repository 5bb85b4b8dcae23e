"""The objective by the values of two parameters, as a table of coloured cells with a legend."""

import math
from typing import Any

from runs.reports.figures.colour import colour, ink_on
from runs.reports.figures.drawing import drawing, words
from runs.reports.figures.scale import short
from runs.reports.page import escape

_WIDTH, _HEIGHT, _TOP = 58, 26, 24


def surface_figure(surface: dict[str, Any], objective: str, less_is_better: bool) -> str:
    """Return the figure of one surface of a sweep's summary.

    Parameters
    ----------
    surface
        ``across``, ``down``, ``columns``, ``rows``, ``median``, ``mean``, ``counts``.
    objective
        Its name.
    less_is_better
        Then the colours run the other way: yellow is always the better end.
    """
    known = [value for row in surface["median"] for value in row if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    columns, rows = surface["columns"], surface["rows"]
    left = 14 + 7 * max(len(label) for label in (*rows, surface["down"][:24]))
    tilt = max(len(label) for label in columns) > 7
    bottom = _TOP + len(rows) * _HEIGHT
    parts = [words(left - 6, 14, surface["down"], "end")]
    for row, label in enumerate(rows):
        down = _TOP + (len(rows) - 1 - row) * _HEIGHT
        parts.append(words(left - 6, down + 17, label, "end"))
        parts += [
            _cell(surface, row, column, left + column * _WIDTH, down, (low, high), less_is_better)
            for column in range(len(columns))
        ]
    for column, label in enumerate(columns):
        x = left + (column + 0.5) * _WIDTH
        text = words(x, bottom + 16, label)
        parts.append(text.replace("<text ", f"<text transform='rotate(20 {x:g} {bottom + 10})' ", 1) if tilt else text)
    under = bottom + (40 if tilt else 18)
    parts.append(words(left, under + 16, surface["across"], "start"))
    parts += _legend(left, under + 26, low, high, less_is_better)
    legend_width = left + 330
    width = max(left + len(columns) * _WIDTH + (50 if tilt else 10), legend_width)
    label = f"median {objective} by {surface['across']}" + (f" and {surface['down']}" if surface["down"] else "")
    return drawing(width, under + 50, label, parts)


def _cell(
    surface: dict[str, Any], row: int, column: int, x: float, y: float, ends: tuple[float, float], less_is_better: bool
) -> str:
    value, count = surface["median"][row][column], surface["counts"][row][column]
    area = f"x='{x:g}' y='{y:g}' width='{_WIDTH - 1}' height='{_HEIGHT - 1}'"
    if value is None:
        return f"<rect {area} style='fill:var(--panel)'><title>not tried</title></rect>"
    share = _share(value, ends, less_is_better)
    names = f"{surface['across']} {surface['columns'][column]}"
    names += f", {surface['down']} {surface['rows'][row]}" if surface["down"] else ""
    hint = f"{names}: median {short(value)}, mean {short(surface['mean'][row][column])}, {count} trials"
    text = f"<text x='{x + _WIDTH / 2:g}' y='{y + 17:g}' text-anchor='middle' style='fill:{ink_on(share)}'>"
    return (
        f"<g><title>{escape(hint)}</title><rect {area} fill='{colour(share)}'/>{text}{_in_cell(value, ends)}</text></g>"
    )


def _in_cell(value: float, ends: tuple[float, float]) -> str:
    """Return a value to about a hundredth of the range, which is what the colours tell apart."""
    span = max(abs(ends[0]), abs(ends[1]))
    if not 1e-3 <= span < 1e4:
        return f"{value:.1e}"
    return f"{value + 0.0:.{min(max(2 - math.floor(math.log10(span)), 0), 4)}f}"


def _share(value: float, ends: tuple[float, float], less_is_better: bool) -> float:
    low, high = ends
    share = (value - low) / (high - low) if high > low else 0.5
    return 1.0 - share if less_is_better else share


def _legend(x: float, y: float, low: float, high: float, less_is_better: bool) -> list[str]:
    steps = 24
    parts = [
        f"<rect x='{x + 60 + step * 6:g}' y='{y:g}' width='6.5' height='12' fill='{colour(step / (steps - 1))}'/>"
        for step in range(steps)
    ]
    first, last = (high, low) if less_is_better else (low, high)
    return [
        *parts,
        words(x + 54, y + 11, short(first), "end"),
        words(x + 66 + steps * 6, y + 11, f"{short(last)} (better)", "start"),
    ]
