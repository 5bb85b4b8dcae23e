"""What traders do with what they hold: close it, by halves or whole, or top it up; the makers take what is left."""

import math
from typing import NamedTuple

from datafeeds.simulated.accounts import closing_rate
from datafeeds.simulated.book import Book, change_position, remove_position, write_row
from datafeeds.simulated.ledger import CHANGED, CLOSED
from datafeeds.simulated.parameters import SimulationParameters
from indicators.liquidation.compiled import Record, allocation_free


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


class Habits(NamedTuple):
    """Rates of traders per bar; the terms are those of `SimulationParameters`."""

    opening: float  # base coin in a median bar
    closing: float  # clock per bar at leverage 1
    loss_close_ratio: float
    top_up: float
    takeover: float
    tilt: float
    unwinding: float  # share of the makers' position that closing traders take


def habits(hours: float, p: SimulationParameters) -> Habits:
    """Return the rates for bars of `hours`."""
    return Habits(
        opening=p.turnover * hours * p.base_open_interest,
        closing=closing_rate(p) * hours,
        loss_close_ratio=p.loss_close_ratio,
        top_up=p.top_up * hours,
        takeover=p.takeover,
        tilt=p.tilt,
        unwinding=1.0 - 0.5 ** (hours / p.maker_half_life),
    )


@allocation_free
def _close(book: Book, side: int, place: int, bar: int) -> bool:
    """Close a position, or half of it, and return whether it is gone."""
    position, tally = book.positions[side, place], book.tally[0]
    if position.second_lifetime < 0.0:
        tally.closed[side] += position.size
        row = book.ledger[position.row]
        row.ended_bar, row.ending = bar, CLOSED
        remove_position(book, side, place)
        return True
    position.size, position.collateral, position.margin = (
        0.5 * position.size,
        0.5 * position.collateral,
        0.5 * position.margin,
    )
    tally.closed[side] += position.size
    position.lifetime, position.second_lifetime = position.second_lifetime, -1.0
    change_position(book, side, place, bar)
    return False


@allocation_free
def _top_up(book: Book, side: int, place: int, bar: int) -> None:
    position = book.positions[side, place]
    position.collateral += 0.5 * position.margin
    position.patience = math.inf
    change_position(book, side, place, bar)


@allocation_free
def _side_closes(book: Book, habits: Habits, side: int, pace: float, extra: float, close: float, bar: int) -> None:
    """Let the clocks of one side run for a bar: `extra` for all alike, else by leverage, and slower in loss."""
    tally, sign, price = book.tally[0], 1.0 - 2.0 * side, math.exp(close)
    standing, nearest = 0.0, -sign * math.inf
    for place in range(tally.count[side] - 1, -1, -1):
        position = book.positions[side, place]
        loses = sign * (price - position.entry) < 0.0
        ratio = habits.loss_close_ratio if loses else 1.0
        position.lifetime -= habits.closing * pace * position.rate * ratio + extra
        if position.lifetime < 0.0 and _close(book, side, place, bar):
            continue
        if sign * (position.alarm - close) > 0.0:
            position.patience -= habits.top_up
            if position.patience < 0.0:
                _top_up(book, side, place, bar)
        standing += position.size
        nearest = sign * max(sign * nearest, sign * position.level)
    tally.standing[side], tally.nearest[side] = standing, nearest


@allocation_free
def close_bar(book: Book, habits: Habits, pace: float, close: float, bar: int) -> float:
    """Let traders close and top up at a bar's close; the makers take the difference. Return what the makers bought.

    Notes
    -----
    Of what was forced on one side, all but the takeover ends positions of the other side in the same bar; so open interest falls.
    """
    tally = book.tally[0]
    for side in range(2):
        against = max(
            -(1.0 - 2.0 * side) * tally.makers, 0.0
        )  # what the makers hold opposite to traders of the other side
        wanted = (1.0 - habits.takeover) * tally.forced[1 - side] + habits.unwinding * against
        extra = min(wanted / max(tally.standing[side], 1e-300), 1.0)
        _side_closes(book, habits, side, pace, extra, close, bar)
    before = tally.makers
    set_makers(book, tally.standing[1] - tally.standing[0], math.exp(close), bar)
    return tally.makers - before


@allocation_free
def begin_bar(tally: Record) -> None:
    """Reset what is counted within a bar."""
    for side in range(2):
        tally.opened[side] = tally.closed[side] = tally.forced[side] = 0.0
