"""Which of two levels a close passes first, and what was earned until then: bets whose value a fair game fixes beforehand."""

import numpy as np

from indicators.liquidation.compiled import allocation_free


@allocation_free
def first_exit(closes: np.ndarray, start: int, distance: float, limit: int) -> int:
    """Return the bar at which closes leave a band around where they started.

    Parameters
    ----------
    closes
        (n,) quote per base.
    start
        Bar before the last; the band lies around its close.
    distance
        Half the width of the band, fraction of that close.
    limit
        Bars (>= 1) after which an exit counts as one wherever price is.

    Returns
    -------
    int
        The first bar after the start with ``|C / C_start - 1| >= distance``, but no later than the limit and the last bar: a
        bounded stopping time, which no later close enters.
    """
    last = min(start + limit, len(closes) - 1)
    for bar in range(start + 1, last):
        if abs(closes[bar] / closes[start] - 1.0) >= distance:
            return bar
    return last


@allocation_free
def fill_exits(closes: np.ndarray, starts: np.ndarray, distances: np.ndarray, limit: int, ends: np.ndarray) -> None:
    """Write the `first_exit` of each of (m,) starts and distances into `ends` (m,)."""
    for row in range(len(starts)):
        ends[row] = first_exit(closes, starts[row], distances[row], limit)


def first_exits(closes: np.ndarray, starts: np.ndarray, distances: np.ndarray, limit: int) -> np.ndarray:
    """Return the `first_exit` of each of (m,) starts and distances, (m,)."""
    ends = np.empty(len(starts), dtype=np.int64)
    fill_exits(np.ascontiguousarray(closes), starts, distances, limit, ends)
    return ends


def outcomes(
    closes: np.ndarray, starts: np.ndarray, ends: np.ndarray, directions: np.ndarray, distances: np.ndarray
) -> np.ndarray:
    """Return what a bet on a target against an equally far stop has earned, in distances between the two.

    Returns
    -------
    ndarray
        (m,) ``d (C_end / C_start - 1) / (a + b)`` with the target at a, the stop at b = a on the other side, and d = +1 for a
        target above, -1 for one below.

    Notes
    -----
    By optional stopping (Doob 1953) its mean is zero for every martingale, whatever its volatility and its jumps, where the
    bet ends at a bounded stopping time. Without overshoot and without a limit it is ``1[target first] - b / (a + b)``: the
    share of targets touched over the share b / (a + b) = 1/2 that a fair game touches. With closes beyond the levels it
    stays exact, which a count of touches does not.
    """
    return directions * (closes[ends] / closes[starts] - 1.0) / (2.0 * distances)
