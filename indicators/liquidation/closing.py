"""Who closes: competing hazards by leverage, and by profit and loss, which tier and bin tell apart.

A size that is liquidated in bin b at a tier whose liquidations land `shift` bins from their entries was opened in bin
``b - shift``. So the bins between the close and ``close + shift`` hold the positions in loss, those beyond hold the ones in
profit, and no list of cohorts is needed. The kernel's smear blurs the border by as much as it blurs the entry price.
"""

import math

import numpy as np

from indicators.liquidation.book import Book, close_down_to, multiply, take_from
from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.grid import LONG, Grid

_PRECISION = 1e-6  # relative, of the clock; the ledger enters what the clock closes, so nothing is lost by it
_ALL_CLOSED = 50.0  # hazards after which nothing is left that a factor could say (e**-50)
_ROUNDING = 1e-15  # of the size: finer than that a sum does not know itself
_MAX_STEPS = 60  # Newton's method takes one or two; more only where nearly everything closes


@allocation_free
def loss_columns(book: Book, grid: Grid, side: int, tier: int) -> tuple[int, int]:
    """Return the first and last-plus-one column of a tier that hold positions in loss at the last close.

    Parameters
    ----------
    book
        After `recentre`, so that its nearest bin lies next to the close.
    side, tier
        Row of the side axis, and leverage tier.
    """
    ledger, shift = book.ledger[0], grid.tiers[0].shifts[side, tier]
    nearest, columns = ledger.nearest[side] - ledger.base[side], book.mass.shape[2]
    if side == LONG:  # the close is in column nearest + 1
        return max(nearest + 2 + shift, 0), nearest + 1
    return nearest, min(nearest - 1 + shift, columns)


@allocation_free
def size_in_loss(book: Book, grid: Grid, side: int, stratum: int) -> float:
    """Return the size of one stratum that is in loss at the last close, unit weight, base coin."""
    first, last = loss_columns(book, grid, side, stratum % grid.tiers[0].count)
    if first >= last:
        return 0.0
    # Four sums side by side: one alone waits for each addition to end before the next begins.
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    start, quads = np.uintp(first), np.uintp((last - first) // 4)
    for quad in range(quads):
        place = start + 4 * quad
        one += book.mass[side, stratum, place]
        two += book.mass[side, stratum, place + 1]
        three += book.mass[side, stratum, place + 2]
        four += book.mass[side, stratum, place + 3]
    for column in range(first + 4 * ((last - first) // 4), last):
        one += book.mass[side, stratum, column]
    return ((one + two) + (three + four)) * book.ledger[0].scale[side, stratum]


@allocation_free
def _closed_by(clock: float, grid: Grid, side: int, shares: Record, sizes: Record, ratio: float) -> tuple[float, float]:
    """Return what has closed after `clock` units of hazard, and its derivative; `sizes` (tiers, 2) in profit and in loss."""
    closed, slope = 0.0, 0.0
    for tier in range(grid.tiers[0].count):
        for losing in range(2):
            rate = grid.tiers[0].close_rates[tier] * (ratio if losing else 1.0)
            size = shares[side, tier] * sizes[tier, losing]
            left = math.exp(-rate * clock)
            closed += size * (1.0 - left)
            slope += size * rate * left
    return closed, slope


@allocation_free
def closing_clock(grid: Grid, side: int, shares: Record, sizes: Record, share: float, ratio: float) -> float:
    """Return how long the hazards run so that a share of the size closes.

    Parameters
    ----------
    shares
        (2, tiers) the leverages' shares of the population.
    sizes
        (tiers, 2) unit-weight size in profit and in loss, base coin.
    share
        Fraction (0 .. 1, exclusive) of the mixture's size that is closed.
    ratio
        Hazard of traders in loss as a multiple of that of traders in profit, > 0.

    Returns
    -------
    float
        The clock p with ``sum(w_k x (1 - exp(-h p))) = share sum(w_k x)``, over tiers and results, where h is the tier's rate,
        times the ratio in loss. 0 where nothing stands.

    Notes
    -----
    What has closed is concave in the clock, so Newton's method never overshoots from its second step on.
    """
    total, slope, bend = 0.0, 0.0, 0.0
    for tier in range(grid.tiers[0].count):
        rate = grid.tiers[0].close_rates[tier]
        profit, loss = shares[side, tier] * sizes[tier, 0], shares[side, tier] * sizes[tier, 1]
        total += profit + loss
        slope += rate * (profit + ratio * loss)
        bend += rate * rate * (profit + ratio * ratio * loss)
    if slope <= 0.0:
        return 0.0
    # From where the first two terms of the series would be: near the answer for the small shares of most bars.
    clock = 2.0 * share * total / (slope + math.sqrt(max(slope * slope - 2.0 * bend * share * total, 0.0)))
    for _ in range(_MAX_STEPS):
        closed, slope = _closed_by(clock, grid, side, shares, sizes, ratio)
        if slope <= 0.0:
            break
        missing = share * total - closed
        change = max(missing / slope, -0.5 * clock)
        clock += change
        if abs(change) <= _PRECISION * clock or abs(missing) <= _ROUNDING * total:
            break
    return clock


@allocation_free
def _close_side(
    book: Book, grid: Grid, shares: Record, sizes: Record, population: int, side: int, share: float, ratio: float
) -> None:
    ledger, tiers = book.ledger[0], grid.tiers[0]
    first_stratum = population * tiers.count
    for tier in range(tiers.count):
        stratum = first_stratum + tier
        sizes[tier, 1] = min(size_in_loss(book, grid, side, stratum), ledger.standing[side, stratum])
        sizes[tier, 0] = ledger.standing[side, stratum] - sizes[tier, 1]
    clock = closing_clock(grid, side, shares, sizes, share, ratio)
    for tier in range(tiers.count):
        stratum, rate = first_stratum + tier, tiers.close_rates[tier] * clock
        kept, kept_in_loss = math.exp(-rate), math.exp(-rate * ratio)
        closed = sizes[tier, 0] * (1.0 - kept) + sizes[tier, 1] * (1.0 - kept_in_loss)
        ledger.closed[side, stratum] += closed
        ledger.standing[side, stratum] -= closed
        first, last = loss_columns(book, grid, side, tier)
        if rate > _ALL_CLOSED:
            take_from(book, side, stratum, 0, first, 0.0)
            take_from(book, side, stratum, last, book.mass.shape[2], 0.0)
            take_from(book, side, stratum, first, last, kept_in_loss)
            ledger.beyond[side, stratum] = 0.0
            continue
        take_from(book, side, stratum, first, last, kept_in_loss / kept)
        multiply(book, side, stratum, kept)


@allocation_free
def close_population(
    book: Book, grid: Grid, shares: Record, sizes: Record, population: int, share: float, ratio: float
) -> None:
    """Let a population close a share of each side, by hazards that grow with leverage and differ by profit and loss.

    Parameters
    ----------
    book
        Changed in place; after `recentre` on the bar's close.
    shares
        (2, tiers) the leverages' shares of the population.
    sizes
        (tiers, 2) room to work in; nothing in it lasts.
    share
        Fraction (0 .. 1) of each side's standing size.
    ratio
        As in `closing_clock`.

    Notes
    -----
    Profit is the lazy factor's business, one multiplication; only the columns in loss are visited. What lies beyond the
    columns was opened far from the price and is in profit.
    """
    if share <= 0.0:
        return
    if share >= 1.0:
        for tier in range(grid.tiers[0].count):
            close_down_to(book, population * grid.tiers[0].count + tier, 0.0)
        return
    for side in range(2):
        _close_side(book, grid, shares, sizes, population, side, share, ratio)
