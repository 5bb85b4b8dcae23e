"""The venue's book of standing positions, and the verbs that write the ledger: open, change, remove."""

import math
from typing import NamedTuple

import numpy as np

from datafeeds.simulated.ledger import CHANGED, LEDGER, MAKERS, OPEN, PRINT
from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.liquidation_price import INITIAL_OVER_MAINTENANCE, isolated_price, tier_index

POSITION = np.dtype(
    [
        ("entry", np.float64),  # quote per base
        ("size", np.float64),  # base coin
        ("collateral", np.float64),  # quote
        ("margin", np.float64),  # collateral at opening, quote
        ("level", np.float64),  # log liquidation price; -inf (long) and inf (short) where none liquidates
        ("alarm", np.float64),  # log price at which half the way there is gone
        ("lifetime", np.float64),  # unit-exponential clock until it closes
        ("second_lifetime", np.float64),  # until the rest closes, where the first close is a partial one; else negative
        ("patience", np.float64),  # clock of distress until it is topped up; infinite after that
        ("rate", np.float64),  # of closing, over that at leverage 1
        ("row", np.int64),  # of the ledger
    ]
)

TALLY = np.dtype(
    [
        ("count", np.int64, (2,)),  # standing positions of traders, by side
        ("accounts", np.int64),  # traders so far
        ("rows", np.int64),  # of the ledger so far
        ("prints", np.int64),  # so far
        ("nearest", np.float64, (2,)),  # log price nearest to which a level stands, or nearer
        ("standing", np.float64, (2,)),  # size of traders at the last close
        ("opened", np.float64, (2,)),  # in this bar, base coin
        ("closed", np.float64, (2,)),  # in this bar by traders
        ("forced", np.float64, (2,)),  # in this bar by liquidation
        ("makers", np.float64),  # their position, positive long
        ("makers_entry", np.float64),  # its mean price
        ("makers_row", np.int64),  # its row of the ledger; -1: none
    ]
)


class Book(NamedTuple):
    """Arrays that the verbs change in place.

    Attributes
    ----------
    positions
        (2, n) of `POSITION`, longs first; `tally.count` of them stand, in no order.
    ledger, prints
        Of `LEDGER` and `PRINT`; `tally.rows` and `tally.prints` of them are written.
    tally
        (1,) of `TALLY`.
    tiers
        (n, 3) maintenance tiers.
    """

    positions: np.ndarray
    ledger: np.ndarray
    prints: np.ndarray
    tally: np.ndarray
    tiers: np.ndarray


def empty_book(bars: int, accounts: int, tiers: np.ndarray) -> Book:
    """Return a book with room for `accounts` a side and bar, each of which may change twice, and for the makers."""
    opened = bars * accounts
    tally = np.zeros(1, dtype=TALLY)
    tally["makers_row"], tally["nearest"] = -1, (-np.inf, np.inf)
    return Book(
        positions=np.empty((2, opened), dtype=POSITION),
        ledger=np.empty(6 * opened + bars, dtype=LEDGER),
        prints=np.empty(2 * opened, dtype=PRINT),
        tally=tally,
        tiers=tiers,
    )


@allocation_free
def write_row(book: Book, side: int, entry: float, size: float, leverage: float, price: float, bar: int) -> int:
    """Begin a row of the ledger, the makers' until said otherwise, and return its number; a price of 0 or infinity becomes NaN."""
    tally = book.tally[0]
    row = tally.rows
    tally.rows = row + 1
    record = book.ledger[row]
    record.account, record.cross = MAKERS, False
    record.side, record.entry_price, record.size, record.leverage = side, entry, size, leverage
    record.liquidation_price = price if 0.0 < price < math.inf else math.nan
    record.opened_bar, record.ended_bar, record.ending = bar, bar, OPEN
    return row


@allocation_free
def _register(book: Book, side: int, position: Record, account: int, bar: int, cross: bool) -> None:
    """Solve a position's liquidation price, keep it with the position, and begin a row for it."""
    sign = 1.0 - 2.0 * side
    price = isolated_price(position.entry, position.size, position.collateral, sign, book.tiers)
    reached = 0.0 < price < math.inf
    position.level = math.log(price) if reached else -sign * math.inf
    position.alarm = math.log(0.5 * (price + position.entry)) if reached else -sign * math.inf
    leverage = position.entry * position.size / position.collateral
    position.row = write_row(book, side, position.entry, position.size, leverage, price, bar)
    row = book.ledger[position.row]
    row.account, row.cross = account, cross


@allocation_free
def open_position(
    book: Book, side: int, entry: float, size: float, leverage: float, mark: float, bar: int, cross: bool
) -> int:
    """Open a position for a new account and return its place, -1 where the venue refuses it.

    Notes
    -----
    The venue caps leverage at half the inverse of the maintenance margin rate, and refuses an order whose position would be
    liquidated at once.
    """
    tally = book.tally[0]
    place = tally.count[side]
    position = book.positions[side, place]
    rate = book.tiers[tier_index(entry * size, book.tiers), 1]
    position.entry, position.size = entry, size
    position.collateral = entry * size / min(leverage, 1.0 / (INITIAL_OVER_MAINTENANCE * rate))
    position.margin = position.collateral
    rows = tally.rows
    _register(book, side, position, tally.accounts + 1, bar, cross)
    sign = 1.0 - 2.0 * side
    if sign * (mark - position.level) <= 0.0:
        tally.rows = rows
        return -1
    tally.accounts += 1
    tally.count[side] = place + 1
    tally.opened[side] += size
    tally.nearest[side] = sign * max(sign * tally.nearest[side], sign * position.level)
    return place


@allocation_free
def change_position(book: Book, side: int, place: int, bar: int) -> None:
    """Begin a new row for a position whose size or collateral has changed."""
    position = book.positions[side, place]
    old = book.ledger[position.row]
    old.ended_bar, old.ending = bar, CHANGED
    _register(book, side, position, old.account, bar, old.cross)


@allocation_free
def remove_position(book: Book, side: int, place: int) -> None:
    """Fill the place of a position, whose row has ended, with the last one."""
    tally = book.tally[0]
    last = tally.count[side] - 1
    book.positions[side, place] = book.positions[side, last]
    tally.count[side] = last
