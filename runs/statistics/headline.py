"""Intervals of a run's headline figures, from whole blocks of its days drawn with replacement."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from runs.statistics import performance
from runs.statistics.bootstrap import expanded_tail
from runs.statistics.stationary import optimal_block_length, stationary_draws

DRAWS = 1000
"""Resamples; the ends of a 95 % interval then vary by less than a tenth of its width."""

MIN_DAYS = 20
"""Below this an interval would pretend; assumption."""


class Interval(NamedTuple):
    """Ends of a two-sided interval."""

    low: float
    high: float


FIGURES: dict[str, Callable[[np.ndarray], float]] = {
    "total_return_fraction": performance.total_return,
    "annual_growth_fraction": performance.annual_growth,
    "annual_volatility_fraction": performance.annual_volatility,
    "sharpe": performance.sharpe,
    "sortino": performance.sortino,
    "max_daily_drawdown_fraction": performance.daily_drawdown,
}
"""The formulas are those of `performance`."""


def daily_figures(returns: np.ndarray) -> dict[str, float]:
    """Return `FIGURES` of (t,) daily returns."""
    return {name: figure(returns) for name, figure in FIGURES.items()}


def headline_intervals(
    daily_returns: np.ndarray, draws: int = DRAWS, seed: int = 0, confidence: float = 0.95
) -> dict[str, Interval]:
    """Return the interval of each headline figure.

    Parameters
    ----------
    daily_returns
        (t,) of whole days, in order of time.
    draws, seed
        Resamples, and the seed they are drawn by.
    confidence
        Coverage, 0 .. 1.

    Returns
    -------
    dict
        By the names of `FIGURES`. Percentiles over the stationary bootstrap (Politis & Romano 1994) with the block length of
        Politis & White (2004), expanded for few blocks (`bootstrap.expanded_tail`). NaN, as the figures of a run are, with
        fewer than `MIN_DAYS` days, and where no resample defines a figure.

    Notes
    -----
    The intervals hold what varied within these days: a regime that they do not contain is in no resample. Resampled paths lose
    what is longer than a block, so a drawdown that one long trend made lies at the deep end of its interval or outside.

    Raises
    ------
    ValueError
        For a confidence out of its domain, or returns that are not finite.
    """
    returns = np.asarray(daily_returns, dtype=np.float64)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence of {confidence}: must lie between 0 and 1")
    if returns.ndim != 1 or not np.isfinite(returns).all():
        raise ValueError("daily returns: give one finite number a day")
    if len(returns) < MIN_DAYS:
        return dict.fromkeys(FIGURES, Interval(math.nan, math.nan))
    block_length = optimal_block_length(returns)[0]
    drawn = stationary_draws(np.random.default_rng(seed), len(returns), block_length, draws)
    figures = [daily_figures(returns[positions]) for positions in drawn]
    tail = expanded_tail(0.5 * (1.0 - confidence), int(len(returns) / block_length))
    return {name: _interval(np.array([figure[name] for figure in figures]), tail) for name in FIGURES}


def stated_intervals(daily_returns: np.ndarray) -> dict[str, Any]:
    """Return 95 % `headline_intervals` of (t,) as `metrics.json` shows them (``low``, ``high``), and how they were drawn."""
    found = {name: interval._asdict() for name, interval in headline_intervals(daily_returns).items()}
    return {"confidence": 0.95, "draws": DRAWS, "seed": 0, "days": len(daily_returns), **found}


def _interval(values: np.ndarray, tail: float) -> Interval:
    defined = values[np.isfinite(values)]
    if not len(defined):
        return Interval(math.nan, math.nan)
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
