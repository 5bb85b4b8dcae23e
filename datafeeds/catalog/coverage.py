"""Which times have been answered: half-open intervals of milliseconds, sorted, disjoint, not touching."""

Intervals = list[tuple[int, int]]
"""``[(start_ms, end_ms), ...]``, each with start < end."""


def union(intervals: Intervals) -> Intervals:
    """Return the times in any interval.

    Examples
    --------
    >>> union([(5, 9), (0, 3), (3, 4), (6, 7)])
    [(0, 4), (5, 9)]
    """
    joined: Intervals = []
    for start, end in sorted(pair for pair in intervals if pair[0] < pair[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def within(intervals: Intervals, start: int, end: int) -> Intervals:
    """Return the parts of intervals that lie in ``[start, end)``.

    Examples
    --------
    >>> within([(0, 4), (5, 9)], 2, 6)
    [(2, 4), (5, 6)]
    """
    cut = ((max(first, start), min(last, end)) for first, last in intervals)
    return [pair for pair in cut if pair[0] < pair[1]]


def outside(intervals: Intervals, start: int, end: int) -> Intervals:
    """Return the parts of ``[start, end)`` that lie in no interval.

    Examples
    --------
    >>> outside([(2, 4), (5, 9)], 0, 12)
    [(0, 2), (4, 5), (9, 12)]
    """
    gaps, at = [], start
    for first, last in within(union(intervals), start, end):
        if at < first:
            gaps.append((at, first))
        at = last
    if at < end:
        gaps.append((at, end))
    return gaps
