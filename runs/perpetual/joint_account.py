"""One account with positions in several markets: a record of `ACCOUNT` for each, and what each has elsewhere.

Each record begins with the account's whole cash and holds its own market's profit, fees and funding. So each reconciles by
itself, and equity is the start and the sum of what they have earned. In cross mode a position is liquidated where equity
meets the maintenance margin of all positions (Binance FAQ b3c689c1f50a44cabb3a84e663b81d93: the others' margin and open
profit stand in the collateral).
"""

from collections.abc import Sequence

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.liquidation_price import maintenance_margin
from runs.perpetual.accounting import STOP, unrealised
from runs.perpetual.orders import CLOSES, WORKING
from runs.perpetual.own_liquidation import mark_is_known

MEMBER = np.dtype(
    [
        ("first", np.int64),  # where the market's rows begin in the prices of all
        ("end", np.int64),  # and end
        ("begins", np.int64),  # its first bar at whose close the rule is asked
        ("leaves", np.int64),  # its last bar where it leaves before the others; -1: it stays
        ("bar", np.int64),  # its bar now; -1: none
        ("terms", np.int64),  # which row of costs and brackets is in force
        ("lines", np.int64),  # of its ledger
        ("over", np.int64),  # orders that ended in this bar
        ("price", np.float64),  # the last price known of it, quote; NaN before its first
        ("due", np.float64),  # what it pays at settlements within the bar, quote
        ("profit", np.float64),  # realised and open, net of costs, quote
        ("maintenance", np.float64),  # maintenance margin of its position, quote
        ("initial", np.float64),  # what the position holds of what could be opened with, quote
        ("fall", np.float64),  # how much less it may be worth within the bar, >= 0
    ]
)
"""What the account knows of a market."""


def new_members(lengths: Sequence[int], begins: Sequence[int], leaves: Sequence[int]) -> np.ndarray:
    """Return (k,) of `MEMBER` of markets of so many bars, one after another.

    `begins` are the first bars at which the rule is asked, `leaves` the last of those that leave; -1 for one that stays.
    """
    members, ends = np.zeros(len(lengths), dtype=MEMBER), np.cumsum(lengths)
    members["first"], members["end"] = ends - lengths, ends
    members["begins"], members["leaves"] = begins, leaves
    members["bar"], members["price"] = -1, np.nan
    return members


def side_by_side(prices: np.ndarray, lengths: Sequence[int], tiers: Sequence[np.ndarray]) -> np.ndarray:
    """Count the terms of `prices` on through those of all markets, and return the brackets one after another.

    Parameters
    ----------
    prices
        (n,) of `PRICES` of markets of so many bars, `lengths`, one after another; their ``terms`` are changed.
    tiers
        A market's (d, m, 4) brackets; fewer of them repeat their last with a floor out of reach.
    """
    offset, longest, brackets = 0, max(own.shape[1] for own in tiers), []
    for end, length, own in zip(np.cumsum(lengths), lengths, tiers, strict=True):
        prices["terms"][end - length : end] += offset
        offset += len(own)
        more = np.repeat(own[:, -1:], longest - own.shape[1], axis=1)
        more[:, :, 0] = np.inf
        brackets.append(np.concatenate([own, more], axis=1))
    return np.ascontiguousarray(np.concatenate(brackets))


@allocation_free
def worst_price(account: Record, orders: np.ndarray, count: int, prices: Record) -> float:
    """Return the worst price at which a position may stand or be closed within a bar.

    It is the adverse extreme: the mark's where it is known, and else the last price's, or a stop before it that closes all.
    """
    side = 1.0 if account.size > 0.0 else -1.0
    if mark_is_known(side, prices):
        return prices.mark_low if side > 0.0 else prices.mark_high
    worst = prices.low if side > 0.0 else prices.high
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or order.kind != STOP or order.size * side >= 0.0:
            continue
        whole = order.role == CLOSES or abs(order.size) >= abs(account.size)
        if whole and side * (order.price - worst) > 0.0:
            worst = order.price
    return worst


@allocation_free
def value_markets(accounts: np.ndarray, members: np.ndarray, costs: np.ndarray, tiers: np.ndarray) -> float:
    """Value every market at its last price, and write what each record has elsewhere; return equity, quote.

    Parameters
    ----------
    accounts, members
        (k,) of `ACCOUNT` and of `MEMBER`, written.
    costs, tiers
        (d,) of `COSTS` and (d, m, 4) brackets of all markets.
    """
    profit, maintenance, initial = 0.0, 0.0, 0.0
    for k in range(len(members)):
        account, member = accounts[k], members[k]
        member.profit, member.maintenance, member.initial = account.wallet - account.start, 0.0, 0.0
        if account.size != 0.0:
            value, opened = abs(account.size) * member.price, unrealised(account, member.price)
            member.profit += opened
            if costs[member.terms].isolated > 0.0:
                member.initial = account.margin + opened
            else:
                member.maintenance = maintenance_margin(value, tiers[member.terms])
                member.initial = value / costs[member.terms].leverage
        profit += member.profit
        maintenance += member.maintenance
        initial += member.initial
    for k in range(len(members)):
        account, member = accounts[k], members[k]
        account.elsewhere = profit - member.profit
        account.maintenance_elsewhere = maintenance - member.maintenance
        account.initial_elsewhere = initial - member.initial
    held = unrealised(accounts[0], members[0].price) if accounts[0].size != 0.0 else 0.0
    return accounts[0].wallet + held + accounts[0].elsewhere


@allocation_free
def look_down(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray,
) -> None:  # fmt: skip
    """Write how much less all that is elsewhere may be worth within the bar: all markets may stand at their worst at once.

    Parameters
    ----------
    accounts, orders, books, members, prices, costs, tiers
        As `runs.perpetual.joint_matching.process_step` has them, valued at last prices.
    """
    total = 0.0
    for k in range(len(members)):
        account, member = accounts[k], members[k]
        member.fall = 0.0
        if account.size != 0.0 and member.bar >= 0:
            now = prices[member.first + member.bar]
            worst = worst_price(account, orders[k], books[k].count, now)
            fall = account.size * (member.price - worst)
            if costs[member.terms].isolated == 0.0:
                fall += maintenance_margin(abs(account.size) * worst, tiers[member.terms]) - member.maintenance
            member.fall = max(fall, 0.0)
        total += member.fall
    for k in range(len(members)):
        accounts[k].fall_elsewhere = max(total - members[k].fall, 0.0)
