"""What was promised and what was kept: each window's objective in its train window, and in its test window."""

from collections.abc import Sequence

from runs.reports.figures.drawing import axes, drawing, line, path
from runs.reports.figures.scale import scale_over, short

_WIDTH, _HEIGHT = 620, 420


def promises_figure(points: Sequence[tuple[int, float, float]], objective: str) -> str:
    """Return the figure, with a dashed line where the test keeps what the train promised; empty without a point.

    Parameters
    ----------
    points
        (n, 3) window's number, objective in train, objective in test.
    objective
        Its name.
    """
    if not points:
        return ""
    across = scale_over([point[1] for point in points] + [0.0], 60, _WIDTH - 20)
    up = scale_over([point[2] for point in points] + [0.0], _HEIGHT - 50, 34)
    parts = axes(across, up, f"{objective} in the train window", "in the test window")
    parts += [line(across(0.0), up.start, across(0.0), up.end), line(across.start, up(0.0), across.end, up(0.0))]
    low, high = max(across.low, up.low), min(across.high, up.high)
    if low < high:
        parts.append(path([(across(low), up(low)), (across(high), up(high))], "mark", "fill:none", "kept in full"))
    for number, inside, outside in points:
        hint = f"window {number}: {short(inside)}, then {short(outside)}"
        parts.append(
            f"<circle cx='{across(inside)}' cy='{up(outside)}' r='4' class='dot'><title>{hint}</title></circle>"
        )
    return drawing(_WIDTH, _HEIGHT, "the objective in train windows and in the test windows after them", parts)
