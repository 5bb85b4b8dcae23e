"""Points about zero: a trial's two halves of the days, a window's objective in train and in test."""

from collections.abc import Sequence

from runs.reports.figures.drawing import axes, drawing, line, path
from runs.reports.figures.scale import Scale, scale_over, short

_WIDTH, _HEIGHT = 620, 420


def scatter_figure(points: Sequence[Sequence[float]], chosen: int | None) -> str:
    """Return each trial's Sharpe ratio in the first half of the days and in the second; empty without a point.

    Parameters
    ----------
    points
        (n, 3) trial number, ratio in the first half, ratio in the second.
    chosen
        Number of the trial that was the best of the first half; marked.
    """
    if not points:
        return ""
    across, up = _scales(points)
    parts = _axes(across, up, "Sharpe ratio, first half of the days", "second half")
    for point in sorted(points, key=lambda point: point[0] == chosen):
        kind, size = ("chosen", 6) if point[0] == chosen else ("dot", 3)
        parts.append(_dot(across, up, point, f"trial {point[0]:g}", kind, size))
    return drawing(
        _WIDTH, _HEIGHT, "Sharpe ratios of the trials in the first and in the second half of the days", parts
    )


def promises_figure(points: Sequence[tuple[int, float, float]], objective: str) -> str:
    """Return each window's objective in train and in test, dashed where test keeps what train promised; empty without a point.

    Parameters
    ----------
    points
        (n, 3) window's number, objective in train, objective in test.
    objective
        Its name.
    """
    if not points:
        return ""
    across, up = _scales(points)
    parts = _axes(across, up, f"{objective} in the train window", "in the test window")
    low, high = max(across.low, up.low), min(across.high, up.high)
    if low < high:
        parts.append(path([(across(low), up(low)), (across(high), up(high))], "mark", "fill:none", "kept in full"))
    parts += [_dot(across, up, point, f"window {point[0]}", "dot", 4) for point in points]
    return drawing(_WIDTH, _HEIGHT, "the objective in train windows and in the test windows after them", parts)


def _scales(points: Sequence[Sequence[float]]) -> tuple[Scale, Scale]:
    """Return the horizontal and the vertical scale, zero on both."""
    across = scale_over([point[1] for point in points] + [0.0], 60, _WIDTH - 20)
    return across, scale_over([point[2] for point in points] + [0.0], _HEIGHT - 50, 34)


def _axes(across: Scale, up: Scale, below: str, beside: str) -> list[str]:
    zeros = [line(across(0.0), up.start, across(0.0), up.end), line(across.start, up(0.0), across.end, up(0.0))]
    return [*axes(across, up, below, beside), *zeros]


def _dot(across: Scale, up: Scale, point: Sequence[float], name: str, kind: str, size: int) -> str:
    hint = f"{name}: {short(point[1])}, then {short(point[2])}"
    return (
        f"<circle cx='{across(point[1])}' cy='{up(point[2])}' r='{size}' class='{kind}'><title>{hint}</title></circle>"
    )
