"""New accounts, as they come to the venue over a bar."""

import math

from datafeeds.simulated.accounts import Population
from datafeeds.simulated.book import Book, open_position
from datafeeds.simulated.parameters import STEPS
from datafeeds.simulated.traders import Habits
from indicators.liquidation.compiled import Record, allocation_free


@allocation_free
def _lean(book: Book, habits: Habits, side: int) -> float:
    """Return the factor on what a side opens: traders take over what the makers hold."""
    tally = book.tally[0]
    held = (1.0 - 2.0 * side) * tally.makers / max(tally.standing[0], tally.standing[1], 1e-300)
    return min(max(1.0 + habits.tilt * held, 0.0), 2.0)


@allocation_free
def _open_account(
    book: Book, accounts: Population, row: int, side: int, number: int, size: float, price: Record, bar: int
) -> None:
    leverage, cross = accounts.leverage[row, side, number], accounts.cross[row, side, number]
    place = open_position(book, side, math.exp(price.last), size, leverage, price.mark, bar, cross)
    if place >= 0:
        position = book.positions[side, place]
        halves = accounts.halves[row, side, number]
        position.lifetime = accounts.lifetime[row, side, number]
        position.second_lifetime = accounts.second_lifetime[row, side, number] if halves else -1.0
        position.patience = accounts.patience[row, side, number]
        position.rate = accounts.rate[row, side, number]


@allocation_free
def open_accounts(
    book: Book, accounts: Population, habits: Habits, row: int, step: int, activity: float, price: Record, bar: int
) -> None:
    """Open the accounts that come at a step of a bar, as many longs as shorts; they are spread evenly over the bar.

    Parameters
    ----------
    row, bar
        Row of the accounts, and the bar's number.
    price
        A record with the log prices `last` and `mark`.
    """
    count = accounts.share.shape[2]
    for number in range(count):
        if (2 * number + 1) * STEPS // (2 * count) != step:
            continue
        for side in range(2):
            size = habits.opening * activity * _lean(book, habits, side) * accounts.share[row, side, number]
            if size > 0.0:
                _open_account(book, accounts, row, side, number, size, price, bar)
