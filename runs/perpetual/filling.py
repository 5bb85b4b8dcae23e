"""One order becomes a fill, or is refused; what it wakes and what it cancels."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.liquidation_price import leverage_allowed
from runs.perpetual.accounting import LIMIT, MARKET, STOP, TIME_STOP, apply_fill, free_balance, opening_part
from runs.perpetual.moving_stops import move_stop
from runs.perpetual.orders import (
    ADDS,
    CANCELLED,
    CLOSES,
    FILLED,
    PLAIN,
    REDUCES,
    REFUSED,
    WAITING,
    WOKEN_AT_OPEN,
    WOKEN_INSIDE,
    WOKEN_ONWARD,
    WORKING,
    reaches,
)


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
def has_volume(size: float, prices: Record, costs: Record) -> bool:
    """Whether an order takes no more of the bar's volume than it may; True where there is no limit, or no volume is known."""
    return costs.max_volume_share == 0.0 or not abs(size) > costs.max_volume_share * prices.volume


@allocation_free
def taker_slippage(size: float, prices: Record, costs: Record) -> float:
    """Return the slippage of an order that takes, as a fraction of price.

    Notes
    -----
    ``slippage + impact x range / open x sqrt(size / volume)``: the square-root law of impact (Tóth et al. 2011, "Anomalous price
    impact and the critical nature of liquidity in financial markets"). An order of more than the bar's volume counts as one of
    all of it, as does any where there is no volume.
    """
    if costs.impact == 0.0:
        return costs.slippage
    share = min(abs(size) / prices.volume, 1.0) if prices.volume > 0.0 else 1.0
    return costs.slippage + costs.impact * (prices.high - prices.low) / prices.open * math.sqrt(share)


@allocation_free
def write_line(
    fills: np.ndarray, count: int, account: Record, bar: int, order: int, kind: int, size: float, price: float
) -> None:
    """Write a ledger line that costs nothing yet."""
    line = fills[count]
    line.bar, line.order, line.kind, line.size, line.price = bar, order, kind, size, price
    line.fee, line.realised, line.funding, line.liquidation_fee, line.insurance_fund = 0.0, 0.0, 0.0, 0.0, 0.0
    line.position_after, line.wallet_after = account.size, account.wallet


@allocation_free
def size_at_fill(order: Record, held: float) -> float:
    """Return the signed size that an order trades where `held` is held; 0 where there is nothing that it is for.

    Examples
    --------
    >>> from runs.perpetual.accounting import STOP
    >>> from runs.perpetual.orders import order_row
    >>> [size_at_fill(order_row(0, STOP, -2.0, 95.0, role=role), 3.0) for role in (PLAIN, REDUCES, CLOSES, ADDS)]
    [-2.0, -2.0, -3.0, 0.0]
    """
    if order.role == PLAIN:
        return order.size
    if (order.size * held > 0.0) != (order.role == ADDS):
        return 0.0
    if order.role == CLOSES:
        return -held
    if order.role == REDUCES and abs(order.size) > abs(held):
        return -held
    return order.size


@allocation_free
def _wake(
    account: Record, orders: np.ndarray, count: int, row: int, parent: Record, price: float, maker: bool, tick: float
) -> None:
    """Let an order work whose parent was filled inside the bar at a price, a maker or a stop.

    A stop that this price has passed already triggers there. Of a limit is noted whether the price meets it after its parent,
    if it meets it at all: prices rise to a buy stop and to a sell limit, and from there to a sell limit above. So is of a stop
    that moves, whether what it follows comes after.
    """
    order = orders[row]
    rising = (parent.size > 0.0) != maker
    onward = (order.size < 0.0) == rising and parent.book != WOKEN_INSIDE
    order.state, order.book = WORKING, WOKEN_INSIDE
    if order.kind != LIMIT:
        if onward:
            order.book = WOKEN_ONWARD
        move_stop(order, account, parent.price if parent.kind == STOP else price, tick)
        order.price = max(order.price, price) if order.size > 0.0 else min(order.price, price)
        return
    if order.post_only > 0 and reaches(order, price):
        refuse_taking(account, orders, count, row)
    elif onward and (order.price >= parent.price if rising else order.price <= parent.price):
        order.book = WOKEN_ONWARD


@allocation_free
def _related(
    account: Record, orders: np.ndarray, count: int, row: int, bar: int, price: float, maker: bool, inside: bool,
    tick: float,
) -> None:  # fmt: skip
    """Wake the children of a filled order, cancel its siblings, and what was for a position that there is no more.

    Of those that reduce a position none is another's sibling: they end with the position.
    """
    filled = orders[row]
    for other in range(count):
        order = orders[other]
        if order.parent == filled.id and order.state == WAITING:
            if order.kind == MARKET:
                order.starts += bar
            if inside:
                _wake(account, orders, count, other, filled, price, maker, tick)
            else:
                order.state, order.book = WORKING, WOKEN_AT_OPEN
        same_parent = (
            filled.parent >= 0 and order.parent == filled.parent and filled.role == PLAIN and order.role == PLAIN
        )
        same_group = filled.group >= 0 and order.group == filled.group
        if other != row and (same_parent or same_group) and order.state <= WORKING:
            end_order(orders, count, other, CANCELLED)
        if order.role != PLAIN and order.state == WORKING and size_at_fill(order, account.size) == 0.0:
            end_order(orders, count, other, CANCELLED)


@allocation_free
def end_order(orders: np.ndarray, count: int, row: int, state: int) -> None:
    """End an order that was not filled in a state, and cancel the children that wait for it."""
    orders[row].state = state
    for other in range(count):
        if orders[other].parent == orders[row].id and orders[other].state == WAITING:
            orders[other].state = CANCELLED


@allocation_free
def refuse_taking(account: Record, orders: np.ndarray, count: int, row: int) -> None:
    """Refuse a post-only order that would take, and count it."""
    account.refused_post_only += 1.0
    end_order(orders, count, row, REFUSED)


@allocation_free
def _can_open(
    account: Record,
    size: float,
    opened: float,
    price: float,
    fee: float,
    prices: Record,
    costs: Record,
    tiers: np.ndarray,
) -> bool:
    """Whether tier, smallest order, margin and volume admit what an order opens; counts it by its reason where they do not."""
    if not has_volume(opened, prices, costs):
        account.refused_volume += 1.0
        return False
    if not leverage_allowed(costs.leverage, abs(account.size + size) * price, tiers):
        account.refused_leverage += 1.0
        return False
    if abs(size) * price < costs.smallest_notional:
        account.refused_notional += 1.0
        return False
    isolated = costs.isolated > 0.0
    free = free_balance(account, price, isolated, costs.leverage)
    if account.size * size < 0.0:  # what the closing part of a reversal sets free
        if isolated:
            free += account.margin + account.size * (price - account.entry_price)
        else:
            free += abs(account.size) * price / costs.leverage
    if abs(opened) * price / costs.leverage + fee > free:
        account.refused_margin += 1.0
        return False
    return True


@allocation_free
def fill_order(
    account: Record, orders: np.ndarray, count: int, row: int, price: float, bar: int, prices: Record, costs: Record,
    tiers: np.ndarray, maker: bool, inside: bool, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Fill one order at a raw price, or refuse it (margin, leverage, volume). What closes is never refused.

    One that has nothing to close or to add to ends.

    A maker gets the price itself. A taker's slips against it; where a limit is the taker, no further than to its own price.

    Returns
    -------
    int
        How many ledger lines there are now.
    """
    order = orders[row]
    size = size_at_fill(order, account.size)
    if size == 0.0:
        end_order(orders, count, row, CANCELLED)
        return done
    shortfall = 0.0
    if not maker:
        sign, slippage = (1.0 if size > 0.0 else -1.0), taker_slippage(size, prices, costs)
        price, shortfall = slipped(price, sign, slippage, prices.low, prices.high)
        if order.kind == LIMIT:
            price = min(price, order.price) if size > 0.0 else max(price, order.price)
            shortfall = min(shortfall, abs(order.price - price))
    fee = abs(size) * (price * (costs.maker_fee if maker else costs.taker_fee) + shortfall)
    opened = opening_part(account.size, size)
    if opened != 0.0 and not _can_open(account, size, opened, price, fee, prices, costs, tiers):
        end_order(orders, count, row, REFUSED)
        return done
    realised = apply_fill(account, size, price, fee, costs.isolated > 0.0, costs.leverage)
    order.state, order.size = FILLED, size
    _related(account, orders, count, row, bar, price, maker, inside, costs.price_tick)
    # What closes at the market and waited for its entry is the entry's time stop.
    kind = TIME_STOP if order.kind == MARKET and order.role == CLOSES and order.parent >= 0 else order.kind
    write_line(fills, done, account, bar, order.id, kind, size, price)
    fills[done].fee, fills[done].realised = fee, realised
    return done + 1
