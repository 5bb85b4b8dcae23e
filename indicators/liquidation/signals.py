"""The magnet, cascade risk and impact: pure functions of the clusters, and the states that hold a decision.

A pure function applies its threshold to the letter. Where a price hovers at a threshold it would flip on dust, so the
model's state (`held_magnet`, `held_risk`) leaves a decision only `hysteresis` on the other side of the threshold.
"""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.position_map import mass_between


@allocation_free
def magnet(above_usd: float, below_usd: float, ratio: float, one_sided_signal: bool) -> float:
    """Return which side's nearest cluster dominates.

    Parameters
    ----------
    above_usd, below_usd
        Magnitude of the nearest significant cluster on each side, quote; NaN where there is none.
    ratio
        How many times the other side's magnitude it takes (default: more than 2).
    one_sided_signal
        Whether a cluster with none opposite is a signal.

    Returns
    -------
    float
        +1 upward, -1 downward, 0 balanced, NaN no signal.
    """
    above, below = not math.isnan(above_usd), not math.isnan(below_usd)
    if not (above and below):
        if one_sided_signal and (above or below):
            return 1.0 if above else -1.0
        return math.nan
    if above_usd > ratio * below_usd:
        return 1.0
    if below_usd > ratio * above_usd:
        return -1.0
    return 0.0


@allocation_free
def held_magnet(
    previous: float, above_usd: float, below_usd: float, ratio: float, one_sided_signal: bool, hysteresis: float
) -> float:
    """Return `magnet`, or `previous` (its last value) while a ratio lower by `hysteresis`, but at least 1, still gives that."""
    fresh = magnet(above_usd, below_usd, ratio, one_sided_signal)
    if fresh != previous and not math.isnan(fresh) and (previous == 1.0 or previous == -1.0):
        eased = magnet(above_usd, below_usd, max(ratio * (1.0 - hysteresis), 1.0), one_sided_signal)
        return previous if eased == previous else fresh
    return fresh


@allocation_free
def smallest_gap(clusters: np.ndarray, side: int, count: int, close: float) -> float:
    """Return the smallest distance between neighbours as a fraction of price; infinity for fewer than two clusters.

    Parameters
    ----------
    clusters, side, count
        (2, most) of `FOUND`, sorted outward; the first `count` of that side are valid.
    close
        Last price, quote per base.
    """
    smallest = math.inf
    for index in range(1, count):
        smallest = min(smallest, abs(clusters[side, index].price - clusters[side, index - 1].price) / close)
    return smallest


@allocation_free
def cascade_risk(gap: float, high_gap: float, moderate_gap: float) -> float:
    """Return the risk that one cluster's fall sets off the next, by how closely they are stacked.

    Parameters
    ----------
    gap
        From `smallest_gap`; NaN where there are no two clusters.
    high_gap, moderate_gap
        Gap between neighbours, fraction of price, under which the risk is high, moderate (default: 2 %, 5 %).

    Returns
    -------
    float
        0 low (also with fewer than two clusters), 1 moderate, 2 high.
    """
    if gap < high_gap:
        return 2.0
    return 1.0 if gap < moderate_gap else 0.0


@allocation_free
def held_risk(previous: float, gap: float, high_gap: float, moderate_gap: float, hysteresis: float) -> float:
    """Return `cascade_risk`, or as much of `previous` (its last value) as gaps wider by `hysteresis` still give."""
    eased = cascade_risk(gap / (1.0 + hysteresis), high_gap, moderate_gap)
    return max(cascade_risk(gap, high_gap, moderate_gap), min(previous, eased))


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
def branching_ratio(density: np.ndarray, side: int, start: float, edge: float, share: float, reach: float) -> float:
    """Return the size that the forced close of one cluster sets off next, per unit of it.

    Parameters
    ----------
    density, side, start
        (2, n) from `read`, and the close's place within its bin.
    edge, share
        Where the cluster ends (bins outward) and what it holds (share of all positions).
    reach
        Bins that its forced close moves the price (`price_impact` over the bin width).

    Returns
    -------
    float
        Mean density within reach times impact per unit size. Below 1 a cascade dies out and multiplies the
        move by 1 / (1 - R); at 1 and above it feeds itself (the feedback number of Bankman-Fried's
        thread on the crash of 2020-03-12).
    """
    if not share > 0.0:
        return 0.0
    # Next to no turnover makes the reach larger than any integer.
    mass, _ = mass_between(density, side, start, edge, edge + min(reach, float(density.shape[1])))
    return mass / share
