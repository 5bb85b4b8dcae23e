"""How a choice moved: for each parameter, the value that each window chose."""

from collections.abc import Sequence
from typing import Any

from runs.reports.figures.drawing import drawing, line, path, words

_LEFT, _COLUMN, _LINE, _SPACE, _TOP = 220, 46, 18, 30, 12


def choices_figure(labels: Sequence[str], chosen: Sequence[dict[str, Any]]) -> str:
    """Return the figure.

    Parameters
    ----------
    labels
        Names of the parameters.
    chosen
        For each window, in time, the value of each parameter by its name; each distinct value gets a line, the largest on top.
    """
    parts: list[str] = []
    top, width = _TOP, _LEFT + _COLUMN * len(chosen) + 20
    for label in labels:
        values = [row[label] for row in chosen]
        ladder = sorted(set(values), key=_order, reverse=True)
        for place, value in enumerate(ladder):
            y = top + _LINE * (place + 0.5)
            parts.append(line(_LEFT, y, width - 20, y, "grid"))
            parts.append(words(_LEFT - 8, y + 4, f"{label} = {value}" if place == 0 else f"{value}", "end"))
        heights = [top + _LINE * (ladder.index(value) + 0.5) for value in values]
        points = [(_LEFT + _COLUMN * (number + side), y) for number, y in enumerate(heights) for side in (0, 1)]
        parts.append(path(points, "curve", "stroke:var(--accent)", f"{label}, window by window"))
        top += _LINE * len(ladder) + _SPACE
    for number in range(len(chosen)):
        parts.append(words(_LEFT + _COLUMN * (number + 0.5), top - 6, f"{number + 1}"))
    return drawing(width, top + 8, "the chosen value of each parameter, window by window", parts)


def _order(value: Any) -> tuple[int, float, str]:
    """Numbers by size, all else by its text."""
    return (0, float(value), "") if isinstance(value, (int, float)) else (1, 0.0, str(value))
