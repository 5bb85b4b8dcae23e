"""The three signals: the magnet, cascade risk, and support and resistance after a wipe."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free

LEVEL = np.dtype(
    [
        ("price", np.float64),  # quote per base; NaN: free place
        ("size_usd", np.float64),  # strength: size wiped, quote
        ("bar", np.float64),  # index of the bar that made it
        ("reported", np.float64),  # 1 from reported liquidations, 0 from the model
    ]
)
"""A post-wipe level as a numpy record."""

MAX_LEVELS = 16
"""Levels kept on one side; the weakest gives way (*assumption*: a month holds fewer large wipes)."""


def empty_levels() -> np.ndarray:
    """Return room for the levels of both sides, all free."""
    levels = np.zeros((2, MAX_LEVELS), dtype=LEVEL)
    levels["price"] = np.nan
    return levels


@allocation_free
def magnet(above_usd: float, below_usd: float, ratio: float, lone_side_counts: bool) -> float:
    """Return which side's nearest cluster dominates.

    Parameters
    ----------
    above_usd, below_usd
        Magnitude of the nearest significant cluster on each side, quote; NaN where there is none.
    ratio
        How many times the other side's magnitude it takes (default: more than 2).
    lone_side_counts
        Whether a cluster with none opposite is a signal.

    Returns
    -------
    float
        +1 upward, -1 downward, 0 balanced, NaN no signal.
    """
    above, below = not math.isnan(above_usd), not math.isnan(below_usd)
    if not (above and below):
        if lone_side_counts and (above or below):
            return 1.0 if above else -1.0
        return math.nan
    if above_usd > ratio * below_usd:
        return 1.0
    if below_usd > ratio * above_usd:
        return -1.0
    return 0.0


@allocation_free
def cascade_risk(
    clusters: np.ndarray, side: int, count: int, close: float, high_gap: float, moderate_gap: float
) -> float:
    """Return the risk that one cluster's fall sets off the next, by how closely they are stacked.

    Parameters
    ----------
    clusters, side, count
        (2, most) of `CLUSTER`, sorted outward; the first `count` of that side are valid.
    close
        Last price, quote per base.
    high_gap, moderate_gap
        Gap between neighbours, fraction of price, under which the risk is high, moderate (default: 2 %, 5 %).

    Returns
    -------
    float
        0 low (also with fewer than two clusters), 1 moderate, 2 high.
    """
    smallest = math.inf
    for index in range(1, count):
        smallest = min(smallest, abs(clusters[side, index].price - clusters[side, index - 1].price) / close)
    if smallest < high_gap:
        return 2.0
    return 1.0 if smallest < moderate_gap else 0.0


@allocation_free
def price_impact(size: float, daily_volume: float, daily_volatility: float, impact: float) -> float:
    """Return how far forced flow moves the price, as a log price: ``Y sigma_D sqrt(Q / V_D)``.

    Parameters
    ----------
    size, daily_volume
        Base coin forced, and traded in 24 hours.
    daily_volatility
        Standard deviation of a day's log return.
    impact
        Y of the square-root law, of order one (Donier & Bonart 2015, arXiv 1412.4503). In a cascade depth falls by 90 %
        and more, so this is a lower bound there.
    """
    if not (size > 0.0 and daily_volume > 0.0):
        return 0.0
    return impact * daily_volatility * math.sqrt(size / daily_volume)


@allocation_free
def cascade_gain(outward: np.ndarray, side: int, first_free: int, size: float, reach_bins: float) -> float:
    """Return the size that the forced close of one cluster sets off next, per unit of it.

    Parameters
    ----------
    outward, side
        (2, bins) density in base coin, outward from the close.
    first_free
        First bin beyond the nearest cluster.
    size
        Base coin in that cluster.
    reach_bins
        Bins that its forced close moves the price (`price_impact` over the bin width).

    Returns
    -------
    float
        R = rho k: mean density within reach times impact per unit size. Below 1 a cascade dies out and multiplies the
        move by 1 / (1 - R); at 1 and above it feeds itself (the feedback number of Bankman-Fried's
        thread on the crash of 2020-03-12).
    """
    if size <= 0.0:
        return 0.0
    total, bins = 0.0, outward.shape[1]
    reach_bins = min(reach_bins, float(bins))  # next to no turnover makes it larger than any integer
    whole = min(int(reach_bins), bins - first_free)
    for index in range(first_free, first_free + whole):
        total += outward[side, index]
    if first_free + whole < bins:
        total += (reach_bins - int(reach_bins)) * outward[side, first_free + whole]
    return total / size


@allocation_free
def record_level(
    levels: np.ndarray, side: int, price: float, size_usd: float, bar: float, reported: bool, same_within: float
) -> None:
    """Enter a wipe into one side's levels.

    Parameters
    ----------
    levels, side
        (2, most) of `LEVEL`, changed in place.
    price, size_usd, bar, reported
        The new level.
    same_within
        Bars within which a further wipe is the same event.

    Notes
    -----
    The same event: the newest level takes the larger size and its price. Otherwise the wipe takes a free place, or that
    of the weakest level if that is weaker.
    """
    newest, weakest, free = -1, -1, -1
    for index in range(levels.shape[1]):
        if math.isnan(levels[side, index].price):
            free = index
            continue
        if newest < 0 or levels[side, index].bar > levels[side, newest].bar:
            newest = index
        if weakest < 0 or levels[side, index].size_usd < levels[side, weakest].size_usd:
            weakest = index
    if newest >= 0 and bar - levels[side, newest].bar < same_within:
        place = newest
    else:
        place = free if free >= 0 else weakest
    if place != free and size_usd <= levels[side, place].size_usd:
        return
    level = levels[side, place]
    level.price, level.size_usd = price, size_usd
    level.bar, level.reported = bar, 1.0 if reported else 0.0


@allocation_free
def drop_levels(levels: np.ndarray, side: int, close: float, tolerance: float, oldest_bar: float) -> None:
    """Free the levels that a close has broken (by more than `tolerance`, a fraction of price) or that are too old.

    Supports (side 0) break by a close below, resistances (side 1) by one above.
    """
    direction = 1.0 if side == 0 else -1.0
    for index in range(levels.shape[1]):
        level = levels[side, index]
        if direction * (close - level.price) < -tolerance * level.price or level.bar < oldest_bar:
            level.price = math.nan


@allocation_free
def nearest_level(levels: np.ndarray, side: int, close: float, tolerance: float) -> int:
    """Return the index of one side's standing level nearest to the close, or -1.

    A level that price has pierced by less than `tolerance` still stands and is the nearest.
    """
    direction, best = 1.0 if side == 0 else -1.0, -1
    for index in range(levels.shape[1]):
        price = levels[side, index].price
        if math.isnan(price) or direction * (close - price) < -tolerance * price:
            continue
        if best < 0 or direction * (price - levels[side, best].price) > 0.0:
            best = index
    return best
