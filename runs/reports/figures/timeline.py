"""Curves through time, as wide as the page: the lines stretch, and the words beside them do not."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from runs.reports.figures.scale import Scale, scale_over, short
from runs.reports.figures.thinning import largest_triangles
from runs.reports.page import escape

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

POINTS = (600, 300, 300, 300)
"""Points of each curve after thinning, the first the most: 1,500 in all, and a page of 1,152 pixels shows no difference."""

LOG_RATIO = 5.0
"""Where the highest value is so many times the lowest, equal steps up the page are equal ratios."""

_SIZE = 1000.0
_MOST_DATES = 5


@dataclass(frozen=True)
class Curve:
    """A line of a figure.

    Attributes
    ----------
    name
        Plain text.
    times
        (n,) datetime64, ascending.
    values
        (n,) finite.
    """

    name: str
    times: np.ndarray
    values: np.ndarray


def timeline_figure(
    name: str, curves: Sequence[Curve], said: str, shape: Callable[[float], str] = short, log: bool = False
) -> str:
    """Return a figure of up to four curves, as HTML.

    Parameters
    ----------
    name
        Its id on the page.
    curves
        What is drawn; the first lies on top.
    said
        What the figure shows, in words.
    shape
        How a value beside the axis is written.
    log
        Whether its scale may be logarithmic; it is, if all values are positive and the highest is `LOG_RATIO` times the lowest.
    """
    first = min(curve.times[0] for curve in curves).astype("datetime64[s]")
    last = max(curve.times[-1] for curve in curves).astype("datetime64[s]")
    across = scale_over([float(first.astype(int)), float(last.astype(int))], 0.0, _SIZE, 0.0)
    thinned = [_thinned(curve, points) for curve, points in zip(curves, POINTS, strict=False)]
    values = [float(value) for _, kept in thinned for value in kept]
    log = log and min(values) > 0.0 and max(values) > LOG_RATIO * min(values)
    place: Callable[[float], float] = math.log10 if log else float
    up = scale_over([place(value) for value in values], _SIZE, 0.0)
    heights = [(value, up(place(value))) for value in (_round_ratios(up) if log else up.ticks())]
    dates = [(text, across(second)) for second, text in _dates(first, last)]
    grid = [f"<path d='M0 {y:g}H1000' class='grid'/>" for _, y in heights]
    grid += [f"<path d='M{x:g} 0V1000' class='grid'/>" for _, x in dates]
    lines = [_line(i, across, up, place, *each) for i, each in enumerate(thinned)]
    labels = [f"<span class='up' style='top:{y / 10:.2f}%'>{escape(shape(value))}</span>" for value, y in heights]
    labels += [f"<span class='along' style='left:{x / 10:.2f}%'>{text}</span>" for text, x in dates]
    keys = "".join(f"<span><i class='c{i}'></i>{escape(curve.name)}</span>" for i, curve in enumerate(curves))
    scale = ", log scale" if log else ""
    return (
        f"<figure id='{name}'><figcaption><b>{escape(said)}{scale}</b>{keys}</figcaption><div class='chart'>"
        f"<svg viewBox='0 0 1000 1000' preserveAspectRatio='none' role='img' aria-label='{escape(said)}'>"
        f"{''.join(grid)}{''.join(reversed(lines))}</svg>{''.join(labels)}</div></figure>"
    )


def _thinned(curve: Curve, points: int) -> tuple[np.ndarray, np.ndarray]:
    seconds = curve.times.astype("datetime64[s]").astype(np.int64).astype(np.float64)
    values = np.ascontiguousarray(curve.values, dtype=np.float64)
    kept = largest_triangles(seconds, values, points)
    return seconds[kept], values[kept]


def _line(
    index: int, across: Scale, up: Scale, place: Callable[[float], float], seconds: np.ndarray, values: np.ndarray
) -> str:
    ends = zip(seconds.tolist(), values.tolist(), strict=True)
    points = " ".join(f"{across(x):g},{up(place(y)):g}" for x, y in ends)
    return f"<polyline points='{points}' class='line c{index}'/>"


def _round_ratios(up: Scale) -> list[float]:
    """Return round values within the ends of a scale of logarithms: 1, 2 and 5 times powers of ten; powers alone if many."""
    powers = range(math.floor(up.low), math.ceil(up.high) + 1)
    for factors in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [factor * 10.0**power for power in powers for factor in factors]
        inside = [value for value in found if up.low <= math.log10(value) <= up.high]
        if len(inside) <= 7:
            break
    return inside


def _dates(first: np.datetime64, last: np.datetime64) -> list[tuple[float, str]]:
    """Return few round dates between two times, as seconds since 1970 and as text; none near the ends, where they would be cut."""
    span = float((last - first).astype(int))
    for unit, steps in (("h", (1, 3, 6, 12)), ("D", (1, 2, 7, 14)), ("M", (1, 2, 3, 6)), ("Y", (1, 2, 5, 10))):
        low, high = (int(time.astype(f"datetime64[{unit}]").astype(int)) for time in (first, last))
        for step in steps:
            counts = range(-(-low // step) * step, high + 1, step)
            if len(counts) > _MOST_DATES + 1:
                continue
            found = np.array(counts, np.int64).astype(f"datetime64[{unit}]")
            inside = [
                time
                for time in found
                if 0.05 * span <= float((time - first).astype("m8[s]").astype(int)) <= 0.95 * span
            ]
            if len(inside) <= _MOST_DATES:
                return [(float(time.astype("datetime64[s]").astype(int)), _date_text(time, unit)) for time in inside]
    return []


def _date_text(time: np.datetime64, unit: str) -> str:
    text = str(time)
    if unit == "Y":
        return text
    month = MONTHS[int(text[5:7]) - 1]
    if unit == "M":
        return f"{month} {text[:4]}"
    day = f"{int(text[8:10])} {month}"
    return day if unit == "D" else f"{day} {text[11:13]}:00"


TIMELINE_STYLE = """
figure{margin:.5rem 0}figcaption{font-size:.8rem;display:flex;flex-wrap:wrap;gap:.1rem .9rem}figcaption b{font-weight:600}
figcaption i{display:inline-block;width:1.7rem;border-top:2px solid;margin-right:.35rem;vertical-align:middle}
.chart{position:relative;height:340px;margin:.6rem .3rem 1.7rem 3.4rem}
.chart svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}.chart svg *{vector-effect:non-scaling-stroke}
.chart span{position:absolute;font-size:.75rem;white-space:nowrap;color:var(--faint);font-variant-numeric:tabular-nums}
.up{right:100%;transform:translateY(-50%);padding-right:.4rem}.along{top:100%;transform:translateX(-50%);padding-top:.2rem}
.chart .grid{stroke:var(--line);stroke-width:1;fill:none}.line{fill:none;stroke-width:1.5;stroke-linejoin:round}
.line.c0{stroke:var(--accent);stroke-width:2.2}.line.c1{stroke:var(--none);stroke-dasharray:7 3}
.line.c2{stroke:var(--long);stroke-dasharray:2 3}.line.c3{stroke:var(--faint)}
i.c0{border-color:var(--accent);border-top-width:3px}i.c1{border-color:var(--none);border-top-style:dashed}
i.c2{border-color:var(--long);border-top-style:dotted}i.c3{border-color:var(--faint)}
@media(max-width:700px){.chart{height:230px;margin-left:2.9rem}}
"""
"""Lines differ in dashes and width as well as in hue, for colour-blind readers."""
