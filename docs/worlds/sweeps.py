"""Sweeps over simulated markets whose truth is known, and what their reports would say."""

import itertools
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.simulated.market import simulate
from datafeeds.simulated.parameters import SimulationParameters
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.snapshot_cache import Heatmaps
from runs.statistics.performance import DAYS_PER_YEAR
from runs.sweeps.findings.results import SweepResults, read_results
from runs.sweeps.findings.split_sample import sharpe_ratios
from runs.sweeps.findings.statistics import statistics_of, verdict_on
from runs.sweeps.findings.summary import benchmark_returns
from runs.sweeps.rows.objective import METRICS

FAIR = SimulationParameters(magnet_strength=0.0, cascade_feedback=0.0, post_wipe_reversion=0.0)
"""The null world: liquidations move no price, and no price is drawn to or driven from a level."""

FREE = {"taker_fee_bps": 0.0, "maker_fee_bps": 0.0, "slippage_bps": 0.0}
"""Costs would make every trial of noise a loser, and a test of its level too easy to pass."""

COMBINATIONS = 200
DRAWS = 1000

_VALUES = {
    "min_distance": (0.001, 0.002, 0.005, 0.01),
    "max_distance": (0.02, 0.03, 0.05, 0.08),
    "stop_atr": (1.0, 2.0, 3.0, 5.0),
    "time_limit_hours": (6.0, 12.0, 24.0, 48.0),
}
"""What is swept of the magnet; around its defaults."""


@dataclass(frozen=True)
class Planted:
    """A kind of market, and what is planted in a sweep over it.

    Attributes
    ----------
    name
        For the reader.
    magnet_strength
        The simulator's knob; 0 is no effect.
    costs
        Of the trials, beside the defaults.
    sharpe
        Annual Sharpe ratio added to the first trial: its daily returns are raised by ``sharpe sd / sqrt(365)``; the others stay.
    signs
        Whether the returns of all trials on a day are multiplied by one random sign. Then no trial has a mean, whatever the
        market and the fills do, and how trials and days depend on one another stays: an exact null.
    """

    name: str
    magnet_strength: float = 0.0
    costs: dict[str, float] = field(default_factory=lambda: dict(FREE))
    sharpe: float = 0.0
    signs: bool = False


def combinations(count: int, seed: int) -> list[dict[str, float]]:
    """Return `count` different rules of the magnet, drawn from the grid of 256."""
    grid = [dict(zip(_VALUES, values, strict=True)) for values in itertools.product(*_VALUES.values())]
    indices = np.random.default_rng(seed).permutation(len(grid))[:count]
    return [grid[index] for index in indices]


def sweep_in(planted: Planted, seed: int, bars: int, count: int = COMBINATIONS) -> tuple[SweepResults, np.ndarray]:
    """Return the rows of a sweep of the magnet over one market, and the daily returns of buy and hold.

    Parameters
    ----------
    planted
        What is true there.
    seed
        Of the market and of the combinations.
    bars
        Hours.
    count
        Combinations, at most 256.
    """
    market = simulate(seed, bars=bars, parameters=replace(FAIR, magnet_strength=planted.magnet_strength))
    evaluator = Evaluator(market, Heatmaps(None))
    rows: list[dict[str, Any]] = []
    for number, rule in enumerate(combinations(count, seed)):
        trial = evaluator.trial(configuration_from({"strategy": "magnet", "rule": rule, "costs": planted.costs}))
        row = {"number": number, "key": str(number), "status": "ok", "error": ""}
        row |= {f"rule.{name}": value for name, value in rule.items()}
        row |= {name: float(trial.metrics[name]) for name in METRICS}
        rows.append(row | {"daily_returns": trial.daily_returns})
    first = rows[0]["daily_returns"]
    rows[0]["daily_returns"] = first + planted.sharpe * first.std(ddof=1) / math.sqrt(DAYS_PER_YEAR)
    rows[0]["sharpe"] = float(rows[0]["sharpe"]) + planted.sharpe
    results = read_results(pd.DataFrame(rows), evaluator.days, "sharpe")
    return (_signed(results, seed) if planted.signs else results), benchmark_returns(market, evaluator.days)


def _signed(results: SweepResults, seed: int) -> SweepResults:
    signs = np.random.default_rng([seed, 1]).choice([-1.0, 1.0], len(results.days))
    returns = results.returns * signs[:, None]
    return replace(results, returns=returns, table=results.table.assign(sharpe=sharpe_ratios(returns)))


def verdict_in(planted: Planted, bars: int, seed: int) -> tuple[str, float, float, float]:
    """Return the verdict on one sweep, its consistent SPA p-value, its PBO and its deflated Sharpe ratio (effective trials)."""
    results, benchmark = sweep_in(planted, seed, bars)
    statistics = statistics_of(results, benchmark, None, DRAWS, seed)
    return (
        str(verdict_on(results, statistics)["verdict"]),
        statistics["superior_ability"]["cash"]["p_consistent"],
        statistics["overfitting"]["probability"],
        statistics["deflation"]["effective"]["deflated_sharpe"],
    )
