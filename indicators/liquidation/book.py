"""The book: open size by side, leverage tier and liquidation price. Five verbs move it through a bar.

``mass[side, tier, column]`` is at *unit weight*: the map there would be if every position had that tier's leverage.
``density[side, column]`` is the mixture of the tiers by their weights, kept beside it so that reading it costs nothing.
Both are multiplied by the lazy factor `scale`, because traders closing a share of everything is one multiplication.
Longs lie strictly below the last close, shorts strictly above. Sizes are contracts (base coin), never USD.

The arrays are changed in place by plain loops: they compile several times faster than array expressions, and as well.
"""

from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.grid import LONG, SHORT, Grid
from indicators.liquidation.parameters import MOST_TIERS

LEDGER = np.dtype(
    [
        ("placed", np.int64),  # 0 until the first bar has placed the columns
        ("scale", np.float64, (2,)),  # lazy factor of mass, density and beyond, by side
        ("base", np.int64, (2,)),  # absolute bin of column 0, by side
        ("nearest", np.int64, (2,)),  # absolute bin next to the last close, by side: nothing stands nearer
        ("standing", np.float64, (2,)),  # size that stands, by side (mixture weight, base coin)
        ("laid", np.float64, (2,)),  # size deposited since the start
        ("wiped", np.float64, (2,)),  # size that price traded through
        ("closed", np.float64, (2,)),  # size closed by its traders
        ("beyond", np.float64, (2, MOST_TIERS)),  # unit-weight size further out than the columns reach, to be scaled
        ("exposure", np.float64, (2, MOST_TIERS)),  # unit-weight size that the last bar swept, recorded before the wipe
    ]
)
"""The book's scalars. Per side: laid = standing + wiped + closed (standing is kept apart, so the arrays can be held to it)."""

_RENORMALISE = 1e-9  # below this the lazy factor is multiplied out, long before it could lose digits
_DUST = 1e-200  # size below this is nothing; kept, it would decay into denormal numbers, which are slow
_NOTHING_LEFT = 1e-12  # share of a shape below which dividing by it would only magnify rounding


class Book(NamedTuple):
    """The state of the book; arrays that the verbs change in place (copy with `copy_book` to keep one).

    Attributes
    ----------
    mass
        (2, tiers, columns) unit-weight size by liquidation bin, to be multiplied by the scale.
    density
        (2, columns) the tiers' mixture of `mass`.
    ledger
        (1,) of `LEDGER`.
    """

    mass: np.ndarray
    density: np.ndarray
    ledger: np.ndarray


def empty_book(grid: Grid) -> Book:
    """Return a book without a position."""
    count, columns = int(grid.tiers["count"][0]), int(grid.tiers["columns"][0])
    ledger = np.zeros(1, dtype=LEDGER)
    ledger["scale"] = 1.0
    return Book(mass=np.zeros((2, count, columns)), density=np.zeros((2, columns)), ledger=ledger)


def copy_book(book: Book) -> Book:
    """Return an independent copy: the value of the book at this bar."""
    return Book(*(array.copy() for array in book))


@allocation_free
def _multiply_out(book: Book, side: int) -> None:
    """Multiply the lazy factor of one side into its arrays."""
    ledger, factor = book.ledger[0], book.ledger[0].scale[side]
    for column in range(book.density.shape[1]):
        value = factor * book.density[side, column]
        book.density[side, column] = value if value > _DUST else 0.0
    for tier in range(book.mass.shape[1]):
        ledger.beyond[side, tier] *= factor
        for column in range(book.mass.shape[2]):
            value = factor * book.mass[side, tier, column]
            book.mass[side, tier, column] = value if value > _DUST else 0.0
    ledger.scale[side] = 1.0


@allocation_free
def multiply_side(book: Book, side: int, factor: float) -> None:
    """Multiply all that stands on one side by `factor` (0 .. 1); the caller keeps the ledger's totals."""
    ledger = book.ledger[0]
    ledger.scale[side] *= factor
    if ledger.scale[side] < _RENORMALISE:
        _multiply_out(book, side)


@allocation_free
def take_from(book: Book, grid: Grid, side: int, tier: int, first: int, last: int, kept: float) -> None:
    """Keep the share `kept` (>= 0) of a tier's columns `first` .. `last` - 1; the caller keeps the ledger's totals."""
    weight = grid.tiers[0].weights[tier]
    for column in range(first, last):
        before = book.mass[side, tier, column]
        after = kept * before
        book.mass[side, tier, column] = after
        book.density[side, column] = max(book.density[side, column] + weight * (after - before), 0.0)


@allocation_free
def _shift_columns(book: Book, grid: Grid, side: int, by: int) -> None:
    """Move the columns of one side by `by` bins; size that leaves at the far end goes beyond, unit by unit."""
    columns, ledger = book.density.shape[1], book.ledger[0]
    for column in range(columns):
        book.density[side, column] = 0.0
    for tier in range(book.mass.shape[1]):
        for column in range(columns):
            if not 0 <= column - by < columns:
                ledger.beyond[side, tier] += book.mass[side, tier, column]
        for place in range(columns):
            # Ascending where columns move down and descending where they move up, so that none is overwritten unread.
            column = place if by > 0 else columns - 1 - place
            source = column + by
            value = book.mass[side, tier, source] if 0 <= source < columns else 0.0
            book.mass[side, tier, column] = value
            book.density[side, column] += grid.tiers[0].weights[tier] * value
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
        _shift_columns(book, grid, LONG, wanted_long - first)
    first = ledger.base[SHORT]
    if close_bin + 1 < first or close_bin + reach > first + columns - 1:
        _shift_columns(book, grid, SHORT, wanted_short - first)


@allocation_free
def _swept_columns(book: Book, side: int, reached_bin: int) -> tuple[int, int]:
    ledger = book.ledger[0]
    edge, nearest = reached_bin - ledger.base[side], ledger.nearest[side] - ledger.base[side]
    if side == LONG:
        return min(max(edge, 0), nearest + 1), nearest + 1
    return nearest, max(min(edge + 1, book.density.shape[1]), nearest)


@allocation_free
def sweep(book: Book, side: int, reached_bin: int) -> tuple[float, float]:
    """Record what a bar reaches on one side, and wipe it.

    Parameters
    ----------
    reached_bin
        Absolute bin of the adverse extreme (low for longs, high for shorts); that bin is reached too.

    Returns
    -------
    swept, centre
        Mixture size wiped (base coin), and its mean absolute bin position (NaN where nothing was). The unit-weight size
        by tier is left in the ledger's `exposure`, taken before the wipe.
    """
    ledger = book.ledger[0]
    for tier in range(book.mass.shape[1]):
        ledger.exposure[side, tier] = 0.0
    if ledger.placed == 0:
        return 0.0, np.nan
    scale = ledger.scale[side]
    first, last = _swept_columns(book, side, reached_bin)
    if first >= last:
        return 0.0, np.nan
    for tier in range(book.mass.shape[1]):
        total = 0.0
        for column in range(first, last):
            total += book.mass[side, tier, column]
            book.mass[side, tier, column] = 0.0
        ledger.exposure[side, tier] = total * scale
    swept, moment = 0.0, 0.0
    for column in range(first, last):
        swept += book.density[side, column]
        moment += book.density[side, column] * column
        book.density[side, column] = 0.0
    if swept <= 0.0:
        return 0.0, np.nan
    ledger.wiped[side] += swept * scale
    ledger.standing[side] -= swept * scale
    return swept * scale, ledger.base[side] + moment / swept + 0.5


@allocation_free
def close_out(book: Book, share: float) -> None:
    """Let traders close `share` (0 .. 1) of everything that stands."""
    close_down_to(book, 1.0 - share)


@allocation_free
def close_down_to(book: Book, kept: float) -> None:
    """Let traders close everything but the share `kept` (0 .. 1); exact for a tiny one, where 1 - (1 - kept) is not."""
    ledger = book.ledger[0]
    for side in range(2):
        left = kept * ledger.standing[side]
        ledger.closed[side] += ledger.standing[side] - left
        ledger.standing[side] = left
        multiply_side(book, side, kept)


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
def _lay_tier(book: Book, grid: Grid, side: int, tier: int, unit: float, low_bin: int, width: int) -> None:
    ledger, tiers = book.ledger[0], grid.tiers[0]
    half, weight = tiers.half_widths[side, tier], tiers.weights[tier]
    length, nearest = 2 * half + 1, ledger.nearest[side] - ledger.base[side]
    start = low_bin + tiers.shifts[side, tier] - half - ledger.base[side]
    stop = start + length + width - 1
    first = max(start, 0 if side == LONG else nearest)
    last = min(stop, nearest + 1 if side == LONG else book.density.shape[1])
    before = _range_share(grid.twice_cumulative, side, tier, length, first - start, width)
    upto = _range_share(grid.twice_cumulative, side, tier, length, last - start, width)
    kept, outside = (upto, before) if side == LONG else (1.0 - before, 1.0 - upto)
    some_alive = start <= nearest if side == LONG else stop > nearest
    if not some_alive or kept <= _NOTHING_LEFT:
        book.mass[side, tier, nearest] += unit
        book.density[side, nearest] += weight * unit
        return
    ledger.beyond[side, tier] += unit * max(outside, 0.0) / kept
    if first >= last:
        return  # all of it lies further out than the columns reach
    factor = unit / (kept * width)
    weighted = weight * factor
    # Unsigned indices: a signed one is checked for wrapping round at each access, which keeps the loop from being vectorised.
    target, begin = np.uintp(first), np.uintp(tiers.margin + first - start + 1)
    behind = np.uintp(tiers.margin + first - start + 1 - width)
    for column in range(np.uintp(last - first)):
        value = grid.cumulative[side, tier, begin + column] - grid.cumulative[side, tier, behind + column]
        book.mass[side, tier, target + column] += factor * value
        book.density[side, target + column] += weighted * value


@allocation_free
def deposit(book: Book, grid: Grid, size: float, low_bin: int, high_bin: int, close_bin: int) -> None:
    """Lay newly opened size at its liquidation prices, on both sides: every contract has a long and a short.

    Parameters
    ----------
    size
        Base coin opened in the bar and still open at its close.
    low_bin, high_bin, close_bin
        The bins of the bar's range and close: entries are spread evenly over the range (*assumption*).

    Notes
    -----
    A tier's deposit is the even spread of entries convolved with its kernel, as a difference of the cumulative kernel
    at both ends of the range, so the cost is range + kernel rather than their product. Liquidation prices on the wrong
    side of the close belong to positions that did not live to see it: the rest of the shape takes their weight, and
    where nothing is left the size stands in the first bin beyond the close.
    """
    if size <= 0.0:
        return
    ledger, tiers = book.ledger[0], grid.tiers[0]
    low_bin = max(low_bin, close_bin - tiers.margin // 2)
    width = min(high_bin - low_bin + 1, tiers.margin)
    total = 0.0
    for tier in range(tiers.count):
        total += size * tiers.weights[tier]
    for side in range(2):
        unit = size / ledger.scale[side]
        for tier in range(tiers.count):
            _lay_tier(book, grid, side, tier, unit, low_bin, width)
        ledger.laid[side] += total
        ledger.standing[side] += total
