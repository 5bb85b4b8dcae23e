"""What an account in several markets has to beat: their coins held in equal parts, with and without funding, and its own exposure.

The parts are those of the weights of the markets that are listed. They are restored at each bar without cost, in favour of these
benchmarks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from runs.engines.instruments import market_prices
from runs.engines.joint.plan import joint_plan, joint_shares
from runs.engines.joint.result import JointResult
from runs.outcome.competitors import entry_cost, exposure_sentence
from runs.perpetual.funding import paid_by_a_coin
from runs.statistics.daily import day_ends, returns_of_days
from runs.statistics.headline import daily_figures
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
    constant
        (t,) what one unit became with these exposures held.
    notional
        (t, k) the account's signed notional in each market at each step's close.
    """

    spot: np.ndarray
    perpetual: np.ndarray
    exposures: np.ndarray
    constant: np.ndarray
    notional: np.ndarray


def joint_held(result: JointResult) -> JointHeld:
    """Return what holding the markets of a run comes to."""
    plan = joint_plan(result.universe)
    nothing = [np.full(len(each.market), np.nan) for each in result.universe.markets]
    weights = joint_shares(plan, result.universe, nothing)[plan.first :]
    price, paid, notional = (np.zeros_like(weights) for _ in range(3))
    for k, part in enumerate(result.parts):
        rows = plan.rows[plan.first :, k]
        there, newest = rows >= 0, np.maximum.accumulate(rows)
        prices = market_prices(part.market)
        charged = np.empty(len(prices))
        paid_by_a_coin(prices, charged)
        begins = max(plan.begins[k], int(rows[there][0]))
        before = np.concatenate([[prices["open"][0]], prices["close"][:-1]])
        before[begins], charged[begins] = prices["open"][begins], 0.0
        traded = there & (rows >= begins)
        bars = rows[traded]
        price[traded, k] = prices["close"][bars] / before[bars] - 1.0
        paid[traded, k] = charged[bars] / before[bars]
        notional[newest >= 0, k] = (part.position * prices["close"])[newest[newest >= 0]]
    equity = result.equity[:, None]
    exposures = np.divide(notional, equity, out=np.zeros_like(notional), where=equity > 0.0).mean(axis=0)
    curves = ((weights * price).sum(axis=1), (weights * (price - paid)).sum(axis=1), (price - paid) @ exposures)
    spot, perpetual, constant = (np.cumprod(np.maximum(1.0 + steps, 0.0)) for steps in curves)
    return JointHeld(spot, perpetual, exposures, constant, notional)


def joint_competitors(result: JointResult, held: JointHeld) -> dict[str, dict[str, Any]]:
    """Return ``buy_and_hold``, ``perpetual_held`` and ``constant_exposure`` of a run, as metrics.json has them."""
    rows = day_ends(result.times)[1]
    costs = [entry_cost(part.configuration, part.listing) for part in result.parts]
    cost, ours = float(np.mean(costs)), returns_of_days(result.equity[rows], result.start)
    perpetual = held.perpetual - cost
    constant = returns_of_days(held.constant[rows], 1.0)
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
