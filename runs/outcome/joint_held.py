"""What an account in several markets has to beat: their coins held in equal parts, with and without funding, and its own exposure.

The parts are those of the weights of the markets that are listed. They are restored at each bar without cost, in favour of these
benchmarks; the exposures each day.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from datafeeds.universe.markets import Universe
from runs.engines.instruments import market_prices
from runs.engines.joint.plan import equal_shares, joint_plan
from runs.engines.joint.result import JointResult
from runs.outcome.competitors import entry_cost, exposure_sentence, held_of
from runs.perpetual.funding import paid_by_a_coin
from runs.statistics.daily import day_ends, laid_out, returns_of_days
from runs.statistics.headline import daily_figures
from runs.statistics.holding import constant_exposure_returns
from runs.statistics.performance import headline


@dataclass(frozen=True)
class JointHeld:
    """Holding, step by step.

    Attributes
    ----------
    spot, perpetual
        (t,) what one unit of quote became at each step's close: of prices alone, and with funding.
    exposures
        (k,) time mean of the account's signed notional over equity in each market.
    notional
        (t, k) the account's signed notional in each market at each step's close.
    """

    spot: np.ndarray
    perpetual: np.ndarray
    exposures: np.ndarray
    notional: np.ndarray


@dataclass(frozen=True)
class HeldInParts:
    """A universe's coins held in equal parts, or by their weights.

    Attributes
    ----------
    times
        (t,) naive UTC opens of the steps.
    spot, perpetual
        As of `JointHeld`.
    """

    times: np.ndarray
    spot: np.ndarray
    perpetual: np.ndarray


def held_in_parts(universe: Universe) -> HeldInParts:
    """Return what holding the markets of a universe comes to."""
    plan = joint_plan(universe)
    weights = equal_shares(plan, universe)[plan.first :]
    price, paid = np.zeros_like(weights), np.zeros_like(weights)
    for k, each in enumerate(universe.markets):
        rows = plan.rows[plan.first :, k]
        there = rows >= 0
        prices = market_prices(each.market.head(each.last))
        charged = np.empty(len(prices))
        paid_by_a_coin(prices, charged)
        begins = max(plan.begins[k], int(rows[there][0]))
        before = np.concatenate([[prices["open"][0]], prices["close"][:-1]])
        before[begins], charged[begins] = prices["open"][begins], 0.0
        traded = there & (rows >= begins)
        bars = rows[traded]
        price[traded, k] = prices["close"][bars] / before[bars] - 1.0
        paid[traded, k] = charged[bars] / before[bars]
    steps = ((weights * price).sum(axis=1), (weights * (price - paid)).sum(axis=1))
    spot, perpetual = (np.cumprod(np.maximum(1.0 + earned, 0.0)) for earned in steps)
    return HeldInParts(universe.times[plan.first : len(plan.rows)], spot, perpetual)


@lru_cache(maxsize=1)
def joint_held(result: JointResult) -> JointHeld:
    """Return what holding the markets of a run comes to; kept for the last run, since figures, page and table ask alike."""
    plan, held = joint_plan(result.universe), held_in_parts(result.universe)
    notional = np.zeros((len(result.times), len(result.parts)))
    for k, part in enumerate(result.parts):
        newest = np.maximum.accumulate(plan.rows[plan.first :, k])
        close = part.market.frame["close"].to_numpy()
        notional[newest >= 0, k] = (part.position * close)[newest[newest >= 0]]
    equity = result.equity[:, None]
    exposures = np.divide(notional, equity, out=np.zeros_like(notional), where=equity > 0.0).mean(axis=0)
    return JointHeld(held.spot, held.perpetual, exposures, notional)


def constant_returns(result: JointResult, held: JointHeld) -> np.ndarray:
    """Return (d,) daily returns of the account's mean exposures, each held constant in its market while that is there."""
    days, alone = day_ends(result.times)[0], [each.market[each.first : each.last] for each in result.universe.markets]
    daily = [laid_out(days, day_ends(market.times)[0], held_of(market).daily_returns) for market in alone]
    return constant_exposure_returns(1.0, held.exposures @ np.array(daily))


def joint_competitors(result: JointResult, held: JointHeld) -> dict[str, dict[str, Any]]:
    """Return ``buy_and_hold``, ``perpetual_held`` and ``constant_exposure`` of a run, as metrics.json has them."""
    rows = day_ends(result.times)[1]
    costs = [entry_cost(part.configuration, part.listing) for part in result.parts]
    cost, ours = float(np.mean(costs)), returns_of_days(result.equity[rows], result.start)
    perpetual = held.perpetual - cost
    constant = constant_returns(result, held)
    exposure = float(held.exposures.sum())
    spot, paid = (headline(returns_of_days(curve[rows], 1.0), curve, 1.0) for curve in (held.spot, perpetual))
    return {
        "buy_and_hold": spot,
        "perpetual_held": {
            **paid,
            "price_return_fraction": spot["total_return_fraction"],
            "funding_paid_fraction": float(held.spot[-1] - held.perpetual[-1]),
            "entry_cost_fraction": cost,
            "further_cash_fraction": 0.0,
        },
        "constant_exposure": {
            "mean_exposure": exposure,
            **daily_figures(constant),
            "sentence": exposure_sentence(exposure, ours, constant),
        },
    }
