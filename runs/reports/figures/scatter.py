"""In and out of sample: each trial's Sharpe ratio in the first half of the days, and in the second."""

from collections.abc import Sequence

from runs.reports.figures.drawing import axes, drawing, line
from runs.reports.figures.scale import scale_over, short

_WIDTH, _HEIGHT = 620, 420


def scatter_figure(points: Sequence[Sequence[float]], chosen: int | None) -> str:
    """Return the figure.

    Parameters
    ----------
    points
        (n, 3) trial number, ratio in the first half, ratio in the second.
    chosen
        Number of the trial that was the best of the first half; marked.
    """
    if not points:
        return ""
    across = scale_over([point[1] for point in points] + [0.0], 60, _WIDTH - 20)
    up = scale_over([point[2] for point in points] + [0.0], _HEIGHT - 50, 34)
    parts = axes(across, up, "Sharpe ratio, first half of the days", "second half")
    parts += [line(across(0.0), up.start, across(0.0), up.end), line(across.start, up(0.0), across.end, up(0.0))]
    ordered = sorted(points, key=lambda point: point[0] == chosen)
    for number, first, second in ordered:
        kind, size = ("chosen", 6) if number == chosen else ("dot", 3)
        hint = f"trial {number:g}: {short(first)}, then {short(second)}"
        parts.append(
            f"<circle cx='{across(first)}' cy='{up(second)}' r='{size}' class='{kind}'><title>{hint}</title></circle>"
        )
    return drawing(
        _WIDTH, _HEIGHT, "Sharpe ratios of the trials in the first and in the second half of the days", parts
    )
