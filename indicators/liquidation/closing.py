"""Who closes: traders in profit and traders in loss at different rates, told apart by tier and bin.

A size that is liquidated in bin b at a tier whose liquidations land `shift` bins from their entries was opened in bin
``b - shift``. So the bins between the close and ``close + shift`` hold the positions in loss, those beyond hold the ones in
profit, and no list of cohorts is needed. The kernel's smear blurs the border by as much as it blurs the entry price.
"""

from indicators.liquidation.book import Book, close_out, multiply_side, take_from
from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.grid import LONG, Grid


@allocation_free
def loss_columns(book: Book, grid: Grid, side: int, tier: int) -> tuple[int, int]:
    """Return the first and last-plus-one column of a tier that hold positions in loss at the last close.

    Parameters
    ----------
    book
        After `recentre`, so that its nearest bin lies next to the close.
    side, tier
        Row of the side axis, and tier.
    """
    ledger, shift = book.ledger[0], grid.tiers[0].shifts[side, tier]
    nearest, columns = ledger.nearest[side] - ledger.base[side], book.density.shape[1]
    if side == LONG:  # the close is in column nearest + 1
        return max(nearest + 2 + shift, 0), nearest + 1
    return nearest, min(nearest - 1 + shift, columns)


@allocation_free
def size_in_loss(book: Book, grid: Grid, side: int) -> float:
    """Return the mixture size of one side that is in loss at the last close, base coin."""
    total, tiers = 0.0, grid.tiers[0]
    for tier in range(tiers.count):
        first, last = loss_columns(book, grid, side, tier)
        held = 0.0
        for column in range(first, last):
            held += book.mass[side, tier, column]
        total += tiers.weights[tier] * held
    return total * book.ledger[0].scale[side]


@allocation_free
def closing_rates(share: float, standing: float, in_loss: float, ratio: float) -> tuple[float, float]:
    """Return the fractions (0 .. 1) that traders in profit and traders in loss close.

    Parameters
    ----------
    share
        Fraction (0 .. 1) of the standing size that is closed.
    standing, in_loss
        Base coin; in_loss <= standing.
    ratio
        Rate of traders in loss as a multiple of the rate of traders in profit, >= 0.

    Returns
    -------
    profit, loss
        ``p`` and ``ratio p`` with ``p (standing - in_loss) + ratio p in_loss = share standing``; where one of them would
        exceed 1, all of that group closes and the other bears the rest, so that the closed size is always whole.

    Examples
    --------
    >>> closing_rates(0.1, 100.0, 50.0, 0.5)
    (0.13333333333333333, 0.06666666666666667)
    >>> closing_rates(0.9, 100.0, 50.0, 0.0)
    (1.0, 0.8)
    """
    in_profit, wanted = max(standing - in_loss, 0.0), share * standing
    weight = in_profit + ratio * in_loss
    if wanted <= 0.0:
        return 0.0, 0.0
    if weight > 0.0 and wanted <= weight and ratio * wanted <= weight:
        return wanted / weight, ratio * wanted / weight
    if ratio > 1.0:  # those in loss are gone first
        return (min(max(wanted - in_loss, 0.0) / in_profit, 1.0) if in_profit > 0.0 else 0.0), 1.0
    return 1.0, (min(max(wanted - in_profit, 0.0) / in_loss, 1.0) if in_loss > 0.0 else 0.0)


@allocation_free
def close_by_result(book: Book, grid: Grid, share: float, ratio: float) -> None:
    """Let traders close `share` (0 .. 1) of each side, those in loss at `ratio` times the rate of those in profit.

    Parameters
    ----------
    book
        Changed in place; after `recentre` on the bar's close.
    share
        Fraction of each side's standing size.
    ratio
        As in `closing_rates`; 1 treats all alike.

    Notes
    -----
    Profit is the lazy factor's business, one multiplication; only the columns in loss are visited. What lies beyond the
    columns was opened far from the price and is in profit.
    """
    if share <= 0.0:
        return
    if ratio == 1.0:
        close_out(book, share)
        return
    ledger, tiers = book.ledger[0], grid.tiers[0]
    for side in range(2):
        standing = ledger.standing[side]
        profit, loss = closing_rates(share, standing, size_in_loss(book, grid, side), ratio)
        ledger.closed[side] += share * standing
        ledger.standing[side] = (1.0 - share) * standing
        if profit >= 1.0:  # nothing of it is left that a factor could say
            for tier in range(tiers.count):
                first, last = loss_columns(book, grid, side, tier)
                take_from(book, grid, side, tier, 0, first, 0.0)
                take_from(book, grid, side, tier, last, book.density.shape[1], 0.0)
                take_from(book, grid, side, tier, first, last, 1.0 - loss)
                ledger.beyond[side, tier] = 0.0
            continue
        kept = (1.0 - loss) / (1.0 - profit)
        for tier in range(tiers.count):
            first, last = loss_columns(book, grid, side, tier)
            take_from(book, grid, side, tier, first, last, kept)
        multiply_side(book, side, 1.0 - profit)
