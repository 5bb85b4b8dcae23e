"""How the trials' Sharpe ratios are spread, against those of as many trials of noise."""

import itertools
from collections.abc import Sequence

from runs.reports.figures.drawing import axes, drawing, line, path, words
from runs.reports.figures.scale import scale_over, short

_WIDTH, _HEIGHT = 720, 360


def histogram_figure(
    edges: Sequence[float], counts: Sequence[int], noise: Sequence[float], marks: Sequence[tuple[str, float, str]]
) -> str:
    """Return the figure.

    Parameters
    ----------
    edges
        (n + 1,) of the bars.
    counts
        (n,) trials.
    noise
        (n,) what noise of the same spread around zero would give.
    marks
        Name, ratio and kind ("mark" or "hope") of the upright lines.
    """
    if not counts:
        return ""
    bounds = list(itertools.pairwise(edges))
    middles = [0.5 * (low + high) for low, high in bounds]
    across = scale_over([*edges, 0.0, *(ratio for _, ratio, _ in marks)], 60, _WIDTH - 20)
    up = scale_over([0.0, float(max(*counts, *noise)) * 1.3], _HEIGHT - 50, 34, 0.0)
    parts = axes(across, up, "annual Sharpe ratio", "trials")
    for (low, high), count in zip(bounds, counts, strict=True):
        width, top = max(across(high) - across(low) - 1.0, 0.5), up(float(count))
        parts.append(
            f"<rect x='{across(low):g}' y='{top:g}' width='{width:.1f}' height='{up.start - top:.1f}' class='bar'>"
            f"<title>{short(low)} .. {short(high)}: {count} trials</title></rect>"
        )
    if any(noise):
        parts.append(
            path(
                [(across(x), up(y)) for x, y in zip(middles, noise, strict=True)], "noise", hint="noise of this spread"
            )
        )
    for row, (name, ratio, kind) in enumerate(marks):
        side = "end" if across(ratio) > 0.6 * _WIDTH else "start"
        parts.append(line(across(ratio), up.start, across(ratio), up.end, kind))
        parts.append(
            words(across(ratio) + (-5 if side == "end" else 5), up.end + 12 + 15 * row, f"{name} {short(ratio)}", side)
        )
    return drawing(_WIDTH, _HEIGHT, "distribution of the trials' Sharpe ratios against noise", parts)
