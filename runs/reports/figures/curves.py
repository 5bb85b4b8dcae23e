"""What one unit became: the best trials against buy and hold."""

from typing import Any

from runs.reports.figures.drawing import axes, drawing, path, words
from runs.reports.figures.scale import scale_over, short

_WIDTH, _HEIGHT = 860, 360
_LETTER = 6.5  # width of one in a legend
_COLOURS = ("var(--bad)", "var(--accent)", "var(--good)", "var(--faint)")
_DASHES = ("none", "7 3", "2 3", "none")
"""The lines differ in dashes as well as in hue, for colour-blind readers; buy and hold is grey."""


def curves_figure(curves: dict[str, Any]) -> str:
    """Return the figure of a summary's ``curves``: ``lines`` of name, days since the first, and worth; buy and hold last."""
    lines = curves["lines"]
    across = scale_over([day for one in lines for day in one["days"]], 60, _WIDTH - 20, 0.0)
    up = scale_over([value for one in lines for value in one["worth"]], _HEIGHT - 70, 24)
    parts = axes(across, up, f"days from {curves['first_day']} to {curves['last_day']}", "worth of 1")
    x = 60.0
    for order, one in enumerate(lines):
        index = order if order < len(lines) - 1 else len(_COLOURS) - 1
        style = f"stroke:{_COLOURS[index]};stroke-dasharray:{_DASHES[index]}"
        points = [(across(day), up(value)) for day, value in zip(one["days"], one["worth"], strict=True)]
        told = f"{one['name']}: {short(one['worth'][-1])}"
        parts.append(path(points, "curve", style, told))
        parts.append(path([(x, _HEIGHT - 16), (x + 34, _HEIGHT - 16)], "curve", style))
        parts.append(words(x + 40, _HEIGHT - 12, told, "start"))
        x += 60 + _LETTER * len(told)
    return drawing(_WIDTH, _HEIGHT, "equity of the best trials and of buy and hold", parts)
