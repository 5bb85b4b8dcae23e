"""Levels, the first return of price to each, and how price reacts there."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free
from runs.validation.dataset import Dataset
from strategies.wipe import WipeParameters

HORIZON_HOURS = 24.0
"""Hours over which a reaction is measured (*assumption*: forced flow's impact decays within hours, and a day covers each hour)."""

_TRADED = WipeParameters()  # what counts as a retest
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Levels:
    """Prices that may hold.

    Attributes
    ----------
    bars
        (m,) the bar that made each.
    sides
        (m,) 0 a support, 1 a resistance.
    prices
        (m,) quote per base.
    swings
        (m,) how far that bar went against the side, in standard deviations of a bar.
    """

    bars: np.ndarray
    sides: np.ndarray
    prices: np.ndarray
    swings: np.ndarray


class Reactions(NamedTuple):
    """What price did at levels that it came back to.

    Attributes
    ----------
    levels
        (k,) index of the level.
    bars
        (k,) the bar of the return.
    values
        (k,) signed return away from the level over the horizon, in standard deviations of the horizon.
    held
        (k,) whether no close of the horizon broke it.
    """

    levels: np.ndarray
    bars: np.ndarray
    values: np.ndarray
    held: np.ndarray


@allocation_free
def first_return(
    extremes: np.ndarray,
    closes: np.ndarray,
    direction: float,
    price: float,
    made: int,
    age: int,
    last: int,
    retest: float,
    tolerance: float,
) -> int:
    """Return the bar at which price is first back at a level, or -1 if it breaks before or does not come.

    Parameters
    ----------
    extremes, closes
        (n,) lows for a support, highs for a resistance; closes.
    direction
        +1 for a support, -1 for a resistance.
    price, made
        The level, and the bar that made it.
    age
        Bars after which a touch is no longer the wipe itself.
    last
        Last bar at which it counts.
    retest, tolerance
        Fractions of the level: how near is a touch, and how far beyond a close breaks it.
    """
    for bar in range(made + 1, last + 1):
        beyond = direction * (closes[bar] - price)
        if beyond < -tolerance * price:
            return -1
        if bar >= made + age and beyond > 0.0 and direction * (extremes[bar] - price) <= retest * price:
            return bar
    return -1


def reactions(dataset: Dataset, levels: Levels) -> Reactions:
    """Return how price reacts at its first return to each level.

    Notes
    -----
    A return is the retest that the strategy trades. The reaction runs from the close after it, so that what bounces between
    bid and ask is not in it, over `HORIZON_HOURS`, divided by volatility times the root of the bars.
    """
    bars, parameters = dataset.bars, dataset.parameters
    horizon = horizon_bars(dataset)
    oldest = round(parameters.level_age_days * 24.0 * _SECONDS_PER_HOUR / dataset.bar_seconds)
    closes, latest = np.ascontiguousarray(bars["close"]), len(bars) - horizon - 2
    extremes = [np.ascontiguousarray(bars["low"]), np.ascontiguousarray(bars["high"])]
    returned = np.full(len(levels.bars), -1, dtype=np.int64)
    for index, (made, side, price) in enumerate(zip(levels.bars, levels.sides, levels.prices, strict=True)):
        last, direction = min(int(made) + oldest, latest), 1.0 if side == 0 else -1.0
        returned[index] = first_return(
            extremes[side], closes, direction, price, int(made), int(_TRADED.min_age_bars), last, _TRADED.retest_tolerance,
            parameters.level_tolerance,
        )  # fmt: skip
    kept = np.flatnonzero(returned >= 0)
    starts, directions = returned[kept] + 1, np.where(levels.sides[kept] == 0, 1.0, -1.0)
    scale = dataset.snapshots["volatility"][returned[kept]] * np.sqrt(horizon)
    values = directions * (closes[starts + horizon] / closes[starts] - 1.0) / np.where(scale > 0.0, scale, np.inf)
    ahead = closes[starts[:, None] + np.arange(horizon + 1)]
    beyond = directions[:, None] * (ahead / levels.prices[kept][:, None] - 1.0)
    return Reactions(kept, returned[kept], values, (beyond >= -parameters.level_tolerance).all(axis=1))


def horizon_bars(dataset: Dataset) -> int:
    """Return how many bars a reaction takes."""
    return max(1, round(HORIZON_HOURS * _SECONDS_PER_HOUR / dataset.bar_seconds))


def apart(found: Reactions, horizon: int) -> Reactions:
    """Return the reactions that do not overlap, in order of time: of two that do, the earlier one counts."""
    kept, free = [], 0
    for index in np.argsort(found.bars, kind="stable"):
        if found.bars[index] >= free:
            kept.append(index)
            free = found.bars[index] + horizon
    chosen = np.array(kept, dtype=np.int64)
    return Reactions(*(values[chosen] for values in found))
