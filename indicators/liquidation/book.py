"""The book: open size by side, stratum and liquidation price. Five verbs move it through a bar.

A stratum is one leverage in one population of traders (`parameters.POPULATIONS`). ``mass[side, stratum, column]`` is at *unit
weight*: the map there would be if every position were of that stratum. How much of each there is (`calibration`) is not the
book's business: its users hand in the shares, and mix when they read. Mass is multiplied by a lazy factor `scale`, because
traders closing a part of everything is one multiplication. Longs lie strictly below the last close, shorts strictly above.
Sizes are contracts (base coin), never USD.

The arrays are changed in place by plain loops: they compile several times faster than array expressions, and as well.
"""

from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.grid import LONG, SHORT, Grid
from indicators.liquidation.parameters import HOLDERS, MAX_STRATA, POPULATIONS, TRADERS

_BY_STRATUM = (np.float64, (2, MAX_STRATA))

LEDGER = np.dtype(
    [
        ("placed", np.int64),  # 0 until the first bar has placed the columns
        ("base", np.int64, (2,)),  # absolute bin of column 0, by side
        ("nearest", np.int64, (2,)),  # absolute bin next to the last close, by side: nothing stands nearer
        ("scale", *_BY_STRATUM),  # lazy factor of mass and beyond
        ("standing", *_BY_STRATUM),  # size that stands (unit weight, base coin)
        ("laid", *_BY_STRATUM),  # size deposited since the start
        ("wiped", *_BY_STRATUM),  # size that price traded through
        ("closed", *_BY_STRATUM),  # size closed by its traders
        ("beyond", *_BY_STRATUM),  # size further out than the columns reach, to be scaled
        ("exposure", *_BY_STRATUM),  # size that the last bar swept, recorded before the wipe
    ]
)
"""The book's scalars. By side and stratum: laid = standing + wiped + closed (standing is kept apart, to hold the arrays to it)."""

_RENORMALISE = 1e-9  # below this the lazy factor is multiplied out, long before it could lose digits
_DUST = 1e-200  # size below this is nothing; kept, it would decay into denormal numbers, which are slow
_NOTHING_LEFT = 1e-12  # share of a shape below which dividing by it would only magnify rounding


class Book(NamedTuple):
    """The state of the book; arrays that the verbs change in place (copy with `copy_book` to keep one).

    Attributes
    ----------
    mass
        (2, strata, columns) unit-weight size by liquidation bin, to be multiplied by the scale.
    ledger
        (1,) of `LEDGER`.
    """

    mass: np.ndarray
    ledger: np.ndarray


def empty_book(grid: Grid) -> Book:
    """Return a book without a position."""
    count, columns = int(grid.tiers["strata"][0]), int(grid.tiers["columns"][0])
    ledger = np.zeros(1, dtype=LEDGER)
    ledger["scale"] = 1.0
    return Book(mass=np.zeros((2, count, columns)), ledger=ledger)


def copy_book(book: Book) -> Book:
    """Return an independent copy: the value of the book at this bar."""
    return Book(*(array.copy() for array in book))


@allocation_free
def multiply(book: Book, side: int, stratum: int, factor: float) -> None:
    """Multiply all that stands in one stratum by `factor` (0 .. 1); the caller keeps the ledger's totals."""
    ledger = book.ledger[0]
    ledger.scale[side, stratum] *= factor
    scale = ledger.scale[side, stratum]
    if scale >= _RENORMALISE:
        return
    ledger.scale[side, stratum] = 1.0
    ledger.beyond[side, stratum] *= scale
    for column in range(book.mass.shape[2]):
        value = scale * book.mass[side, stratum, column]
        book.mass[side, stratum, column] = value if value > _DUST else 0.0


@allocation_free
def take_from(book: Book, side: int, stratum: int, first: int, last: int, kept: float) -> None:
    """Keep the share `kept` (>= 0) of a stratum's columns `first` .. `last` - 1; the caller keeps the ledger's totals."""
    for column in range(first, last):
        book.mass[side, stratum, column] *= kept


@allocation_free
def _shift_columns(book: Book, side: int, by: int) -> None:
    """Move the columns of one side by `by` bins; size that leaves at the far end goes beyond."""
    columns, ledger = book.mass.shape[2], book.ledger[0]
    for stratum in range(book.mass.shape[1]):
        for column in range(columns):
            if not 0 <= column - by < columns:
                ledger.beyond[side, stratum] += book.mass[side, stratum, column]
        for place in range(columns):
            # Ascending where columns move down and descending where they move up, so that none is overwritten unread.
            column = place if by > 0 else columns - 1 - place
            source = column + by
            book.mass[side, stratum, column] = book.mass[side, stratum, source] if 0 <= source < columns else 0.0
    ledger.base[side] += by


@allocation_free
def recentre(book: Book, grid: Grid, close_bin: int) -> None:
    """Make sure that the columns hold `reach` bins on each side of the close.

    Notes
    -----
    Moves happen only when the close nears an edge, so the cost of a move is spread over many bars. What falls off lies
    further than `REACH` from the close; it still stands (and closes) in `beyond`, but can no longer be swept.
    """
    ledger, reach, columns = book.ledger[0], grid.tiers[0].reach, grid.tiers[0].columns
    slack = columns - reach
    ledger.nearest[LONG], ledger.nearest[SHORT] = close_bin - 1, close_bin + 1
    wanted_long, wanted_short = close_bin - reach - slack // 2, close_bin + 1 - slack // 2
    if ledger.placed == 0:
        ledger.placed = 1
        ledger.base[LONG], ledger.base[SHORT] = wanted_long, wanted_short
        return
    first = ledger.base[LONG]
    if close_bin - 1 > first + columns - 1 or close_bin - reach < first:
        _shift_columns(book, LONG, wanted_long - first)
    first = ledger.base[SHORT]
    if close_bin + 1 < first or close_bin + reach > first + columns - 1:
        _shift_columns(book, SHORT, wanted_short - first)


@allocation_free
def _swept_columns(book: Book, side: int, reached_bin: int) -> tuple[int, int]:
    ledger = book.ledger[0]
    edge, nearest = reached_bin - ledger.base[side], ledger.nearest[side] - ledger.base[side]
    if side == LONG:
        return min(max(edge, 0), nearest + 1), nearest + 1
    return nearest, max(min(edge + 1, book.mass.shape[2]), nearest)


@allocation_free
def sweep(book: Book, shares: np.ndarray, side: int, reached_bin: int) -> tuple[float, float]:
    """Record what a bar reaches on one side, and wipe it.

    Parameters
    ----------
    shares
        (2, strata) how much of each stratum there is.
    reached_bin
        Absolute bin of the adverse extreme (low for longs, high for shorts); that bin is reached too.

    Returns
    -------
    swept, centre
        Size wiped by these shares (base coin), and its mean absolute bin position (NaN where nothing was). The unit-weight
        size by stratum is left in the ledger's `exposure`, taken before the wipe.
    """
    ledger, swept, moment = book.ledger[0], 0.0, 0.0
    for stratum in range(book.mass.shape[1]):
        ledger.exposure[side, stratum] = 0.0
    if ledger.placed == 0:
        return 0.0, np.nan
    first, last = _swept_columns(book, side, reached_bin)
    for stratum in range(book.mass.shape[1]):
        total, first_moment = 0.0, 0.0
        for column in range(first, last):
            value = book.mass[side, stratum, column]
            total += value
            first_moment += value * column
            book.mass[side, stratum, column] = 0.0
        total *= ledger.scale[side, stratum]
        ledger.exposure[side, stratum] = total
        ledger.wiped[side, stratum] += total
        ledger.standing[side, stratum] -= total
        swept += shares[side, stratum] * total
        moment += shares[side, stratum] * ledger.scale[side, stratum] * first_moment
    if swept <= 0.0:
        return 0.0, np.nan
    return swept, ledger.base[side] + moment / swept + 0.5


@allocation_free
def close_down_to(book: Book, stratum: int, kept: float) -> None:
    """Let the traders of a stratum close everything but the share `kept` (0 .. 1), on both sides.

    Notes
    -----
    By what is kept, because 1 - (1 - kept) is not exact for a tiny one.
    """
    ledger = book.ledger[0]
    for side in range(2):
        left = kept * ledger.standing[side, stratum]
        ledger.closed[side, stratum] += ledger.standing[side, stratum] - left
        ledger.standing[side, stratum] = left
        multiply(book, side, stratum, kept)


@allocation_free
def _share_before(twice: np.ndarray, side: int, tier: int, length: int, bins: int) -> float:
    """Return the sum of a tier's cumulative kernel over its entries 0 .. bins (each is 1 after entry `length`)."""
    if bins <= 0:
        return 0.0
    if bins <= length:
        return twice[side, tier, bins]
    return twice[side, tier, length] + (bins - length)


@allocation_free
def _range_share(twice: np.ndarray, side: int, tier: int, length: int, bins: int, width: int) -> float:
    """Return the share of a deposit spread over `width` entry bins that lies in its first `bins` bins."""
    ahead = _share_before(twice, side, tier, length, bins)
    return (ahead - _share_before(twice, side, tier, length, bins - width)) / width


@allocation_free
def _lay(book: Book, grid: Grid, side: int, tier: int, sizes: np.ndarray, low_bin: int, width: int) -> None:
    """Lay every population's size of one tier: the kernel is the tier's, so its shape is worked out once."""
    ledger, tiers = book.ledger[0], grid.tiers[0]
    half = tiers.half_widths[side, tier]
    length, nearest = 2 * half + 1, ledger.nearest[side] - ledger.base[side]
    start = low_bin + tiers.shifts[side, tier] - half - ledger.base[side]
    stop = start + length + width - 1
    first = max(start, 0 if side == LONG else nearest)
    last = min(stop, nearest + 1 if side == LONG else book.mass.shape[2])
    before = _range_share(grid.twice_cumulative, side, tier, length, first - start, width)
    upto = _range_share(grid.twice_cumulative, side, tier, length, last - start, width)
    kept, outside = (upto, before) if side == LONG else (1.0 - before, 1.0 - upto)
    some_alive = start <= nearest if side == LONG else stop > nearest
    slow, fast = HOLDERS * tiers.count + tier, TRADERS * tiers.count + tier
    slow_unit, fast_unit = sizes[HOLDERS] / ledger.scale[side, slow], sizes[TRADERS] / ledger.scale[side, fast]
    if not some_alive or kept <= _NOTHING_LEFT:
        book.mass[side, slow, nearest] += slow_unit
        book.mass[side, fast, nearest] += fast_unit
        return
    ledger.beyond[side, slow] += slow_unit * max(outside, 0.0) / kept
    ledger.beyond[side, fast] += fast_unit * max(outside, 0.0) / kept
    if first >= last:
        return  # all of it lies further out than the columns reach
    slow_unit, fast_unit = slow_unit / (kept * width), fast_unit / (kept * width)
    # Unsigned indices: a signed one is checked for wrapping round at each access, which keeps the loop from being vectorised.
    target, begin = np.uintp(first), np.uintp(tiers.margin + first - start + 1)
    behind = np.uintp(tiers.margin + first - start + 1 - width)
    for column in range(np.uintp(last - first)):
        value = grid.cumulative[side, tier, begin + column] - grid.cumulative[side, tier, behind + column]
        book.mass[side, slow, target + column] += slow_unit * value
        book.mass[side, fast, target + column] += fast_unit * value


@allocation_free
def deposit(book: Book, grid: Grid, sizes: np.ndarray, low_bin: int, high_bin: int, close_bin: int) -> None:
    """Lay newly opened size at its liquidation prices, on both sides: every contract has a long and a short.

    Parameters
    ----------
    sizes
        (populations,) base coin opened in the bar and still open at its close, unit weight, >= 0.
    low_bin, high_bin, close_bin
        The bins of the bar's range and close: entries are spread evenly over the range (*assumption*).

    Notes
    -----
    A deposit is the even spread of entries convolved with the tier's kernel, as a difference of the cumulative kernel
    at both ends of the range, so the cost is range + kernel rather than their product. Liquidation prices on the wrong
    side of the close belong to positions that did not live to see it: the rest of the shape takes their weight, and
    where nothing is left the size stands in the first bin beyond the close.
    """
    ledger, tiers = book.ledger[0], grid.tiers[0]
    if sizes[HOLDERS] <= 0.0 and sizes[TRADERS] <= 0.0:
        return
    low_bin = max(low_bin, close_bin - tiers.margin // 2)
    width = min(high_bin - low_bin + 1, tiers.margin)
    for side in range(2):
        for tier in range(tiers.count):
            for population in range(POPULATIONS):
                stratum = population * tiers.count + tier
                ledger.laid[side, stratum] += sizes[population]
                ledger.standing[side, stratum] += sizes[population]
            _lay(book, grid, side, tier, sizes, low_bin, width)
