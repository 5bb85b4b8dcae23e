"""A rule's answer becomes rows of orders: one compiled function, which both engines call.

An entry is one order, and what closes the position waits for its fill: a stop for all that is left, targets for their shares, a
market order for the time that is over. What trades a position that is held is an order at the market, of the role that it has.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free, inlined_loop
from indicators.liquidation.model import SECONDS_PER_HOUR
from runs.perpetual.accounting import LIMIT, MARKET, STOP, opening_part
from runs.perpetual.orders import (
    ADDS,
    CANCELLED,
    CLOSES,
    PLAIN,
    REDUCES,
    SENT,
    STOP_LIMIT,
    WAITING,
    WORKING,
    order_price,
    order_size,
)
from strategies.intent import ADD, ENTER, EXIT, KEEP, MOST_TARGETS, REBALANCE, REDUCE, REVERSE, Intent
from strategies.position import is_below_step, traded_size
from strategies.sizing import whole_steps
from strategies.trading import ENTRY, allowed_at, allowed_size, on_sides, with_entry_order

BOOK = np.dtype(
    [
        ("count", np.int64),  # orders that work or wait
        ("sent", np.int64),  # orders ever sent, hence the next one's id
        ("entry", np.int64),  # id of the last entry sent; -1: none yet
    ]
)
"""What is known of rows of orders."""

MOST_ORDERS = 4 + MOST_TARGETS + 1
"""Rows that one answer can send: what is closed before, entry, stop, time to leave, targets."""

_ALL = 1.0 - 1e-9  # of an entry's size: shares that add up to it leave nothing for rounding


@allocation_free
def new_row(orders: np.ndarray, book: Record, kind: int, size: float, price: float, parent: int, role: int) -> Record:
    """Send an order of which all else is off; return its row."""
    row = orders[book.count]
    row.id, row.kind, row.size, row.price, row.limit = book.sent, kind, size, price, math.nan
    row.parent, row.group, row.book, row.role = parent, -1, SENT, role
    row.state = WORKING if parent < 0 else WAITING
    row.post_only, row.expires, row.starts, row.trail, row.arms_at = 0, 0, 0, 0.0, 0.0
    book.count += 1
    book.sent += 1
    return row


@allocation_free
def drop_ended(orders: np.ndarray, book: Record) -> None:
    """Drop the orders that work no longer; the others keep their order."""
    kept = 0
    for row in range(book.count):
        if orders[row].state <= WORKING:
            if kept != row:
                orders[kept] = orders[row]
            kept += 1
    book.count = kept


@allocation_free
def _cancel_bracket(orders: np.ndarray, book: Record) -> None:
    """Cancel what is left of the last entry's bracket, and all that is for a position."""
    for row in range(book.count):
        order = orders[row]
        of_entry = book.entry >= 0 and (order.id == book.entry or order.parent == book.entry)
        if of_entry or order.role != PLAIN:
            order.state = CANCELLED


@allocation_free
def _entry_works(orders: np.ndarray, book: Record) -> bool:
    works = False
    for row in range(book.count):
        works = works or (book.entry >= 0 and orders[row].id == book.entry and orders[row].state == WORKING)
    return works


@allocation_free
def _cancel_waiting_entry(orders: np.ndarray, book: Record) -> None:
    """Cancel an entry that still waits for its price, and what waits for it; what protects a position stays."""
    if not _entry_works(orders, book):
        return
    for row in range(book.count):
        if orders[row].id == book.entry or orders[row].parent == book.entry:
            orders[row].state = CANCELLED


@allocation_free
def entry_price(intent: Intent, close: float) -> float:
    """Return the price at which an intent's entry is to be filled, as far as it is known: its limit, its trigger or the close."""
    if not math.isnan(intent.limit):
        return intent.limit
    return close if math.isnan(intent.trigger) else intent.trigger


@allocation_free
def _send_entry(intent: Intent, size: float, bar: int, orders: np.ndarray, book: Record, tick: float) -> None:
    """Send an entry: at the market, by a limit, or by a stop once the price reaches its trigger."""
    kind, price, limit = MARKET, math.nan, math.nan
    if not math.isnan(intent.trigger):
        kind, price = STOP, order_price(STOP, size, intent.trigger, tick)
        if not math.isnan(intent.limit):
            kind, limit = STOP_LIMIT, order_price(LIMIT, size, intent.limit, tick)
    elif not math.isnan(intent.limit):
        kind, price = LIMIT, order_price(LIMIT, size, intent.limit, tick)
    book.entry = book.sent
    row = new_row(orders, book, kind, size, price, -1, PLAIN)
    row.limit = limit
    if kind != MARKET:
        row.expires = bar + int(intent.good_for_bars) if intent.good_for_bars > 0.0 else 0
        row.post_only = 1 if intent.post_only > 0.0 else 0


@allocation_free
def _send_stop(intent: Intent, size: float, parent: int, orders: np.ndarray, book: Record, tick: float) -> None:
    price = order_price(STOP, size, intent.stop, tick)
    row = new_row(orders, book, STOP, size, price, parent, CLOSES)
    row.trail = intent.trail
    row.arms_at = 0.0 if math.isnan(intent.break_even_at) else intent.break_even_at


@allocation_free
def _send_targets(intent: Intent, size: float, orders: np.ndarray, book: Record, tick: float, step: float) -> None:
    """Send the targets of an entry of a size, each for its share; the one that completes the whole takes what steps leave."""
    left, shares, parent = size, 0.0, book.entry
    for number in range(MOST_TARGETS):
        price, share = intent.targets[2 * number], intent.targets[2 * number + 1]
        if math.isnan(price) or not share > 0.0:
            continue
        shares += share
        part = left if shares >= _ALL else whole_steps(share * size, step)
        if abs(part) > abs(left):
            part = left
        if part != 0.0:
            new_row(orders, book, LIMIT, -part, order_price(LIMIT, -part, price, tick), parent, REDUCES)
            left -= part


@allocation_free
def _send_bracket(
    intent: Intent, size: float, bar: int, orders: np.ndarray, book: Record, tick: float, step: float
) -> None:
    """Send an entry and what waits for it."""
    _send_entry(intent, size, bar, orders, book, tick)
    parent = book.entry
    if not math.isnan(intent.stop) or intent.trail > 0.0 or not math.isnan(intent.break_even_at):
        _send_stop(intent, -size, parent, orders, book, tick)
    if not math.isnan(intent.target):
        new_row(orders, book, LIMIT, -size, order_price(LIMIT, -size, intent.target, tick), parent, REDUCES)
    _send_targets(intent, size, orders, book, tick, step)
    if intent.time_stop_bars > 0.0:
        row = new_row(orders, book, MARKET, -size, math.nan, parent, CLOSES)
        row.starts = int(intent.time_stop_bars)


@allocation_free
def _protect(
    intent: Intent, held: float, traded: float, orders: np.ndarray, book: Record, tick: float, trade: int
) -> None:
    """Put one stop under what will be held after a trade (the order `trade`, -1: none), in place of any that stands elsewhere."""
    wanted = held + traded
    if wanted == 0.0:
        return
    turns = held * wanted <= 0.0
    price = order_price(STOP, -wanted, intent.stop, tick)
    for row in range(book.count):
        order = orders[row]
        if (
            order.kind == STOP
            and order.role == CLOSES
            and order.size * wanted < 0.0
            and order.state == WORKING
            and not turns
        ):
            if order.price == price:
                return
            order.state = CANCELLED
    _send_stop(intent, -wanted, trade if turns else -1, orders, book, tick)


@allocation_free
def _send(
    intent: Intent, size: float, bar: int, held: float, orders: np.ndarray, book: Record, position_memory: Record, tick: float,
    step: float,
) -> None:  # fmt: skip
    """Send what an intent trades, a size, and cancel what that replaces."""
    action = intent.action
    if action in (EXIT, REVERSE):
        _cancel_bracket(orders, book)
        if held != 0.0:
            new_row(orders, book, MARKET, -held, math.nan, -1, CLOSES)
    if action in (ENTER, REVERSE):
        if size != 0.0:
            position_memory.tag = intent.tag
            _send_bracket(intent, size, bar, orders, book, tick, step)
    elif action in (REDUCE, ADD):
        if size != 0.0:
            new_row(orders, book, MARKET, size, math.nan, -1, REDUCES if action == REDUCE else ADDS)
    elif action == REBALANCE:
        trade = _send_rebalancing(size, held, orders, book) if size != 0.0 else -1
        if not math.isnan(intent.stop):
            _protect(intent, held, size, orders, book, tick, trade)


@allocation_free
def _send_rebalancing(size: float, held: float, orders: np.ndarray, book: Record) -> int:
    """Send a trade that leads from what is held to what is wanted; return the id of its last order.

    One that turns the position is two orders, as of `REVERSE`. None opens more than is wanted where a stop or a liquidation
    closes the position at the same open.
    """
    if held == 0.0:
        return int(new_row(orders, book, MARKET, size, math.nan, -1, PLAIN).id)
    if held * size > 0.0:
        return int(new_row(orders, book, MARKET, size, math.nan, -1, ADDS).id)
    turned = opening_part(held, size)
    if turned == 0.0:
        return int(new_row(orders, book, MARKET, size, math.nan, -1, REDUCES).id)
    new_row(orders, book, MARKET, -held, math.nan, -1, CLOSES)
    return int(new_row(orders, book, MARKET, turned, math.nan, -1, PLAIN).id)


@allocation_free
def _allowed(options: Record, position_memory: Record, time: float, equity: float, account: Record) -> int:
    bar_seconds = position_memory.hours_per_bar * SECONDS_PER_HOUR
    return allowed_at(options, position_memory, time, bar_seconds, equity, account.entries, account.losses)


@allocation_free
def direction_of(intent: Intent, held: float) -> float:
    """Return the side of an entry, or the side to which a reversal turns what is held: +1 or -1."""
    return -math.copysign(1.0, held) if intent.action == REVERSE else intent.direction


@inlined_loop
def carried_out(
    intent: Intent, direction: float, exposure: float, equity: float, share: float, allowed: int, close: float,
    volatility_24h: float, position: np.ndarray, orders: np.ndarray, book: np.ndarray, position_memory: np.ndarray,
    sizing: np.ndarray, costs: np.ndarray, in_force: int, account: np.ndarray,
) -> None:  # fmt: skip
    """Turn an intent into rows of orders, at a bar's close. Those that it cancels stay until they are dropped.

    An entry that is too small for one contract step is counted in the account. One that is asked for while another works changes
    nothing. One that still waits is cancelled by a target exposure.

    Parameters
    ----------
    intent
        The rule's answer.
    direction, exposure, equity, share, allowed
        What options leave of it. Without any: `direction_of`, the intent's exposure, equity at this close, 1 and `ENTRY`. `share`
        is as `traded_size` has it.
    close, volatility_24h
        Price and forecast volatility at this close.
    position
        (1,) of `POSITION` at this close.
    orders, book
        Rows of `ORDER` with room for `MOST_ORDERS` more, and (1,) of `BOOK`.
    position_memory, sizing
        (1,) of `POSITION_MEMORY` and of `SIZING`.
    costs, in_force
        (d,) of `COSTS`, and which of them is in force.
    account
        (1,) of `ACCOUNT`.
    """
    seen, known, terms = position[0], book[0], costs[in_force]
    held, asked, price, before = seen.size, intent.action, close, seen.size
    if intent.action == REVERSE:
        asked, before = ENTER, 0.0
    if asked == ENTER:
        price = entry_price(intent, close)
    if (intent.action == REVERSE and held == 0.0) or (intent.action == ENTER and _entry_works(orders, known)):
        return
    size = traded_size(
        asked, direction, intent.stop, exposure, price, volatility_24h, before, equity, sizing, intent.band, share
    )
    size = order_size(size, before, terms.contract_step)
    if is_below_step(
        asked, direction, intent.stop, exposure, price, volatility_24h, before, equity, sizing, size, intent.band, share
    ):
        account[0].below_step += 1.0
    if allowed != ENTRY:
        size = allowed_size(size, before, allowed)
    if intent.action == REBALANCE:
        _cancel_waiting_entry(orders, known)
    if size != 0.0 or intent.action in (EXIT, REVERSE) or not math.isnan(intent.stop):
        tick, step = terms.price_tick, terms.contract_step
        _send(intent, size, int(seen.bar), held, orders, known, position_memory[0], tick, step)


@allocation_free
def carry_out(
    intent: Intent, close: float, volatility_24h: float, position: np.ndarray, orders: np.ndarray, book: np.ndarray,
    position_memory: np.ndarray, sizing: np.ndarray, costs: np.ndarray, in_force: int, account: np.ndarray,
    trading: np.ndarray, time: float, allocation: float = 1.0,
) -> None:  # fmt: skip
    """Turn an intent into rows of orders, as `carried_out` does, within the account's options.

    While they allow no entry, one that still waits is cancelled.

    Parameters
    ----------
    intent
        The rule's answer. `KEEP` is to be told as well where options are on.
    close, volatility_24h, position, orders, book, position_memory, sizing, costs, in_force, account
        As `carried_out` has them.
    trading, time
        (1,) of `TRADING`; the close's time, seconds since 1970-01-01 UTC.
    allocation
        The market's share of the account's equity, 0 .. 1: the size is that of an account that has no more.
    """
    seen, options, start = position[0], trading[0], account[0].start
    exposure, equity, share, allowed = intent.exposure, seen.equity, 1.0, ENTRY
    direction = direction_of(intent, seen.size)
    if options.on != 0:
        allowed = _allowed(options, position_memory[0], time, equity, account[0])
        if allowed != ENTRY:
            _cancel_waiting_entry(orders, book[0])
        if intent.action == KEEP:
            return
        intent = with_entry_order(options, intent, direction, close)
        exposure = on_sides(options, exposure) if intent.action == REBALANCE else exposure
        direction = on_sides(options, direction) if allowed == ENTRY else 0.0
        if options.compounding == 0 and equity > 0.0:
            equity, share = start, min(equity / start, 1.0)
    carried_out(
        intent, direction, exposure, allocation * equity, share, allowed, close, volatility_24h, position, orders, book,
        position_memory, sizing, costs, in_force, account,
    )  # fmt: skip
