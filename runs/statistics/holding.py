"""What merely holding earns: the benchmarks that a strategy which trades has to beat. Pure functions."""

import numpy as np

from indicators.liquidation.compiled import allocation_free, compiled


def held_worth(close: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return (n,) what a coin of the perpetual is worth at each close, all funding paid, quote.

    Parameters
    ----------
    close, paid
        (n,) prices, and the funding that a coin pays in each bar, quote.

    Notes
    -----
    Nothing is sold to pay funding, so that it may fall below zero. Then an account that began with the price of a coin would
    have been liquidated, unless more cash came in.
    """
    return close - np.cumsum(paid)


def holding_returns(opened: float, close: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return (d,) what a day of holding earns, funding paid, as a fraction of the price at the day's start.

    Parameters
    ----------
    opened
        Price at the first day's start, quote.
    close, paid
        (d,) prices at the days' ends, and the funding that a coin pays in each day, quote.
    """
    before = np.concatenate([[opened], close[:-1]])
    return (close - paid) / before - 1.0


@allocation_free
def mean_exposure(position: np.ndarray, close: np.ndarray, equity: np.ndarray) -> float:
    """Return the time mean of signed notional over equity, ``mean(position close / equity)``; a lost account has none.

    Parameters
    ----------
    position, close, equity
        (n,) signed base coin, quote per base, and quote, at each close; n > 0.
    """
    total = 0.0
    for row in range(len(position)):
        if position[row] != 0.0 and equity[row] > 0.0:
            total += position[row] * close[row] / equity[row]
    return total / len(position)


@compiled
def constant_exposure_returns(exposure: float, returns: np.ndarray) -> np.ndarray:
    """Return (d,) what an exposure that is restored every day earns: ``exposure x returns``, until all is lost.

    Parameters
    ----------
    exposure
        Signed notional over equity.
    returns
        (d,) of `holding_returns`. Restoring the exposure costs nothing, in favour of this benchmark.
    """
    earned = np.zeros(len(returns))
    for row in range(len(returns)):
        earned[row] = max(exposure * returns[row], -1.0)
        if earned[row] == -1.0:
            break
    return earned
