"""The statistics of a sweep, as plain figures: what noise would give, how the best stands against it, and the verdict."""

import math
from typing import Any

import numpy as np

from runs.statistics.deflation import best_deflated
from runs.statistics.drawdown import trade_order_drawdowns
from runs.statistics.overfitting import BLOCKS, backtest_overfitting
from runs.statistics.performance import DAYS_PER_YEAR
from runs.statistics.reality import superior_predictive_ability
from runs.statistics.sharpe import minimum_backtest_length_years, probabilistic_sharpe, sharpe_sample
from runs.sweeps.findings.results import SweepResults
from runs.sweeps.findings.verdict import LEVEL, VerdictInputs, judge

ANNUAL = math.sqrt(DAYS_PER_YEAR)
DECIDES = (
    "The test against cash (zero) decides, since a strategy that goes long and short, or stays out, has cash to lose to. The "
    "test against buy and hold asks another question: whether it was worth the trouble. Both keep their level on noise with fat "
    "tails, and where a day depends on the one before. It is too lenient to trials with rare great losses, or whose days "
    "depend on one another for longer than that: these pass as skill more often than the level says."
)

_DAYS_A_BLOCK = 4
"""Fewer days a block give no Sharpe ratio worth the name (*assumption*); with less data there are fewer blocks."""


def probabilistic(returns: np.ndarray) -> float:
    """Return the probability that (t,) daily returns have a true Sharpe ratio above zero, as if nothing else was tried; or NaN."""
    try:
        return probabilistic_sharpe(sharpe_sample(returns))
    except ValueError:
        return math.nan


def deflation(returns: np.ndarray) -> dict[str, Any] | None:
    """Return the deflated Sharpe ratio of the best of (t, n) daily returns, for the raw and the effective number of trials.

    None for fewer than two trials that vary. Ratios are annual. The minimum backtest length is that of the best's own ratio.
    """
    try:
        found = best_deflated(returns)
    except ValueError:
        return None
    annual = found.sample.sharpe * ANNUAL

    def against(trials: float, threshold: float, probability: float) -> dict[str, float]:
        years = minimum_backtest_length_years(trials, annual) if annual > 0.0 else math.inf
        return {
            "trials": trials,
            "expected_maximum_sharpe": threshold * ANNUAL,
            "deflated_sharpe": probability,
            "minimum_backtest_length_years": years,
        }

    return {
        "best": found.best,
        "sharpe": annual,
        "deviation_of_sharpe": found.deviation * ANNUAL,
        "years": len(returns) / DAYS_PER_YEAR,
        "raw": against(float(found.trials), found.threshold, found.probability),
        "effective": against(found.effective, found.threshold_effective, found.probability_effective),
    }


def overfitting(returns: np.ndarray) -> dict[str, Any] | None:
    """Return the probability of backtest overfitting of (t, n) daily returns and its spread; None where it is not defined."""
    blocks = min(BLOCKS, len(returns) // _DAYS_A_BLOCK // 2 * 2)
    try:
        found = backtest_overfitting(returns, blocks)
    except ValueError:
        return None
    low, middle, high = np.quantile(found.logits, [0.05, 0.5, 0.95])
    return {
        "probability": found.probability,
        "probability_of_loss": found.probability_of_loss,
        "degradation_slope": found.degradation_slope,
        "blocks": blocks,
        "splits": len(found.logits),
        "logit_5": float(low),
        "logit_median": float(middle),
        "logit_95": float(high),
        "sharpe_in_sample_median": float(np.median(found.in_sample)),
        "sharpe_out_of_sample_median": float(np.median(found.out_of_sample)),
    }


def ability(excess: np.ndarray, draws: int, seed: int) -> dict[str, Any] | None:
    """Return the test of superior predictive ability on (t, n) daily returns less a benchmark's; None where it is not defined."""
    try:
        found = superior_predictive_ability(excess, draws=draws, seed=seed)
    except ValueError:
        return None
    return {
        "p_lower": found.p_lower,
        "p_consistent": found.p_consistent,
        "p_upper": found.p_upper,
        "reality_check": found.reality_check,
        "block_length_days": found.block_length,
        "best": found.best,
        "draws": draws,
    }


def statistics_of(
    results: SweepResults, benchmark: np.ndarray, trade_returns: np.ndarray | None, draws: int, seed: int
) -> dict[str, Any]:
    """Return all statistics of a sweep; None in place of what is not defined.

    Parameters
    ----------
    results
        The sweep.
    benchmark
        (t,) daily returns of buy and hold.
    trade_returns
        (m,) of the best trial's trades; None leaves out what another order of them would have given.
    draws, seed
        Random draws of each test, and their seed.
    """
    returns, numbers = results.returns, results.table["number"].to_numpy()
    deflated = deflation(returns)
    tests = {"cash": ability(returns, draws, seed), "buy_and_hold": ability(returns - benchmark[:, None], draws, seed)}
    for found in (deflated, *tests.values()):
        if found is not None:  # a column's place means nothing to a reader
            found["best"] = int(numbers[found["best"]])
    orders = None
    if trade_returns is not None and len(trade_returns):
        drawn = trade_order_drawdowns(trade_returns, draws=draws, seed=seed)
        orders = {
            "trades": len(trade_returns),
            "observed": drawn.observed,
            "median": drawn.median,
            "quantile_95": drawn.quantile_95,
            "probability_worse": drawn.probability_worse,
        }
    return {
        "probabilistic_sharpe": probabilistic(returns[:, results.order[0]]) if len(numbers) else None,
        "deflation": deflated,
        "overfitting": overfitting(returns),
        "superior_ability": {**tests, "decides": "cash", "why": DECIDES},
        "trade_order_drawdown": orders,
    }


def verdict_on(results: SweepResults, statistics: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict, its sentence and its level, from `statistics_of` the same sweep."""

    def take(name: str, *path: str) -> float:
        found = statistics[name]
        for key in path:
            found = found and found[key]
        return float("nan") if found is None else float(found)

    evidence = VerdictInputs(
        days=len(results.days),
        trials=int(results.varies.sum()),
        ability=take("superior_ability", "cash", "p_consistent"),
        probabilistic=take("probabilistic_sharpe"),
        deflated=take("deflation", "raw", "deflated_sharpe"),
        deflated_effective=take("deflation", "effective", "deflated_sharpe"),
        overfitting=take("overfitting", "probability"),
        loss=take("overfitting", "probability_of_loss"),
    )
    return {**judge(evidence)._asdict(), "level": LEVEL}
