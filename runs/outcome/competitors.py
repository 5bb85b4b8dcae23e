"""What a run has to beat, besides buy and hold: the perpetual held, and the run's own mean exposure held constant.

Buy and hold is that of a coin on the spot market. A perpetual pays funding, so who holds it earns less, and a strategy that is
mostly long is to be compared with holding as much of it as the strategy does on average.
"""

import math
from typing import Any

import numpy as np

from datafeeds.schema import Market
from runs.engines.configuration import Configuration
from runs.engines.held import HeldPerpetual, held_perpetual
from runs.engines.instruments import market_prices
from runs.engines.result import EngineResult
from runs.statistics import performance
from runs.statistics.daily import day_ends, returns_of_days
from runs.statistics.headline import daily_figures
from runs.statistics.holding import constant_exposure_returns, held_worth, mean_exposure
from runs.venues.instruments import Listing


def competitors(result: EngineResult) -> dict[str, dict[str, Any]]:
    """Return ``perpetual_held`` and ``constant_exposure`` of a run, as metrics.json has them."""
    held = held_of(result.market)
    exposure = mean_exposure(result.position, held.close, result.equity)
    ours = returns_of_days(result.equity[held.day_rows], float(result.account["start"][0]))
    return {
        "perpetual_held": perpetual_held(held, entry_cost(result.configuration, result.listing)),
        "constant_exposure": constant_exposure(held, exposure, ours),
    }


def held_of(market: Market) -> HeldPerpetual:
    """Return what holding the perpetual through a market comes to."""
    return held_perpetual(market_prices(market), day_ends(market.times)[1])


def entry_cost(configuration: Configuration, listing: Listing) -> float:
    """Return taker fee and slippage of a market order on the first day, fraction of its notional."""
    costs = configuration.costs.records(listing.instruments[:1])[0]
    return (1.0 + float(costs["slippage"])) * (1.0 + float(costs["taker_fee"])) - 1.0


def perpetual_held(held: HeldPerpetual, entry_cost: float) -> dict[str, float]:
    """Return what a coin of the perpetual made of its price, held from the first open on.

    Parameters
    ----------
    held
        From `held_perpetual`.
    entry_cost
        Fee and slippage of buying it, fraction of the price.

    Returns
    -------
    dict
        `total_return_fraction` is the sum of `price_return_fraction`, less `funding_paid_fraction` and `entry_cost_fraction`, all
        of the first price; `annual_growth_fraction` follows from it. Volatility and ratios are of daily returns on the
        coin's price. `further_cash_fraction` is how far its worth fell below zero: an account that began with the price of the
        coin needed so much more to go on holding it.
    """
    returns, opened = held.daily_returns, held.opened
    worth = held_worth(held.close, held.paid) / opened - entry_cost
    total = float(worth[-1]) - 1.0
    growth = (1.0 + total) ** (performance.DAYS_PER_YEAR / len(returns)) - 1.0 if total > -1.0 else -1.0
    return {
        "total_return_fraction": total,
        "price_return_fraction": float(held.close[-1]) / opened - 1.0,
        "funding_paid_fraction": float(held.paid.sum()) / opened,
        "entry_cost_fraction": entry_cost,
        "annual_growth_fraction": growth,
        "annual_volatility_fraction": performance.annual_volatility(returns),
        "sharpe": performance.sharpe(returns),
        "sortino": performance.sortino(returns),
        "max_bar_drawdown_fraction": float(performance.deepest_fall(worth, 1.0)),
        "max_daily_drawdown_fraction": float(performance.deepest_fall(worth[held.day_rows], 1.0)),
        "further_cash_fraction": max(-float(worth.min()), 0.0),
    }


def constant_exposure(held: HeldPerpetual, exposure: float, ours: np.ndarray) -> dict[str, Any]:
    """Return what a run's mean exposure would have earned, held constant.

    Parameters
    ----------
    held
        From `held_perpetual`.
    exposure
        Time mean of signed notional over equity.
    ours
        (d,) the run's daily returns.
    """
    returns = constant_exposure_returns(exposure, held.daily_returns)
    return {"mean_exposure": exposure, **daily_figures(returns), "sentence": exposure_sentence(exposure, ours, returns)}


def exposure_sentence(exposure: float, ours: np.ndarray, theirs: np.ndarray) -> str:
    """Return how daily returns compare with those of the mean exposure held constant, `theirs`, in words."""
    if exposure == 0.0:
        return "Nothing was held, so there is no exposure to compare it with."
    (earned, ratio), (held, held_ratio) = (
        (performance.total_return(returns), performance.sharpe(returns)) for returns in (ours, theirs)
    )
    if math.isnan(ratio) or math.isnan(held_ratio):
        ratio = held_ratio = math.nan
    if earned <= held and not ratio > held_ratio:
        verdict = "it loses to simply holding that much"
    elif earned > held and not ratio <= held_ratio:
        verdict = "on these bars it does better than simply holding that much"
    else:
        verdict = "neither is better in both"
    ratios = ("", "") if math.isnan(ratio) else (f" at a Sharpe ratio of {held_ratio:.2f}", f" at {ratio:.2f}")
    return (
        f"Its mean exposure, {exposure:+.3g} of equity, held constant with funding would have earned {held:+.1%}{ratios[0]}. It "
        f"earned {earned:+.1%}{ratios[1]}: {verdict}."
    )
