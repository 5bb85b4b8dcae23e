"""How far forced orders push price themselves, and what that liquidates on top."""

import math
from collections.abc import Callable
from typing import NamedTuple

from indicators.liquidation.signals import price_impact

_ROUNDS = 200
_SETTLED = 1e-6  # log price: a tenth of a tick of most contracts


class Amplified(NamedTuple):
    """What forced orders add to a move.

    Attributes
    ----------
    added_fraction
        Size liquidated beyond the move, over the size within it; NaN where nothing is, or volume or volatility are unknown.
    ends
        Whether it comes to rest on the map; else the fraction is that at the map's end, and a lower bound.
    """

    added_fraction: float
    ends: bool


def amplify(
    size_at: Callable[[float], float], distance: float, farthest: float, daily_volume: float, daily_volatility: float,
    impact: float,
) -> Amplified:  # fmt: skip
    """Return what a move's own forced orders add to it.

    Parameters
    ----------
    size_at
        Base coin liquidated by a move of so much log price.
    distance, farthest
        Log price: the move, and how far the map is known.
    daily_volume, daily_volatility
        Base coin a day; standard deviation of a day's log return.
    impact
        Y of the square-root law.

    Notes
    -----
    The smallest d' >= d with ``d' = d + Y sigma sqrt(Q(d') / V)`` (the square-root law, Donier & Bonart 2015), by iteration
    from d upward. The move d counts as given from outside; what forced orders did within it is in it. Depth falls in a
    cascade, so this is a lower bound there.
    """
    first = size_at(distance)
    if not (first > 0.0 and daily_volume > 0.0 and daily_volatility > 0.0):
        return Amplified(math.nan, True)
    reached = distance
    for _ in range(_ROUNDS):
        further = distance + price_impact(size_at(reached), daily_volume, daily_volatility, impact)
        if further >= farthest:
            return Amplified(size_at(farthest) / first - 1.0, False)
        if further - reached < _SETTLED:
            break
        reached = further
    return Amplified(size_at(reached) / first - 1.0, True)
