"""How a choice moved: for each parameter, the value that each window chose."""

from collections.abc import Sequence
from typing import Any

from runs.reports.figures.drawing import drawing, line, path, words
from runs.reports.numbers import setting

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
        heights = {value: top + _LINE * (index + 0.5) for index, value in enumerate(ladder)}
        parts += [line(_LEFT, y, width - 20, y, "grid") for y in heights.values()]
        parts += [words(_LEFT - 8, y + 4, _named(label, value, ladder), "end") for value, y in heights.items()]
        points = [(_LEFT + _COLUMN * (number + side), heights[v]) for number, v in enumerate(values) for side in (0, 1)]
        parts.append(path(points, "curve", "stroke:var(--accent)", f"{label}, window by window"))
        top += _LINE * len(ladder) + _SPACE
    parts += [words(_LEFT + _COLUMN * (number + 0.5), top - 6, f"{number + 1}") for number in range(len(chosen))]
    return drawing(width, top + 8, "the chosen value of each parameter, window by window", parts)


def _named(label: str, value: Any, ladder: Sequence[Any]) -> str:
    return f"{label} = {setting(value)}" if value == ladder[0] else setting(value)


def _order(value: Any) -> tuple[int, float, str]:
    """Numbers by size, all else by its text."""
    return (0, float(value), "") if isinstance(value, (int, float)) else (1, 0.0, str(value))
