"""How deep the drawdown would have been, had the same trades come in another order."""

from dataclasses import dataclass

import numpy as np

from runs.statistics.performance import drawdowns

DRAWS = 2000
"""Orders; the share of deeper ones is then known to +-.022 (binomial, two deviations)."""


@dataclass(frozen=True)
class Drawdowns:
    """Deepest falls (<= 0, fractions of the high before) of trades compounded in random order.

    Attributes
    ----------
    observed
        In the order in which the trades came.
    median
        Half of all orders fall deeper.
    quantile_95
        One order in twenty falls deeper.
    probability_worse
        Share of orders that fall deeper than the observed one, 0 .. 1. Near 1: the order was lucky.
    """

    observed: float
    median: float
    quantile_95: float
    probability_worse: float


def trade_order_drawdowns(trade_returns: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Drawdowns:
    """Return what drawdowns random orders of the same trades give.

    Parameters
    ----------
    trade_returns
        (m,) each trade's net profit as a fraction of the equity before it, in order; they compound. A loss of more than all
        counts as all: the venue takes what goes beyond.
    draws, seed
        Random orders, each equally likely, and the seed they are drawn by.

    Notes
    -----
    All orders end at the same equity. Only the luck of the order is shown, and only between trades: what is lost within one
    and won back before its end does not count, and wins and losses that come in streaks for a reason are torn apart.

    Raises
    ------
    ValueError
        Without a trade, without draws, or for a return that is no number.
    """
    returns = np.asarray(trade_returns, dtype=np.float64)
    if returns.ndim != 1 or not len(returns) or draws < 1:
        raise ValueError(f"{returns.size} trades in {draws} orders: give one or more of each")
    if not np.isfinite(returns).all():
        raise ValueError("trade returns: each must be a finite number")
    growth = np.maximum(1.0 + returns, 0.0)
    random = np.random.default_rng(seed)
    observed = _deepest(growth)
    drawn = np.array([_deepest(random.permutation(growth)) for _ in range(draws)])
    median, deep = np.quantile(drawn, [0.5, 0.05])
    worse = float(np.mean(drawn < observed - 1e-12))  # the order of multiplication rounds
    return Drawdowns(observed, float(median), float(deep), worse)


def _deepest(growth: np.ndarray) -> float:
    return float(drawdowns(np.cumprod(growth), 1.0).min())
