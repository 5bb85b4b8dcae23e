"""The venue's liquidation engine: a position whose level the mark reaches is closed whole, and printed."""

import math

import numpy as np

from datafeeds.simulated.book import Book, remove_position
from datafeeds.simulated.ledger import LIQUIDATED
from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.liquidation_price import bankruptcy_price

TIERS = np.array(
    [
        [0.0, 0.004, 0.0],
        [300e3, 0.005, 300.0],
        [800e3, 0.0065, 1_500.0],
        [3e6, 0.01, 12_000.0],
        [12e6, 0.02, 132_000.0],
        [70e6, 0.025, 482_000.0],
        [100e6, 0.05, 2_982_000.0],
        [230e6, 0.10, 14_482_000.0],
    ]
)
"""Maintenance tiers (notional floor in quote, rate, amount in quote). Source: Binance BTCUSDT as of 2026-03-05, its larger
tiers left out, because no account here is that large."""


@allocation_free
def _print(book: Book, side: int, position: Record, bar: int, second: float) -> None:
    tally = book.tally[0]
    record = book.prints[tally.prints]
    tally.prints += 1
    record.bar, record.second, record.side, record.size, record.reported = bar, second, side, position.size, True
    record.price = bankruptcy_price(position.entry, position.size, position.collateral, 1.0 - 2.0 * side)


@allocation_free
def liquidate(book: Book, side: int, before: float, mark: float, bar: int, begin: float, span: float) -> float:
    """Liquidate what the mark reaches on its way and return its size.

    Parameters
    ----------
    before, mark
        Log mark price at the beginning and at the end of the way.
    begin, span
        Seconds of the bar in which it goes that way, evenly.
    """
    tally, sign, forced = book.tally[0], 1.0 - 2.0 * side, 0.0
    if sign * (tally.nearest[side] - mark) < 0.0:
        return forced
    nearest = -sign * math.inf
    for place in range(tally.count[side] - 1, -1, -1):
        position = book.positions[side, place]
        if sign * (position.level - mark) >= 0.0:
            way = (position.level - before) / (mark - before) if mark != before else 0.0
            forced += position.size
            _print(book, side, position, bar, begin + span * min(max(way, 0.0), 1.0))
            row = book.ledger[position.row]
            row.ended_bar, row.ending = bar, LIQUIDATED
            remove_position(book, side, place)
        else:
            nearest = sign * max(sign * nearest, sign * position.level)
    tally.nearest[side] = nearest
    tally.forced[side] += forced
    return forced
