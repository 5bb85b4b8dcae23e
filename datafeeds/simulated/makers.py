"""The market makers, unlevered: they hold what traders' longs and shorts differ by, so that every contract has two sides."""

import math

from datafeeds.simulated.book import Book, write_row
from datafeeds.simulated.ledger import CHANGED, CLOSED
from indicators.liquidation.compiled import allocation_free


@allocation_free
def set_makers(book: Book, size: float, price: float, bar: int) -> None:
    """Give the makers a position (positive long), at a price for what is new of it."""
    tally = book.tally[0]
    if size == tally.makers:
        return
    same = size * tally.makers > 0.0
    if tally.makers_row >= 0:
        row = book.ledger[tally.makers_row]
        row.ended_bar, row.ending = bar, CHANGED if same else CLOSED
    if not same:
        tally.makers_entry = price
    elif abs(size) > abs(tally.makers):
        tally.makers_entry += (price - tally.makers_entry) * (1.0 - tally.makers / size)
    side = 0 if size > 0.0 else 1
    tally.makers_row = -1
    if size != 0.0:
        tally.makers_row = write_row(book, side, tally.makers_entry, abs(size), 1.0, math.nan, bar)
    tally.makers = size
