"""The map of open positions by liquidation price: an array a side and half-life, in shares of all positions.

Longs are read in mirrored log price (`kernel`), so mass lies beyond the close on both sides and every verb here serves
both. A bin holds its mass evenly; of the bin in which the close lies only the part beyond the close holds any, so that
nothing jumps when a price crosses an edge. Mass is kept in a growing unit: letting all of it decay is one multiplication.

What opens is laid at once near the close alone, where it is read. Further out entries wait, summed by entry price, until the
price comes near (`settle`): laying a hundred bars at once costs a quarter of laying each.

A map is a share by construction: after some half-lives a side adds up to the share of positions that can be liquidated
in reach, less what was swept. Coins are shares times the open interest at the moment of reading.
"""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free, inlined_loop
from indicators.liquidation.kernel import LONG, MAX_DISTANCE, SHORT, Kernel

SLACK = 0.5
"""Room beyond `MAX_DISTANCE`, so that the columns move only after the price has moved this far (log price)."""

AHEAD = 0.1
"""How far the price moves, log price, before entries are laid behind what is read; flat from .1 on (hourly BTC)."""

BEFORE = 5
"""Empty columns that a reading has before the close's bin, so that smoothing needs no ends; behind it there are `BEHIND`."""

BEHIND = 4

_LARGEST_UNIT = 1e9  # beyond it the unit is multiplied out, long before digits are lost
_DUST = 1e-200  # mass below this is nothing; kept, it would decay into denormal numbers, which are slow


class PositionMap(NamedTuple):
    """The state of the map; arrays that the verbs change in place.

    Attributes
    ----------
    mass
        (2, half-lives, columns) share of all positions in each bin times `unit`; behind `laid` without what waits.
    base
        (2,) bin of column 0 by side, in the side's own log price.
    unit
        (half-lives,) the unit in which mass is kept.
    laid
        (2,) bin by side, in the side's own log price, from which on entries wait.
    waiting
        (half-lives, columns) share of all positions that waits, by entry price, times `unit`.
    first
        (1,) bin of column 0 of `waiting`.
    """

    mass: np.ndarray
    base: np.ndarray
    unit: np.ndarray
    laid: np.ndarray
    waiting: np.ndarray
    first: np.ndarray


def empty_map(bin_width: float, half_lives: int) -> PositionMap:
    """Return a map without a position."""
    columns = math.ceil(MAX_DISTANCE / bin_width) + math.ceil(SLACK / bin_width)
    return PositionMap(
        mass=np.zeros((2, half_lives, columns)),
        base=np.zeros(2, dtype=np.int64),
        unit=np.ones(half_lives),
        laid=np.full(2, np.iinfo(np.int64).max // 2),  # nothing waits before the first `settle`
        waiting=np.zeros((half_lives, columns)),
        first=np.zeros(1, dtype=np.int64),
    )


@inlined_loop
def sweep(positions: PositionMap, side: int, start: float, end: float) -> tuple[float, float]:
    """Take away what lies between the last close and a bar's adverse extreme.

    Parameters
    ----------
    start, end
        Last close and extreme in the side's own bins; nothing is swept unless the extreme lies beyond.

    Returns
    -------
    swept, centre
        Share of all positions, and its mean position in bins (NaN where nothing was swept).
    """
    swept, moment, first_bin, last_bin = 0.0, 0.0, math.floor(start), math.floor(end)
    if end > start:
        columns = positions.mass.shape[2]
        first, last = first_bin - positions.base[side], min(last_bin - positions.base[side], columns)
        near = max(start, float(last_bin))
        reached = (end - near) / (last_bin + 1 - near)
        for age in range(len(positions.unit)):
            total, leaning = 0.0, 0.0
            for column in range(first, last):
                value = positions.mass[side, age, column]
                total += value
                leaning += value * (column + 0.5)
                positions.mass[side, age, column] = 0.0
            if last < columns:
                value = positions.mass[side, age, last] * reached
                positions.mass[side, age, last] -= value
                total += value
                leaning += value * (0.5 * (near + end) - positions.base[side])
            swept += total / positions.unit[age]
            moment += leaning / positions.unit[age]
    return swept, positions.base[side] + moment / swept if swept > 0.0 else math.nan


@inlined_loop
def decay(positions: PositionMap, ages: np.ndarray) -> None:
    """Let a bar's share of all positions close: ``M <- g M``, g = 2 ** (-bar / half-life)."""
    for age in range(len(ages)):
        positions.unit[age] *= ages[age].growth
        if positions.unit[age] > _LARGEST_UNIT:
            for column in range(positions.mass.shape[2]):
                positions.waiting[age, column] /= positions.unit[age]
                for side in range(2):
                    value = positions.mass[side, age, column] / positions.unit[age]
                    positions.mass[side, age, column] = value if value > _DUST else 0.0
            positions.unit[age] = 1.0


@inlined_loop
def place(positions: PositionMap, side: int, close: float, reach: int, begin: bool) -> None:
    """Make sure that the columns hold `reach` bins beyond the close; `begin` places them for the first time.

    Notes
    -----
    Columns move only when the close nears an edge, so the cost of a move is spread over many bars. What falls off lies
    further than `reach` from the close.
    """
    columns, close_bin = positions.mass.shape[2], math.floor(close)
    column, room = close_bin - positions.base[side], columns - reach
    if begin:
        positions.base[side] = close_bin - room // 2
    elif column < 0 or column >= room:
        by = column - room // 2
        positions.base[side] += by
        for age in range(len(positions.unit)):
            for step in range(columns):
                # Ascending where columns move down and descending where they move up: none is overwritten unread.
                target = step if by > 0 else columns - 1 - step
                source = target + by
                inside = 0 <= source < columns
                positions.mass[side, age, target] = positions.mass[side, age, source] if inside else 0.0


@inlined_loop
def _entries(kernel: Kernel, low: float, high: float, close: float) -> tuple[float, float]:
    """Return the range of a bar's entries: at least one bin, and of a wider bar than the kernel holds the part near the close."""
    half = 0.5 * kernel.margin - 2.0
    low, high = max(low, close - half), min(high, close + half)
    widen = 0.5 * max(1.0 - (high - low), 0.0)
    return low - widen, high + widen


@inlined_loop
def wait(
    positions: PositionMap, kernel: Kernel, age: int, opened: float, low: float, high: float, close: float
) -> None:
    """Let newly opened positions wait where `deposit` does not lay them; arguments as there, in the bins of shorts."""
    low, high = _entries(kernel, low, high, close)
    weight = opened * positions.unit[age] / (high - low)
    for place in range(math.floor(low), math.floor(high) + 1):
        positions.waiting[age, place - positions.first[0]] += weight * (min(high, place + 1.0) - max(low, float(place)))


@allocation_free
def settle(positions: PositionMap, kernel: Kernel, close: float, ahead: int) -> None:
    """Lay all that waits, and let what opens from now on be laid at once for `ahead` bins beyond the close.

    Parameters
    ----------
    close
        The close in the bins of shorts; entries until the next time lie within half the columns of it.
    """
    columns = positions.mass.shape[2]
    for side in range(2):
        sign = -1.0 if side == LONG else 1.0
        begin = max(positions.laid[side] - positions.base[side], 0)
        positions.laid[side] = math.floor(sign * close) + ahead
        for age in range(len(positions.unit)):
            for entry in range(columns):
                share, place = positions.waiting[age, entry], positions.first[0] + entry
                if share > 0.0:
                    # Evenly spread over the bin [e, e + 1], it puts H(n - e) - H(n - e - 1) into bin n.
                    e = place if side == SHORT else -1 - place
                    end = min(e - positions.base[side] + kernel.reach + 2, columns)
                    before = kernel.margin + positions.base[side] - e - 1
                    for column in range(np.uintp(begin), np.uintp(max(end, begin))):
                        positions.mass[side, age, column] += share * kernel.slope[side, np.uintp(before) + column]
    for age in range(len(positions.unit)):
        for entry in range(columns):
            positions.waiting[age, entry] = 0.0
    positions.first[0] = math.floor(close) - columns // 2


@inlined_loop
def deposit(
    positions: PositionMap, kernel: Kernel, side: int, age: int, opened: float, low: float, high: float, close: float
) -> None:
    """Lay newly opened positions at their liquidation prices up to `laid`, entries spread evenly over a range (*assumption*).

    Parameters
    ----------
    kernel
        From `build_kernel`.
    opened
        Share of all positions that opens.
    low, high, close
        Nearest and furthest entry and the close, in the side's own bins, close within the range.

    Notes
    -----
    ``o (H(n - low) - H(n - high)) / (high - low)`` in bin n, H linear between integers and the range at least one bin.
    What lies on the wrong side of the close did not live to see it.
    """
    close_bin = math.floor(close)
    low, high = _entries(kernel, low, high, close)
    low_bin, high_bin = math.floor(low), math.floor(high)
    upper, lower = low - low_bin, high - high_bin
    unit = opened * positions.unit[age] / (high - low)
    # Unsigned indices: a signed one is checked for wrapping round at each access, which keeps the loop from being vectorised.
    first = np.uintp(close_bin - positions.base[side])
    near, far = np.uintp(kernel.margin + close_bin - low_bin - 1), np.uintp(kernel.margin + close_bin - high_bin - 1)
    reached = min(high_bin + kernel.reach + 2, positions.laid[side]) - close_bin
    count = np.uintp(min(positions.mass.shape[2] - first, max(reached, 0)))
    kept = positions.mass[side, age, first]
    for step in range(count):
        # Written so that where the kernel is flat just nothing is laid, not rounding.
        nearer, ahead = kernel.running[side, near + step], kernel.running[side, near + step + np.uintp(1)]
        further, behind = kernel.running[side, far + step], kernel.running[side, far + step + np.uintp(1)]
        share = (ahead - upper * (ahead - nearer)) - (behind - lower * (behind - further))
        positions.mass[side, age, first + step] += unit * share
    beyond = close_bin + 1 - close
    positions.mass[side, age, first] = kept + beyond * (positions.mass[side, age, first] - kept)


@inlined_loop
def read(positions: PositionMap, side: int, close: float, density: np.ndarray) -> None:
    """Write one side's shares outward from the close: column `BEFORE` + k of (2, n) `density` receives the k-th bin."""
    first = np.uintp(math.floor(close) - positions.base[side])
    bins = np.uintp(density.shape[1] - BEFORE)
    for age in range(len(positions.unit)):
        factor = 1.0 / positions.unit[age]
        for step in range(bins):
            value = factor * positions.mass[side, age, first + step]
            density[side, np.uintp(BEFORE) + step] = value + (
                density[side, np.uintp(BEFORE) + step] if age > 0 else 0.0
            )


@inlined_loop
def _whole_bins(density: np.ndarray, side: int, first: int, last: int) -> tuple[float, float]:
    """Return mass and first moment of the bins `first` .. `last` - 1, in four sums: so no result hangs on the vector's width."""
    one, two, three, four, leaning, offset, column = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, np.uintp(BEFORE + first)
    for _ in range(np.uintp((last - first) // 4)):
        a, b = density[side, column], density[side, column + np.uintp(1)]
        c, d = density[side, column + np.uintp(2)], density[side, column + np.uintp(3)]
        one += a
        two += b
        three += c
        four += d
        leaning += offset * ((a + b) + (c + d)) + (b + 2.0 * c + 3.0 * d)
        offset += 4.0
        column += np.uintp(4)
    for _ in range(np.uintp((last - first) % 4)):
        one += density[side, column]
        leaning += offset * density[side, column]
        offset += 1.0
        column += np.uintp(1)
    total = (one + two) + (three + four)
    return total, leaning + (first + 0.5) * total


@allocation_free
def mass_between(density: np.ndarray, side: int, start: float, low: float, high: float) -> tuple[float, float]:
    """Return the mass of a reading between two positions, and its first moment.

    Parameters
    ----------
    density
        (2, n) as `read` leaves it.
    start
        The close's place within its bin (0 .. 1): the bin's mass lies between there and 1.
    low, high
        Bins outward from the edge of the close's bin, by fraction.
    """
    low, high = max(low, start), min(high, float(density.shape[1] - BEFORE))
    if not high > low:
        return 0.0, 0.0
    first, last = int(low), int(high)
    room = first + 1 - max(float(first), start)
    if first == last:
        mass = density[side, BEFORE + first] * (high - low) / room
        return mass, mass * 0.5 * (low + high)
    mass = density[side, BEFORE + first] * (first + 1 - low) / room
    moment = mass * 0.5 * (low + first + 1)
    whole, leaning = _whole_bins(density, side, first + 1, last)
    if high > last:
        value = density[side, BEFORE + last] * (high - last)
        whole += value
        leaning += value * 0.5 * (last + high)
    return mass + whole, moment + leaning
