"""The first bar at which two runs part."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from runs.tracing.trace import Trace


@dataclass(frozen=True)
class Difference:
    """The first bar at which two runs part; `of_lines` says that it is an indicator's line that differs."""

    check: str
    bar: int
    time: str
    what: str
    ours: str
    theirs: str
    of_lines: bool = False

    def sentence(self) -> str:
        """Return the finding in one line."""
        return f"{self.check}: first differs at {self.where()}"

    def where(self) -> str:
        """Return bar, time, what differs, and the two values."""
        return f"bar {self.bar} ({self.time} UTC) in {self.what}: {self.ours} against {self.theirs}"


def first_difference(
    check: str, ours: Trace, theirs: Trace, bars: int, times: np.ndarray, conduct: bool = False
) -> Difference | None:
    """Return where two traces part within the first `bars` bars, or None; with `conduct` the indicators' lines do not count."""
    found: list[Difference] = []
    ends = [
        (len(run.values), run.error.kind) if run.error and len(run.values) < bars else None for run in (ours, theirs)
    ]
    if ends[0] != ends[1]:
        bar = min(end[0] for end in ends if end)
        met = [
            run.error.sentence if run.error and end and end[0] == bar else "no error"
            for run, end in zip((ours, theirs), ends, strict=True)
        ]
        found.append(Difference(check, bar, stamp(times, bar), "the strategy's own error", met[0], met[1]))
    count = min(len(ours.values), len(theirs.values), bars)
    width = 2 if conduct else min(ours.values.shape[1], theirs.values.shape[1])
    a, b = ours.values[:count, :width], theirs.values[:count, :width]
    differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if differs.any():
        bar = int(differs.any(axis=1).argmax())
        column = int(differs[bar].argmax())
        shown = (repr(float(a[bar, column])), repr(float(b[bar, column])))
        found.append(
            Difference(check, bar, stamp(times, bar), ours.names[column], shown[0], shown[1], of_lines=column > 1)
        )
    sent = [[order for order in run.orders if order[0] < bars] for run in (ours, theirs)]
    for one, other in zip(*sent, strict=False):
        if one != other:
            found.append(_order_difference(check, one, other, times))
            break
    else:
        if len(sent[0]) != len(sent[1]):
            longer = max(sent, key=len)[min(map(len, sent))]
            one, other = (longer, None) if len(sent[0]) > len(sent[1]) else (None, longer)
            found.append(_order_difference(check, one, other, times))
    return min(found, key=lambda difference: difference.bar, default=None)


def _order_difference(check: str, one: Any, other: Any, times: np.ndarray) -> Difference:
    bar = max(min(order[0] for order in (one, other) if order), 0)
    return Difference(check, bar, stamp(times, bar), "the orders sent", _order(one), _order(other))


def _order(order: Any) -> str:
    return "none" if order is None else f"{order[1]} {order[2]:+g} at {order[3]:g} (bar {order[0]})"


def stamp(times: np.ndarray, bar: int) -> str:
    """Return a bar's open, UTC, to the minute."""
    return str(np.datetime_as_string(times[min(bar, len(times) - 1)], unit="m"))
