"""Sweeps made of random numbers, so that what their reports ought to say is known."""

from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from datafeeds.simulated.market import simulate
from runs.statistics.performance import headline
from runs.sweeps.findings.results import SweepResults, read_results
from runs.sweeps.rows.objective import METRICS

FACTS: dict[str, Any] = {
    "configuration": {"strategy": "magnet"},
    "objective": "sharpe",
    "search": {"method": "grid", "seed": 3},
    "space": [],
}


def noise(days: int, trials: int, seed: int, common: float = 0.5) -> np.ndarray:
    """Return (days, trials) returns of mean zero; `common` is the correlation of any two trials."""
    random = np.random.default_rng(seed)
    shared = random.standard_t(5, (days, 1))
    return 0.01 * (np.sqrt(common) * shared + np.sqrt(1.0 - common) * random.standard_t(5, (days, trials)))


def table_of(returns: np.ndarray, errors: int = 0, mode: str = "isolated", error: str = "bad") -> pd.DataFrame:
    """Return the table of a sweep over three parameters whose trials earned (days, trials) `returns`, after some errors."""
    rows = []
    for number in range(returns.shape[1] + errors):
        row: dict[str, Any] = {"number": number, "key": f"{number:x}", "status": "ok", "error": ""}
        row |= {
            "rule.min_distance": 0.01 * (1 + number % 10),
            "rule.hold_bars": number // 10 % 10,
            "costs.margin_mode": mode,
        }
        row |= {"model.magnet_ratio": 1.0 + number // 100}
        failed = number < errors
        daily = np.zeros(0) if failed else returns[:, number - errors]
        figures = {} if failed else headline(daily, np.cumprod(1.0 + daily), 1.0)
        row |= {name: figures.get(name, np.nan if failed else float(number)) for name in METRICS}
        row |= {"status": "error", "error": error} if failed else {}
        rows.append(row | {"daily_returns": daily})
    return pd.DataFrame(rows)


def market_of(days: int) -> Market:
    """Return a simulated market of so many whole days."""
    return simulate(5, bars=24 * days)


def days_of(market: Market) -> np.ndarray:
    """Return the days of a market."""
    return np.unique(market.times.astype("datetime64[D]"))


def results_of(returns: np.ndarray, days: np.ndarray | None = None, **named: Any) -> SweepResults:
    """Return the rows of a sweep whose trials earned `returns`."""
    days = np.datetime64("2024-01-01") + np.arange(len(returns)) if days is None else days
    return read_results(table_of(returns, **named), days, "sharpe")
