"""One bar for one account and its working orders. Inside a bar the order of events is unknown; the pessimistic one is taken.

1. Funding, on the position held at the bar's open instant, at the last known mark (the bar's open where none is known). What
   settles later within the bar falls due on what is held after the open, or on what is left at the close, whichever costs more:
   what is paid is paid before 3, what is received is received at the close.
2. At the open: own liquidation where the open lies beyond it; then, until nothing happens any more, market orders and stops that
   the open has passed, and limits that the open satisfies. A limit that was not marketable at the last close rests: it trades at
   its own price, as maker. One that was, or that its parent's fill has just sent, takes the open; it is refused if it is post-only.
3. The way to the adverse extreme. On the last price a stop nearer than own liquidation is met first. Where the mark's
   extreme is known it says whether the account is liquidated, and then liquidation comes first: when the mark went is unknown.
4. Stops at their trigger, also those that an entry in this bar has woken: its adverse extreme may have come after. Then stops
   that the bar itself may move to where it meets them (`moving_stops`), after the limits on the way to where the price turns.
5. Limits at their price, on touch, as maker. One that was woken inside this bar (the target of an entry by stop or limit) after
   all stops, and only where the bar proves that it was touched after its parent: by the close beyond its price, or by the extreme
   where the parent lies on the way to it (a target above a buy stop). What 4 and 5 opened goes through 3 to 5 again.

At the close stops move that trail, and orders end whose last bar this was.

Takers slip against us, a marketable limit no further than to its own price. A fill is never better than its trigger, and
outside the bar only where a resting limit was jumped over; slippage that the bar's range does not admit is charged as a fee, so
that its cost is always whole. Own liquidation is never filled better than the open, or than the last fill inside the bar: a
forced close cannot pay. An order whose position would have more leverage than its tier allows is refused.

For the pessimist (`CostParameters`; by default none of it changes a fill): a resting limit is filled only where the price trades
some ticks beyond it (`limit_through_ticks`) and the bar's volume holds it (`max_volume_share`), else it rests on; what opens more
than that share is refused, what closes is never; and takers' slippage grows with their share and the bar's range (`impact`).
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free, inlined_loop
from runs.perpetual.accounting import LIMIT, MARKET, STOP, equity_at
from runs.perpetual.filling import end_order, fill_order, has_volume, refuse_taking, size_at_fill
from runs.perpetual.funding import due_within, mark_at_open, settle_at_open, settle_within
from runs.perpetual.moving_stops import is_still, move_stop, moves, turning_point
from runs.perpetual.orders import (
    EXPIRED,
    RESTING,
    SENT,
    STOP_LIMIT,
    WAITING,
    WOKEN_AT_OPEN,
    WOKEN_INSIDE,
    WORKING,
    reaches,
    terms_in_force,
)
from runs.perpetual.own_liquidation import force_close, is_beyond, mark_is_known, reached_trigger

MAX_EVENTS = 6
"""Ledger lines that a bar can add besides one for each order: funding at the open and twice within, and liquidations."""

_WHOLE = 1.0 - 1e-6  # of the ticks that a limit asks for: 97.3 - 97.0 is no whole .3 in floating point


@allocation_free
def _rests_and_trades(order: Record, price: float, prices: Record, costs: Record) -> bool:
    """Whether a resting limit is filled by a price: one far enough beyond its own, in a bar of enough volume."""
    beyond = order.price - price if order.size > 0.0 else price - order.price
    return beyond >= costs.limit_through_ticks * costs.through_tick * _WHOLE and has_volume(order.size, prices, costs)


@allocation_free
def is_quiet(orders: np.ndarray, count: int, bar: int, prices: Record) -> bool:
    """Whether no order can fill in this bar, moves, or ends with it; the cheap answer for most bars in the market."""
    low, high = min(prices.low, prices.open), max(prices.high, prices.open)
    for row in range(count):
        order = orders[row]
        if order.state != WORKING:
            if order.state == WAITING:
                continue
            return False
        if order.kind == MARKET:
            if order.starts <= bar:
                return False
            continue
        falling = (order.kind == LIMIT) == (order.size > 0.0)
        if low <= order.price if falling else high >= order.price:
            return False
        if 0 < order.expires <= bar or (order.post_only > 0 and order.book == SENT):
            return False
        if moves(order) and not is_still(order, low, high):
            return False
    return True


@allocation_free
def _fill_takers_at_open(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Fill market orders, and stops that the open has passed; a stop-limit becomes a limit that has just been sent."""
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or order.kind == LIMIT or (order.kind == MARKET and order.starts > bar):
            continue
        if moves(order):
            move_stop(order, account, prices.open, costs.price_tick)
        if order.kind == STOP_LIMIT and reaches(order, prices.open):
            order.kind, order.price, order.book = LIMIT, order.limit, WOKEN_AT_OPEN
        elif order.kind == MARKET or (order.kind == STOP and reaches(order, prices.open)):
            done = fill_order(
                account, orders, count, row, prices.open, bar, prices, costs, tiers, False, False, fills, done
            )
    return done


@allocation_free
def _fill_limits_at_open(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, last_close: float, costs: Record,
    tiers: np.ndarray, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Fill the limits that the open satisfies: resting ones at their price, those that arrive marketable at the open.

    A post-only limit that arrived marketable is refused, even where the open has left it behind.
    """
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or order.kind != LIMIT:
            continue
        takes = order.book == WOKEN_AT_OPEN if order.book != SENT else reaches(order, last_close)
        if order.post_only > 0 and takes and (order.book == SENT or reaches(order, prices.open)):
            refuse_taking(account, orders, count, row)
            continue
        if not reaches(order, prices.open):
            continue
        rests = not takes
        if rests and not _rests_and_trades(order, prices.open, prices, costs):
            continue
        price = order.price if rests else prices.open
        done = fill_order(account, orders, count, row, price, bar, prices, costs, tiers, rests, False, fills, done)
    return done


@inlined_loop
def meet_open(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, last_close: float, costs: Record,
    tiers: np.ndarray, in_reach: bool, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Let account and orders meet the open, until nothing happens any more; `in_reach`: liquidation is looked at."""
    if in_reach:
        trigger = reached_trigger(account, prices, costs.isolated > 0.0, tiers)
        if is_beyond(account.size, prices.open, trigger):
            done = force_close(account, orders, count, bar, prices, costs, trigger, prices.open, fills, done)
    while True:
        before = done
        done = _fill_takers_at_open(account, orders, count, bar, prices, costs, tiers, fills, done)
        if done == before:
            done = _fill_limits_at_open(account, orders, count, bar, prices, last_close, costs, tiers, fills, done)
        if done == before:
            return done


@allocation_free
def _nearest_stop(orders: np.ndarray, count: int, side: float, trigger: float) -> int:
    """Return the row of the closing stop that is met first on the way to own liquidation at `trigger`; -1 for none."""
    nearest = -1
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or (order.kind != STOP and order.kind != STOP_LIMIT) or order.size * side > 0.0:
            continue
        if side * (order.price - (trigger if nearest < 0 else orders[nearest].price)) > 0.0:
            nearest = row
    return nearest


@allocation_free
def _trigger_stop(
    account: Record, orders: np.ndarray, count: int, row: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Trigger a stop inside the bar; a stop-limit whose limit is not marketable there rests from now on."""
    order = orders[row]
    price = order.price
    if order.kind == STOP_LIMIT:
        order.kind, order.price, order.book = LIMIT, order.limit, WOKEN_INSIDE
        if not reaches(order, price):
            return done
        if order.post_only > 0:
            refuse_taking(account, orders, count, row)
            return done
    return fill_order(account, orders, count, row, price, bar, prices, costs, tiers, False, True, fills, done)


@allocation_free
def to_adverse_extreme(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    reference: float, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Liquidate the account if this bar's adverse extreme reaches its trigger and no stop closes it before."""
    side = account.size
    while account.size * side > 0.0:
        trigger = reached_trigger(account, prices, costs.isolated > 0.0, tiers)
        if math.isnan(trigger):
            return done
        row = -1 if mark_is_known(side, prices) else _nearest_stop(orders, count, side, trigger)
        if row < 0:
            return force_close(account, orders, count, bar, prices, costs, trigger, reference, fills, done)
        done = _trigger_stop(account, orders, count, row, bar, prices, costs, tiers, fills, done)
    return done


@allocation_free
def _fill_stops(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or (order.kind != STOP and order.kind != STOP_LIMIT):
            continue
        if reaches(order, prices.high if order.size > 0.0 else prices.low):
            done = _trigger_stop(account, orders, count, row, bar, prices, costs, tiers, fills, done)
    return done


@allocation_free
def _loses_by_turning(
    account: Record, orders: np.ndarray, count: int, row: int, prices: Record, turn: float, level: float
) -> bool:
    """Whether what a stop closes is worth less after a path that turns at `turn` and meets it than held at the close.

    Both paths fill the limits on their way: up to the turn, and up to the close.
    """
    stop = orders[row]
    way = 1.0 if stop.size < 0.0 else -1.0
    left = abs(size_at_fill(stop, account.size))
    gained = 0.0
    for other in range(count):
        order = orders[other]
        if order.state == WORKING and order.kind == LIMIT and order.size * stop.size > 0.0:
            size = min(abs(order.size), left)
            met = order.price if way * (turn - order.price) >= 0.0 else level
            held = order.price if way * (prices.close - order.price) >= 0.0 else prices.close
            gained += size * way * (met - held)
            left -= size
    return gained + left * way * (level - prices.close) <= 0.0


@allocation_free
def _fill_moving_stops(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Fill stops that the bar may reach once it has moved them, and before them the limits on the way to where it turns."""
    for row in range(count):
        stop = orders[row]
        if stop.state != WORKING or stop.kind != STOP or not moves(stop):
            continue
        turn, level = turning_point(stop, account, prices, costs.price_tick)
        inside = stop.book == WOKEN_INSIDE
        if math.isnan(turn) or (inside and not _loses_by_turning(account, orders, count, row, prices, turn, level)):
            continue
        for other in range(count):
            order = orders[other]
            if order.state != WORKING or order.kind != LIMIT or order.size * stop.size < 0.0:
                continue
            if _rests_and_trades(order, turn, prices, costs):
                done = fill_order(
                    account, orders, count, other, order.price, bar, prices, costs, tiers, True, True, fills, done
                )
        if stop.state == WORKING:
            stop.price, stop.book = level, WOKEN_INSIDE
            done = fill_order(account, orders, count, row, level, bar, prices, costs, tiers, False, True, fills, done)
    return done


@allocation_free
def _fill_limits(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    woken: bool, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Fill limits on touch; or those that were `woken` inside this bar, where it proves that they were touched after."""
    for row in range(count):
        order = orders[row]
        if order.state != WORKING or order.kind != LIMIT or (order.book >= WOKEN_INSIDE) != woken:
            continue
        favourable = prices.low if order.size > 0.0 else prices.high
        if _rests_and_trades(order, prices.close if order.book == WOKEN_INSIDE else favourable, prices, costs):
            done = fill_order(
                account, orders, count, row, order.price, bar, prices, costs, tiers, True, True, fills, done
            )
    return done


@inlined_loop
def fill_in_range(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    before: int, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Fill what the bar's range reaches, once; limits that were woken inside it where all else left the ledger at `before`."""
    done = _fill_stops(account, orders, count, bar, prices, costs, tiers, fills, done)
    done = _fill_moving_stops(account, orders, count, bar, prices, costs, tiers, fills, done)
    done = _fill_limits(account, orders, count, bar, prices, costs, tiers, False, fills, done)
    if done == before:
        done = _fill_limits(account, orders, count, bar, prices, costs, tiers, True, fills, done)
    return done


@inlined_loop
def _meet_range(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, tiers: np.ndarray,
    in_reach: bool, fills: np.ndarray, done: int,
) -> int:  # fmt: skip
    """Let account and orders meet the bar's range, until nothing happens any more; `in_reach`: liquidation is looked at."""
    reference = prices.open
    while True:
        before, held = done, account.size
        if in_reach:
            done = to_adverse_extreme(account, orders, count, bar, prices, costs, tiers, reference, fills, done)
        if count > 0:
            done = fill_in_range(account, orders, count, bar, prices, costs, tiers, before, fills, done)
        if done == before:
            return done
        in_reach, reference = account.size != held, fills[done - 1].price


@allocation_free
def end_bar(account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, tick: float) -> int:
    """Let what still works rest in the book, move stops, end what has expired; return how many of the orders work no longer.

    A limit that a quiet bar leaves alone needs no telling: its close has not reached it.
    """
    over = 0
    for row in range(count):
        order = orders[row]
        if order.state == WORKING:
            if 0 < order.expires <= bar:
                account.expired += 1.0
                end_order(orders, count, row, EXPIRED)
            elif moves(order):
                best = prices.high if order.size < 0.0 else prices.low
                move_stop(order, account, prices.close if order.book == WOKEN_INSIDE else best, tick)
            order.book = RESTING
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
        (n,) of `PRICES`; the bar is at `row`, the one before it at ``row - 1``: its mark close is the mark at this bar's open,
        and its close says which limits rest (without it, none that the open satisfies). No other row is looked at.
    costs, tiers
        (d,) of `COSTS`; (d, n, 4) brackets: what each of the instrument's terms in force asks.
    fills, done
        Ledger of `FILL` with room for `count` + `MAX_EVENTS` further lines after the first `done`.

    Returns
    -------
    done, over, equity
        How many ledger lines there are now, how many of the orders are no longer working, and equity at the close.
    """
    held, now = account[0], prices[row]
    cost, brackets = costs[terms_in_force(now)], tiers[terms_in_force(now)]
    isolated, plain = cost.isolated > 0.0, math.isnan(now.funding_rate_within)
    done = settle_at_open(held, bar, prices, row, isolated, fills, done)
    reached = held.size != 0.0 and not math.isnan(reached_trigger(held, now, isolated, brackets))
    if not reached and plain and is_quiet(orders, count, bar, now):
        return done, 0, equity_at(held, now.close)
    known = done
    last_close = now.open if row == 0 else prices[row - 1].close
    done = meet_open(held, orders, count, bar, now, last_close, cost, brackets, reached, fills, done)
    mark, due = mark_at_open(prices, row), due_within(held, prices, row)
    done = settle_within(held, bar, mark, max(due, 0.0), isolated, fills, done)
    in_reach = reached or done > known
    done = _meet_range(held, orders, count, bar, now, cost, brackets, in_reach, fills, done)
    later = max(due, due_within(held, prices, row)) - max(due, 0.0)
    done = settle_within(held, bar, mark, later, isolated, fills, done)
    return done, end_bar(held, orders, count, bar, now, cost.price_tick), equity_at(held, now.close)
