"""Parallel coordinates: an axis for each parameter and one for the objective, a line for each trial."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from runs.reports.figures.colour import colour
from runs.reports.figures.drawing import drawing, line, path, words
from runs.reports.figures.scale import scale_over, short

_TOP, _BOTTOM, _LEFT, _GAP = 40.0, 300.0, 60.0, 130.0
_TEXTS = 12  # so many different texts get a label each
_WIDE = 50.0  # a range of positive values with a larger ratio is drawn by logarithms


def parallel_figure(names: Sequence[str], lines: Sequence[Sequence[Any]], less_is_better: bool) -> str:
    """Return the figure.

    Parameters
    ----------
    names
        Of the axes, the objective last.
    lines
        A row of values for each trial, the best trial first; it is drawn last and thick.
    less_is_better
        Whether a low objective is the better one; yellow is always the better end.
    """
    if not lines:
        return ""
    axes = [_axis([row[column] for row in lines]) for column in range(len(names))]
    parts = []
    for column, (name, (_, labels)) in enumerate(zip(names, axes, strict=True)):
        x = _LEFT + column * _GAP
        parts.append(line(x, _TOP, x, _BOTTOM))
        parts.append(words(x, 14 if column % 2 == 0 else 30, name))
        parts += [words(x + 5, y + 4, label, "start", "opacity:.85;font-size:11px") for y, label in labels]
    positions = [[position(row[column]) for column, (position, _) in enumerate(axes)] for row in lines]
    strokes = []
    for row, ends in reversed(list(zip(lines, positions, strict=True))):
        points = [(_LEFT + column * _GAP, y) for column, y in enumerate(ends)]
        share = (_BOTTOM - ends[-1]) / (_BOTTOM - _TOP)
        hint = (
            ", ".join(f"{name} {_text(value)}" for name, value in zip(names, row, strict=True))
            if row is lines[0]
            else ""
        )
        style = "" if row is lines[0] else f"stroke:{colour(1.0 - share if less_is_better else share)}"
        strokes.append(path(points, "best" if row is lines[0] else "thin", style, hint))
    width = int(2 * _LEFT + (len(names) - 1) * _GAP + 60)
    return drawing(width, int(_BOTTOM + 20), "parallel coordinates of the trials", [*strokes, *parts])


def _axis(values: list[Any]) -> tuple[Callable[[Any], float], list[tuple[float, str]]]:
    """Return the position of a value on an axis, and the labels beside it."""
    if any(isinstance(value, (str, bool)) or value is None for value in values):
        known = sorted({str(value) for value in values})
        scale = scale_over([0.0, float(max(len(known) - 1, 1))], _BOTTOM, _TOP, 0.0)
        positions = {text: scale(float(order)) for order, text in enumerate(known)}
        labels = [(positions[text], text[:18]) for text in known] if len(known) <= _TEXTS else []
        return (lambda value: positions[str(value)]), labels
    low, high = float(min(values)), float(max(values))
    if low > 0.0 and high / low > _WIDE:
        by_logarithm = scale_over([math.log(low), math.log(high)], _BOTTOM, _TOP, 0.0)
        middle = math.sqrt(low * high)
        return (lambda value: by_logarithm(math.log(value))), [
            (by_logarithm(math.log(value)), short(value)) for value in (low, middle, high)
        ]
    plain = scale_over([low, high], _BOTTOM, _TOP, 0.0)
    shown = (low, 0.5 * (low + high), high) if high > low else (low,)
    return (lambda value: plain(float(value))), [(plain(value), short(value)) for value in shown]


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else str(value)
