"""The headline figures of a series of daily returns or of equity: pure functions. Crypto trades 365 days a year.

NaN policy: a figure that its inputs do not define (no variance, fewer than two days) is NaN, never zero.
"""

import math
from typing import NamedTuple

import numpy as np

from indicators.liquidation.compiled import allocation_free

DAYS_PER_YEAR = 365
"""Crypto knows no holidays; 252 would understate volatility and growth (a trap of the usual defaults)."""


@allocation_free
def compounded(returns: np.ndarray) -> float:
    """Return the product of one plus each of (n,) period returns."""
    growth = 1.0
    for row in range(len(returns)):
        growth *= 1.0 + returns[row]
    return growth


@allocation_free
def sample_deviation(returns: np.ndarray) -> float:
    """Return the sample standard deviation (ddof 1) of (n,) returns; NaN with fewer than two, exactly 0 where all are equal.

    Distances are taken from the first value: the mean of equal values is then no rounding error away from them.
    """
    count = len(returns)
    if count < 2:
        return math.nan
    mean = 0.0
    for row in range(count):
        mean += (returns[row] - returns[0]) / count
    squares = 0.0
    for row in range(count):
        squares += (returns[row] - returns[0] - mean) ** 2
    return math.sqrt(squares / (count - 1))


@allocation_free
def mean_return(returns: np.ndarray) -> float:
    """Return the mean of (n,) returns; n > 0."""
    total = 0.0
    for row in range(len(returns)):
        total += returns[row]
    return total / len(returns)


@allocation_free
def downside_deviation(returns: np.ndarray) -> float:
    """Return the root mean square of the losses among (n,) returns, of which all count; n > 0."""
    squares = 0.0
    for row in range(len(returns)):
        squares += min(returns[row], 0.0) ** 2
    return math.sqrt(squares / len(returns))


def total_return(returns: np.ndarray) -> float:
    """Return the compounded return of (n,) period returns."""
    return float(compounded(returns)) - 1.0


def annual_growth(returns: np.ndarray) -> float:
    """Return the compound annual growth rate of (n,) daily returns; -1 where all is lost, NaN without a day."""
    if not len(returns):
        return math.nan
    growth = float(compounded(returns))
    return growth ** (DAYS_PER_YEAR / len(returns)) - 1.0 if growth > 0.0 else -1.0


def annual_volatility(returns: np.ndarray) -> float:
    """Return the annualised standard deviation (ddof 1) of (n,) daily returns; NaN with fewer than two."""
    return float(sample_deviation(returns)) * math.sqrt(DAYS_PER_YEAR)


def sharpe(returns: np.ndarray) -> float:
    """Return the annualised Sharpe ratio of (n,) daily returns over a riskless rate of zero; NaN without variance."""
    deviation = float(sample_deviation(returns))
    return float(mean_return(returns)) / deviation * math.sqrt(DAYS_PER_YEAR) if deviation > 0.0 else math.nan


def sortino(returns: np.ndarray) -> float:
    """Return the annualised Sortino ratio: mean over the root mean square of the losses (all days count); NaN without a loss."""
    if not len(returns):
        return math.nan
    downside = float(downside_deviation(returns))
    return float(mean_return(returns)) / downside * math.sqrt(DAYS_PER_YEAR) if downside > 0.0 else math.nan


def drawdowns(equity: np.ndarray, start: float) -> np.ndarray:
    """Return (n,) the fraction (<= 0) by which each value lies below the highest before it, the start included."""
    highest = np.maximum.accumulate(np.r_[start, equity])[1:]
    return equity / highest - 1.0


@allocation_free
def deepest_fall(equity: np.ndarray, start: float) -> float:
    """Return the least of `drawdowns` of (n,) values, 0 if none lies below the highest before it, in one pass."""
    highest, least = start, 1.0
    for row in range(len(equity)):
        highest = max(highest, equity[row])
        least = min(least, equity[row] / highest)
    return least - 1.0


def daily_drawdown(returns: np.ndarray) -> float:
    """Return the deepest fall (<= 0) of the daily closes that (d,) returns compound to, the start included."""
    return float(deepest_fall(np.cumprod(1.0 + returns), 1.0))


class Drawdown(NamedTuple):
    """The deepest fall: `fraction` <= 0, the bars of its peak (-1: the start), bottom and recovery (None: none yet), its length."""

    fraction: float
    peak: int
    bottom: int
    end: int | None
    bars: int


def largest_drawdown(equity: np.ndarray, start: float) -> Drawdown:
    """Return the deepest fall of (n,) values from a high before them, the start included; zero and bar 0 if there is none."""
    fall = drawdowns(equity, start)
    bottom = int(fall.argmin())
    if fall[bottom] >= 0.0:
        return Drawdown(0.0, 0, 0, None, 0)
    before = np.r_[start, equity[: bottom + 1]]
    peak = int(np.flatnonzero(before == before.max())[-1]) - 1  # the latest of equal highs: the fall began there
    recovered = np.flatnonzero(fall[bottom:] >= 0.0)
    end = bottom + int(recovered[0]) if len(recovered) else None
    return Drawdown(float(fall[bottom]), peak, bottom, end, (len(equity) - 1 if end is None else end) - peak)


def headline(returns: np.ndarray, equity: np.ndarray, start: float) -> dict[str, float]:
    """Return the figures by which runs are compared.

    Parameters
    ----------
    returns
        (d,) daily returns.
    equity
        (n,) value at each bar's close.
    start
        Value before the first bar.
    """
    growth, worst = annual_growth(returns), float(deepest_fall(equity, start))
    return {
        "total_return_fraction": float(equity[-1] / start - 1.0),
        "annual_growth_fraction": growth,
        "annual_volatility_fraction": annual_volatility(returns),
        "sharpe": sharpe(returns),
        "sortino": sortino(returns),
        "bar_calmar": growth / -worst if worst < 0.0 else math.nan,
        "max_bar_drawdown_fraction": worst,
        "max_daily_drawdown_fraction": daily_drawdown(returns),
    }


def time_in_market(position: np.ndarray) -> float:
    """Return the share of (n,) closes at which a position (base coin) was held."""
    return int(np.count_nonzero(position)) / len(position)
