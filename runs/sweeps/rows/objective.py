"""What a sweep looks for: one metric, and whether more or less of it is better."""

import math
from typing import Any

from indicators.liquidation.parameter_fields import unknown
from runs.perpetual.accounting import NOT_OPENED

METRICS = (
    "total_return_fraction",
    "annual_growth_fraction",
    "annual_volatility_fraction",
    "sharpe",
    "sortino",
    "bar_calmar",
    "max_bar_drawdown_fraction",
    "max_daily_drawdown_fraction",
    "trades",
    "hit_rate_fraction",
    "fees_quote",
    "funding_paid_quote",
    "liquidations",
    "final_equity_quote",
    "time_in_market_fraction",
    "turnover_quote",
    "mean_exposure",
    "constant_exposure_return_fraction",
    *NOT_OPENED,
)
"""The metrics of a trial, in the order of the table's columns."""

LESS_IS_BETTER = (
    "annual_volatility_fraction",
    "fees_quote",
    "funding_paid_quote",
    "liquidations",
    "turnover_quote",
    *NOT_OPENED,
)
"""Of these the smallest is best; of all others (a drawdown is negative) the largest."""


def check_objective(name: str) -> str:
    """Return the name of a metric.

    Raises
    ------
    ValueError
        If there is no such metric; with the nearest one.
    """
    if name not in METRICS:
        raise ValueError(unknown("objective", name, list(METRICS)))
    return name


def score(name: str, value: float) -> float:
    """Return a metric so that more is better; NaN is worse than all.

    >>> score("sharpe", 1.5), score("fees_quote", 3.0), score("sharpe", math.nan)
    (1.5, -3.0, -inf)
    """
    if math.isnan(value):
        return -math.inf
    return -value if name in LESS_IS_BETTER else value


def best_first(trials: Any, name: str) -> Any:
    """Return the successful rows of a table of trials, best first; equal ones by number."""
    done = trials[trials["status"] == "ok"]
    order = done.assign(_score=[score(name, float(value)) for value in done[name]])
    return order.sort_values(["_score", "number"], ascending=[False, True]).drop(columns="_score")
