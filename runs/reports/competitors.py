"""The headline figures of a run beside those of what it has to beat: the same rows in the terminal and on pages."""

import math
from typing import Any

SIDES = (
    ("performance", "strategy"),
    ("constant_exposure", "its exposure, constant"),
    ("perpetual_held", "perpetual held"),
    ("buy_and_hold", "buy and hold"),
)
"""Where metrics.json has them, and their titles."""

ROWS = (
    ("Total return", "total_return_fraction", "{:+.2%}"),
    ("Annual growth", "annual_growth_fraction", "{:+.2%}"),
    ("Annual volatility", "annual_volatility_fraction", "{:.2%}"),
    ("Sharpe (365 days)", "sharpe", "{:.2f}"),
    ("Sortino (365 days)", "sortino", "{:.2f}"),
    ("Largest drawdown, all bars", "max_bar_drawdown_fraction", "{:.2%}"),
    ("Largest drawdown, daily closes", "max_daily_drawdown_fraction", "{:.2%}"),
)

EXPLAINED = (
    "Its exposure, constant: the time mean of the strategy's signed notional over equity, restored daily without cost, with "
    "funding. Perpetual held: one coin from the first open, with funding, fee and slippage, and nothing sold to pay them. "
    "Buy and hold: one coin, unlevered, without costs or funding."
)


def side_by_side(metrics: dict[str, Any], key: str, shape: str) -> list[str]:
    """Return a figure of each of `SIDES` as text; a dash where it is not defined.

    Parameters
    ----------
    metrics
        Of `run_metrics`.
    key, shape
        Which figure, and how it is written.
    """
    found = [metrics[side].get(key) for side, _ in SIDES]
    return ["-" if value is None or not math.isfinite(value) else shape.format(value) for value in found]


def further_cash(metrics: dict[str, Any]) -> str:
    """Return what holding the perpetual would have needed beyond the price of the coin, as a sentence; empty where nothing."""
    share = metrics["perpetual_held"]["further_cash_fraction"]
    if not share:
        return ""
    return f"Holding the perpetual took {share:.1%} more cash than its first price; without, it would have been liquidated."
