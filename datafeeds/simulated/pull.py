"""The two knobs by which liquidations could steer the price, each with an exact zero: the magnet, and reversion after a wipe."""

import math
from typing import NamedTuple

from datafeeds.simulated.book import Book
from datafeeds.simulated.ledger import BANDS
from datafeeds.simulated.parameters import STEPS, SimulationParameters
from indicators.liquidation.compiled import Record, allocation_free

_BAND = 0.0025  # log price: twenty bands reach 5 % each way, beyond which no bar trades


class Pull(NamedTuple):
    """The knobs, per bar."""

    magnet: float  # standard deviations of a bar's drift at full imbalance, in units of the bar's volatility
    reversion: float  # share of the adverse move
    wipe_share: float  # share of open interest liquidated in a bar
    fade: float  # share of the magnet's displacement that a bar takes away
    release: float  # share of what is still to be given back that a bar gives


def pull(hours: float, p: SimulationParameters) -> Pull:
    """Return the knobs for bars of `hours`."""
    release = 1.0 - 0.5 ** (hours / p.reversion_half_life)
    # A bar's volatility grows with the root of its hours, a drift with the hours.
    fade = 1.0 - 0.5 ** (hours / p.magnet_half_life)
    return Pull(
        p.magnet_strength * math.sqrt(hours), p.post_wipe_reversion, p.wipe_share * min(hours, 1.0), fade, release
    )


@allocation_free
def _fill_bands(book: Book, market: Record, side: int, close: float) -> None:
    """Sum a side's size by the band of distance in which its liquidation levels lie."""
    sign = 1.0 - 2.0 * side
    for band in range(BANDS):
        market.bands[band] = 0.0
    for place in range(book.tally[0].count[side]):
        position = book.positions[side, place]
        distance = sign * (close - position.level) / _BAND
        if 0.0 <= distance < BANDS:
            market.bands[int(distance)] += position.size


@allocation_free
def _imbalance(book: Book, market: Record, close: float) -> float:
    """Return the heaviest band above less that below, over their sum; 0 where there is none."""
    total = difference = 0.0
    for side in range(2):
        _fill_bands(book, market, side, close)
        heaviest = 0.0
        for band in range(BANDS):
            heaviest = max(heaviest, market.bands[band])
        total += heaviest
        difference += (2.0 * side - 1.0) * heaviest  # levels of shorts lie above
    return difference / total if total > 0.0 else 0.0


@allocation_free
def _rebound(knobs: Pull, tape: Record) -> float:
    """Return the log move that a bar's wipes will be given back by, up positive; 0 without a wipe."""
    back, threshold = 0.0, knobs.wipe_share * tape.open_interest
    if tape.forced[0] > threshold:
        back += knobs.reversion * (tape.open - tape.low)
    if tape.forced[1] > threshold:
        back -= knobs.reversion * (tape.high - tape.open)
    return back


@allocation_free
def set_pull(book: Book, knobs: Pull, market: Record, tape: Record, volatility: float) -> None:
    """Set the next bar's drift a step, from the true book at this bar's close and from what is to be given back.

    Notes
    -----
    What the magnet has moved fades, because the efficient price is still there: else a price that outruns one side's levels
    would be drawn on and on by the other's.
    """
    drift = 0.0
    if knobs.magnet != 0.0:
        lure = knobs.magnet * volatility * _imbalance(book, market, tape.close) - knobs.fade * market.lured
        market.lured += lure
        drift += lure
    if knobs.reversion != 0.0:
        market.rebound += _rebound(knobs, tape)
        drift += knobs.release * market.rebound
        market.rebound -= knobs.release * market.rebound
    market.pull = drift / STEPS
