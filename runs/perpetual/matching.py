"""One bar for one account and its working orders. Inside a bar the order of events is unknown; the pessimistic one is taken.

1. Funding, on the position held at the bar's open instant, at the last known mark (the bar's open where none is known).
2. At the open: own liquidation where the open already lies beyond it; market orders and stops gapped through; limits that
   the open satisfies.
3. Own liquidation where the adverse extreme (of the mark if known, else of the last price) reaches it: before any stop.
4. Stops at their trigger. A stop attached to an entry is live in the entry's own bar.
5. Limits at their price, on touch. A target attached to an entry is live in the entry's bar only if that was at the open.
   What an entry of steps 4 and 5 opened goes through steps 3 and 4 once more: its adverse extreme may have come after.

Market and stop fills slip against us. A fill is never better than its trigger and never outside the bar; slippage that
the bar's range does not admit is charged as a fee, so that its cost is always whole. Own liquidation is never filled better
than the open, or than the last fill inside the bar: a forced close cannot pay. An order whose position would have more
leverage than its tier allows is refused.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.liquidation_price import leverage_allowed
from runs.perpetual.accounting import (
    FUNDING,
    LIMIT,
    LIQUIDATION,
    MARKET,
    STOP,
    apply_fill,
    equity_at,
    free_balance,
    liquidate,
    liquidation_trigger,
    opening_part,
    settle_funding,
)
from runs.perpetual.orders import CANCELLED, FILLED, LIQUIDATED, REFUSED, STOP_LIMIT, WAITING, WORKING

MAX_EVENTS = 4
"""Ledger lines that a bar can add besides one for each order: funding, and liquidations."""


@allocation_free
def slipped(price: float, sign: float, slippage: float, low: float, high: float) -> tuple[float, float]:
    """Return the fill price after slippage, kept inside the bar, and the cost per coin that did not fit in.

    Examples
    --------
    >>> slipped(100.0, 1.0, 0.01, 99.0, 100.5)
    (100.5, 0.5)
    """
    wanted = price * (1.0 + sign * slippage)
    inside = min(max(wanted, low), high)
    return inside, abs(wanted - inside)


@allocation_free
def _write(
    fills: np.ndarray, count: int, account: Record, bar: int, order: int, kind: int, size: float, price: float
) -> None:
    line = fills[count]
    line.bar, line.order, line.kind, line.size, line.price = bar, order, kind, size, price
    line.fee, line.realised, line.funding, line.liquidation_fee, line.insurance_fund = 0.0, 0.0, 0.0, 0.0, 0.0
    line.position_after, line.wallet_after = account.size, account.wallet


@allocation_free
def _related(orders: np.ndarray, count: int, row: int, bar: int, inside: bool) -> None:
    """Wake the children of a filled order and cancel its siblings."""
    filled = orders[row]
    for other in range(count):
        order = orders[other]
        if order.parent == filled.id and order.state == WAITING:
            order.state = WORKING
            order.awake = bar if inside else -1
        same_parent = filled.parent >= 0 and order.parent == filled.parent
        same_group = filled.group >= 0 and order.group == filled.group
        if other != row and (same_parent or same_group) and order.state <= WORKING:
            order.state = CANCELLED


@allocation_free
def _fill(
    account: Record,
    orders: np.ndarray,
    count: int,
    row: int,
    price: float,
    bar: int,
    prices: Record,
    costs: Record,
    tiers: np.ndarray,
    maker: bool,
    inside: bool,
    fills: np.ndarray,
    done: int,
) -> int:
    """Fill one order at a raw price, or refuse it (margin, leverage); return the number of ledger lines."""
    order = orders[row]
    isolated = costs.isolated > 0.0
    shortfall = 0.0
    if not maker and order.kind != LIMIT:
        sign = 1.0 if order.size > 0.0 else -1.0
        price, shortfall = slipped(price, sign, costs.slippage, prices.low, prices.high)
    rate = costs.maker_fee if maker else costs.taker_fee
    fee = abs(order.size) * (price * rate + shortfall)
    opened = opening_part(account.size, order.size)
    if opened != 0.0:
        free = free_balance(account, price, isolated, costs.leverage)
        if account.size * order.size < 0.0:  # what the closing part of a reversal sets free
            if isolated:
                free += account.margin + account.size * (price - account.entry_price)
            else:
                free += abs(account.size) * price / costs.leverage
        allowed = leverage_allowed(costs.leverage, abs(account.size + order.size) * price, tiers)
        if not allowed or abs(opened) * price / costs.leverage + fee > free:
            order.state = REFUSED
            account.refused += 1.0
            for other in range(count):
                if orders[other].parent == order.id and orders[other].state == WAITING:
                    orders[other].state = CANCELLED
            return done
    realised = apply_fill(account, order.size, price, fee, isolated, costs.leverage)
    order.state = FILLED
    _related(orders, count, row, bar, inside)
    kind = LIMIT if order.kind == STOP_LIMIT else order.kind
    _write(fills, done, account, bar, order.id, kind, order.size, price)
    fills[done].fee, fills[done].realised = fee, realised
    return done + 1


@allocation_free
def _reached_trigger(account: Record, prices: Record, isolated: bool, tiers: np.ndarray) -> float:
    """Return the price of the position's liquidation where this bar's adverse extreme reaches it, else NaN."""
    trigger = liquidation_trigger(account, isolated, tiers)
    if account.size > 0.0:
        low = prices.low if math.isnan(prices.mark_low) else prices.mark_low
        return trigger if low <= trigger else math.nan
    high = prices.high if math.isnan(prices.mark_high) else prices.mark_high
    return trigger if high >= trigger else math.nan


@allocation_free
def _is_quiet(orders: np.ndarray, count: int, prices: Record) -> bool:
    """Whether no order can fill in this bar, or ends with it; the cheap answer for most bars in the market."""
    low, high = min(prices.low, prices.open), max(prices.high, prices.open)
    for row in range(count):
        order = orders[row]
        if order.state > WORKING or order.kind == MARKET:
            return False
        falling = (order.kind == LIMIT) == (order.size > 0.0)  # buy limits and sell stops meet a falling price
        if order.state == WORKING and (low <= order.price if falling else high >= order.price):
            return False
    return True


@allocation_free
def _forced_price(side: float, trigger: float, reference: float, prices: Record) -> float:
    """Return where a forced order is filled: at its trigger, inside the bar, never better than the `reference` price.

    A trigger outside the bar's range was reached by the mark alone: the forced order meets the nearest last price.
    """
    inside = min(max(trigger, prices.low), prices.high)
    return min(inside, reference) if side > 0.0 else max(inside, reference)


@allocation_free
def _liquidate_if_reached(
    account: Record,
    orders: np.ndarray,
    count: int,
    bar: int,
    prices: Record,
    costs: Record,
    tiers: np.ndarray,
    at_open: bool,
    reference: float,
    fills: np.ndarray,
    done: int,
) -> int:
    """Liquidate the account if this bar's adverse extreme reaches its trigger (at the open: if the open lies beyond it).

    `reference` is the price at which the position is known to have stood last: the open, or the last fill inside the bar.
    """
    if account.size == 0.0:
        return done
    isolated = costs.isolated > 0.0
    trigger = _reached_trigger(account, prices, isolated, tiers)
    gapped = prices.open <= trigger if account.size > 0.0 else prices.open >= trigger
    if math.isnan(trigger) or (at_open and not gapped):
        return done
    price = _forced_price(account.size, trigger, reference, prices)
    size = -account.size
    realised, fee, absorbed = liquidate(account, price, costs.liquidation_fee, isolated)
    for row in range(count):
        if orders[row].state <= WORKING:
            orders[row].state = LIQUIDATED
    _write(fills, done, account, bar, -1, LIQUIDATION, size, price)
    line = fills[done]
    line.realised, line.liquidation_fee, line.insurance_fund = realised, fee, absorbed
    return done + 1


@allocation_free
def _at_open(order: Record, prices: Record, limits: bool) -> bool:
    """Whether an order fills at the open; wakes a stop-limit whose trigger the open has passed."""
    buying, opened = order.size > 0.0, prices.open
    if order.kind == MARKET:
        return not limits
    if order.kind == STOP:
        return not limits and (opened >= order.price if buying else opened <= order.price)
    if order.kind == STOP_LIMIT:
        if (opened >= order.price) if buying else (opened <= order.price):
            order.kind, order.price = LIMIT, order.limit
        else:
            return False
    return limits and (opened <= order.price if buying else opened >= order.price)


@allocation_free
def _fill_at_open(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    limits: bool, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    for row in range(count):
        if orders[row].state == WORKING and _at_open(orders[row], prices, limits):
            done = _fill(account, orders, count, row, prices.open, bar, prices, costs, tiers, False, False, fills, done)
    return done


@allocation_free
def _fill_stops(
    account: Record,
    orders: np.ndarray,
    count: int,
    bar: int,
    prices: Record,
    costs: Record,
    tiers: np.ndarray,
    fills: np.ndarray,
    done: int,
) -> int:
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or (order.kind != STOP and order.kind != STOP_LIMIT):
            continue
        if (prices.high >= order.price) if order.size > 0.0 else (prices.low <= order.price):
            if order.kind == STOP_LIMIT:
                order.kind, order.price, order.awake = LIMIT, order.limit, bar
                continue
            # A trigger that an entry inside the bar left on the wrong side of the range fills at the range's edge.
            raw = min(max(order.price, prices.low), prices.high)
            done = _fill(account, orders, count, row, raw, bar, prices, costs, tiers, False, True, fills, done)
    return done


@allocation_free
def _fill_limits(
    account: Record,
    orders: np.ndarray,
    count: int,
    bar: int,
    prices: Record,
    costs: Record,
    tiers: np.ndarray,
    fills: np.ndarray,
    done: int,
) -> int:
    for row in range(count):
        order = orders[row]
        # Woken inside this bar: the favourable extreme may have come before, so it does not count.
        if order.state != WORKING or order.kind != LIMIT or order.awake == bar:
            continue
        if (prices.low <= order.price) if order.size > 0.0 else (prices.high >= order.price):
            done = _fill(account, orders, count, row, order.price, bar, prices, costs, tiers, True, True, fills, done)
    return done


@allocation_free
def _over(orders: np.ndarray, count: int) -> int:
    """Return how many of the orders work no longer."""
    over = 0
    for row in range(count):
        if orders[row].state > WORKING:
            over += 1
    return over


@allocation_free
def process_bar(
    account: np.ndarray,
    orders: np.ndarray,
    count: int,
    bar: int,
    prices: np.ndarray,
    row: int,
    costs: np.ndarray,
    tiers: np.ndarray,
    fills: np.ndarray,
    done: int,
) -> tuple[int, int, float]:
    """Take an account and its working orders through one bar, in the order that the module's docstring gives.

    Parameters
    ----------
    account
        (1,) of `ACCOUNT`, changed in place.
    orders, count
        Rows of `ORDER` in the order of their submission; the first `count` are valid. States change in place.
    bar
        Index of the bar.
    prices, row
        (n,) of `PRICES`; the bar is at `row`, the one before it (whose mark close is the mark at this bar's open) at
        ``row - 1``. No other row is looked at.
    costs, tiers
        (1,) of `COSTS`; (n, 3) maintenance tiers.
    fills, done
        Ledger of `FILL` with room for `count` + `MAX_EVENTS` further lines after the first `done`.

    Returns
    -------
    done, over, equity
        How many ledger lines there are now, how many of the orders are no longer working, and equity at the close.
    """
    held, now, cost = account[0], prices[row], costs[0]
    isolated = cost.isolated > 0.0
    if held.size != 0.0 and not math.isnan(now.funding_rate) and now.funding_rate != 0.0:
        mark = now.open if row == 0 or math.isnan(prices[row - 1].mark_close) else prices[row - 1].mark_close
        paid = settle_funding(held, now.funding_rate, mark, isolated)
        _write(fills, done, held, bar, -1, FUNDING, 0.0, mark)
        fills[done].funding = paid
        done += 1
    reached = held.size != 0.0 and not math.isnan(_reached_trigger(held, now, isolated, tiers))
    if not reached and _is_quiet(orders, count, now):
        return done, 0, equity_at(held, now.close)
    if reached:
        done = _liquidate_if_reached(held, orders, count, bar, now, cost, tiers, True, now.open, fills, done)
    known = done
    if count > 0:
        done = _fill_at_open(held, orders, count, bar, now, cost, tiers, False, fills, done)
        if done > known:
            done = _fill_at_open(
                held, orders, count, bar, now, cost, tiers, False, fills, done
            )  # stops that an entry woke
        done = _fill_at_open(held, orders, count, bar, now, cost, tiers, True, fills, done)
    if reached or done > known:
        done = _liquidate_if_reached(held, orders, count, bar, now, cost, tiers, False, now.open, fills, done)
    if count > 0:
        before = held.size
        done = _fill_stops(held, orders, count, bar, now, cost, tiers, fills, done)
        done = _fill_limits(held, orders, count, bar, now, cost, tiers, fills, done)
        if held.size != 0.0 and held.size != before:
            last = fills[done - 1].price
            done = _liquidate_if_reached(held, orders, count, bar, now, cost, tiers, False, last, fills, done)
            done = _fill_stops(held, orders, count, bar, now, cost, tiers, fills, done)
    return done, _over(orders, count), equity_at(held, now.close)
