"""Own liquidation inside a bar: whether its price is reached, where the forced order is filled, what it ends."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from runs.perpetual.accounting import LIQUIDATION, liquidate, liquidation_trigger
from runs.perpetual.filling import write_line
from runs.perpetual.orders import LIQUIDATED, WORKING


@allocation_free
def mark_is_known(side: float, prices: Record) -> bool:
    """Whether the bar knows the mark's extreme against a long (`side` > 0) or a short; else the last price's counts."""
    return not math.isnan(prices.mark_low if side > 0.0 else prices.mark_high)


@allocation_free
def reached_trigger(account: Record, prices: Record, isolated: bool, tiers: np.ndarray) -> float:
    """Return the price of the position's liquidation where this bar's adverse extreme reaches it, else NaN.

    Positions elsewhere may be at their worst by then. The price is that of the path on which they are not there yet: this one
    has then gone further by itself.
    """
    trigger = liquidation_trigger(account, isolated, tiers, account.fall_elsewhere)
    by_mark = mark_is_known(account.size, prices)
    if account.size > 0.0:
        reached = (prices.mark_low if by_mark else prices.low) <= trigger
    else:
        reached = (prices.mark_high if by_mark else prices.high) >= trigger
    if not reached:
        return math.nan
    return trigger if account.fall_elsewhere == 0.0 else liquidation_trigger(account, isolated, tiers)


@allocation_free
def is_beyond(side: float, price: float, trigger: float) -> bool:
    """Whether a price has reached the trigger of a long (`side` > 0) or a short; never where it is NaN."""
    return price <= trigger if side > 0.0 else price >= trigger


@allocation_free
def _forced_price(side: float, trigger: float, reference: float, prices: Record) -> float:
    """Return where a forced order is filled: at its trigger, inside the bar, never better than the `reference` price.

    A trigger outside the bar's range was reached by the mark alone: the forced order meets the nearest last price.
    """
    inside = min(max(trigger, prices.low), prices.high)
    return min(inside, reference) if side > 0.0 else max(inside, reference)


@allocation_free
def force_close(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, trigger: float,
    reference: float, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Liquidate the account and end all its orders; return the number of ledger lines.

    `reference` is the price at which the position is known to have stood last: the open, or the last fill inside the bar.
    """
    price, size = _forced_price(account.size, trigger, reference, prices), -account.size
    at_bankruptcy, isolated = costs.at_bankruptcy > 0.0, costs.isolated > 0.0
    realised, fee, absorbed = liquidate(account, price, costs.liquidation_fee, at_bankruptcy, isolated)
    for row in range(count):
        if orders[row].state <= WORKING:
            orders[row].state = LIQUIDATED
    write_line(fills, done, account, bar, -1, LIQUIDATION, size, price)
    line = fills[done]
    line.realised, line.liquidation_fee, line.insurance_fund = realised, fee, absorbed
    return done + 1
