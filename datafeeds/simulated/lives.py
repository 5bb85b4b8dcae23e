"""When the markets of a simulated universe have bars: late listings, ends, and gaps."""

from typing import NamedTuple

import numpy as np

FEWEST_BARS = 48
"""Bars of a universe in which a listing, an end and a gap find room."""

_LAST_END = 0.9  # assumption: delistings come in the second half, and not in its last fifth
_FALL = (1.0, 3.0)  # assumption: who is delisted falls by a log of this, 63 to 95 %
_LONGEST_GAP = 24  # bars; assumption


class Life(NamedTuple):
    """When a market has bars.

    Attributes
    ----------
    begin, end
        Bars of the universe, ``begin <= bar < end``.
    fall
        Log by which it falls until its end; 0 for one that lives on.
    gap
        First bar without data, and how many there are.
    """

    begin: int
    end: int
    fall: float = 0.0
    gap: tuple[int, int] = (0, 0)


def lives(random: np.random.Generator, count: int, bars: int, late: float, delisted: float, gappy: float) -> list[Life]:
    """Return when each of `count` markets has bars, of as many as its shares say, rounded; the first has them all."""
    chosen = [
        set(random.permutation(np.arange(1, count))[: round(share * count)].tolist())
        for share in (late, delisted, gappy)
    ]
    half, last = bars // 2, int(_LAST_END * bars)
    draws = random.random((count, 5))
    planned = []
    for number, (first, end, fall, place, length) in enumerate(draws.tolist()):
        begin = 1 + int(first * (half - 1)) if number in chosen[0] else 0
        stop = half + 8 + int(end * (last - half - 8)) if number in chosen[1] else bars
        depth = _FALL[0] + fall * (_FALL[1] - _FALL[0]) if number in chosen[1] else 0.0
        room = min(_LONGEST_GAP, stop - begin - 6)
        lost = 1 + int(length * (room - 1)) if number in chosen[2] else 0
        gap = begin + 2 + int(place * (stop - begin - 4 - lost))
        planned.append(Life(begin, stop, depth, (gap, lost)))
    return planned
