"""Stamps a moment off their bars' grid: ends written as 23:59:59.999, and opens that jitter by milliseconds."""

import numpy as np

from datafeeds.errors import MarketError

_DAY = 86_400_000_000_000
_SECOND = 1_000_000_000
_LONGEST = 60 * _SECOND
"""*Assumption*: an end is written a minute before the next open at most (23:59)."""


def bar_length(stamps: np.ndarray) -> int:
    """Return the median step of stamps (n,), nanoseconds, to the second."""
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
    return round(step / _SECOND) * _SECOND


def onto_grid(stamps: np.ndarray, name: str, closes: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return stamps (n,) moved onto the grid of UTC, and which of them moved.

    Parameters
    ----------
    stamps
        (n,) int64, nanoseconds since 1970.
    name
        What messages call the market.
    closes
        Whether they are their bars' closes: an end up to a minute (a sixtieth of a bar) before the grid goes to it. Opens are
        moved by less than a second.

    Raises
    ------
    MarketError
        If opens end just before the grid: as they stand, every bar would be known one bar too early.
    """
    step = bar_length(stamps)
    grid = min(step, _DAY)
    if grid <= 0 or _DAY % grid:
        return stamps, np.zeros(len(stamps), dtype=bool)
    off = (stamps + grid // 2) % grid - grid // 2
    near = (off != 0) & (off >= -min(_LONGEST, grid // 60)) & (off <= min(_SECOND, grid // 60))
    early = near & (off < 0)
    if not closes:
        if early.mean() > 0.5:
            last = np.datetime_as_string(stamps[early][0].astype("datetime64[ns]"), unit="ms").replace("T", " ")
            raise MarketError(
                f"{name}: times such as {last} are the ends of bars, not their opens; take the column of opens, or map the file "
                'with [time] label = "close"'
            )
        near &= off > -_SECOND
    return np.where(near, stamps - off, stamps), near
