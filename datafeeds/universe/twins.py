"""Universes that cannot be meant: one market twice, or a time in which none exists."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from datafeeds.errors import MarketError
from datafeeds.schema import PRICES, Market


def refuse_broken_span(markets: Sequence[Market]) -> None:
    """Refuse markets of which none exists for a while between two others.

    Raises
    ------
    MarketError
        With the stretch, and who stands at its ends.
    """
    spans = sorted((market.times[0], market.times[-1], market.name) for market in markets)
    end, before = spans[0][1], spans[0][2]
    for first, last, name in spans:
        if first > end + np.timedelta64(markets[0].bar_seconds, "s"):
            raise MarketError(
                f"no market of the universe has bars between {str(end)[:16]} (end of {before}) and {str(first)[:16]} (start of "
                f"{name}); choose markets whose ranges overlap"
            )
        if last > end:
            end, before = last, name


def refuse_twins(markets: Sequence[Market], rows: np.ndarray) -> None:
    """Refuse markets of one name, and markets whose prices are the same at all times that they share.

    Raises
    ------
    MarketError
        With the names of both.

    Notes
    -----
    Where one market is there twice, one of both ends first, in a bar that the other has too: so only the markets' last bars have
    to be looked up. Volume is left out, since a sum over venues trades the first one's price; prices that never move prove nothing.
    """
    names = [market.name for market in markets]
    for name, following in pairwise(names):
        if name == following:
            raise MarketError(
                f"two markets are called {name}; name each once (a file is called by its folder and name)"
            )
    closes = [market.frame["close"].to_numpy() for market in markets]
    last = len(rows) - 1 - (rows[::-1] >= 0).argmax(axis=0)
    for time in np.unique(last):
        seen: dict[float, list[int]] = {}
        for place in np.flatnonzero(rows[time] >= 0).tolist():
            seen.setdefault(float(closes[place][rows[time, place]]), []).append(place)
        for one, other in (pair for alike in seen.values() for pair in combinations(alike, 2)):
            _compare(markets[one], markets[other], rows[:, [one, other]])


def _compare(one: Market, other: Market, rows: np.ndarray) -> None:
    shared = rows[(rows >= 0).all(axis=1)]
    first, second = (_prices(market)[shared[:, side]] for side, market in enumerate((one, other)))
    if np.array_equal(first, second) and np.ptp(first) > 0.0:
        raise MarketError(
            f"{one.name} and {other.name} are one market: their prices are the same in all {len(first):,} bars that they share"
        )


def _prices(market: Market) -> np.ndarray:
    return market.frame[list(PRICES)].to_numpy(dtype=np.float64)
