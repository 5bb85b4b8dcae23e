"""One bar for one account and its working orders in several markets: the stages of `matching`, each for all markets.

Nobody knows which market moved first within a bar. So:

1. Funding, then own liquidation where the opens lie beyond it, then each market's orders at its open, in the markets' order.
2. All markets may stand at their worst at once: a position is liquidated where it reaches its trigger with all others there,
   and the position of the largest notional first. It is filled where it would be with the others still at their last prices,
   since it has then gone furthest by itself. What its loss leaves says whether the next one follows.
3. Stops and limits, market by market, and 2 again after what they open or close.
4. A market that leaves (delisted, or out of its dates) closes what it holds at its last close, as a taker.

A liquidation ends the orders of its own market. A market without a bar holds its last price, and nothing happens in it.
What is free to open with counts other positions at the open, or at their last fill in this bar.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from runs.perpetual.accounting import DELISTING, apply_fill
from runs.perpetual.filling import slipped, taker_slippage, write_line
from runs.perpetual.funding import due_within, mark_at_open, settle_at_open, settle_within
from runs.perpetual.joint_account import look_down, value_markets
from runs.perpetual.matching import MAX_EVENTS, end_bar, fill_in_range, is_quiet, meet_open, to_adverse_extreme
from runs.perpetual.orders import EXPIRED, WORKING, terms_in_force
from runs.perpetual.own_liquidation import force_close, is_beyond, reached_trigger

MAX_JOINT_EVENTS = MAX_EVENTS + 1
"""Ledger lines that a bar can add to a market besides one for each order."""


@allocation_free
def has_room(members: np.ndarray, books: np.ndarray, lines: int, orders: int, most_orders: int) -> bool:
    """Whether ledgers of so many `lines` and tables of so many `orders` take another step, in which each market may send most."""
    for k in range(len(members)):
        count = books[k].count
        if members[k].lines + count + MAX_JOINT_EVENTS > lines or count + most_orders > orders:
            return False
    return True


@allocation_free
def _is_idle(account: Record, book: Record) -> bool:
    return book.count == 0 and account.size == 0.0


@allocation_free
def is_busy(accounts: np.ndarray, books: np.ndarray) -> bool:
    """Whether anything is held or ordered in any market; else a step changes nothing."""
    busy = False
    for k in range(len(accounts)):
        busy = busy or not _is_idle(accounts[k], books[k])
    return busy


@allocation_free
def _begin(
    accounts: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray, costs: np.ndarray,
    fills: np.ndarray,
) -> None:  # fmt: skip
    """Put each market in which anything is held or ordered at its open, and settle the funding that is due there."""
    for k in range(len(members)):
        member = members[k]
        member.over, member.due = 0, 0.0
        if member.bar < 0 or _is_idle(accounts[k], books[k]):
            continue
        own = prices[member.first : member.end]
        now = own[member.bar]
        member.terms, member.price = terms_in_force(now), now.open
        isolated = costs[member.terms].isolated > 0.0
        member.lines = settle_at_open(accounts[k], member.bar, own, member.bar, isolated, fills[k], member.lines)


@allocation_free
def _stirs(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray,
) -> bool:  # fmt: skip
    """Whether an order, a liquidation or funding within the bar happens in any market; most bars are quiet."""
    for k in range(len(members)):
        account, member = accounts[k], members[k]
        if member.bar < 0 or _is_idle(account, books[k]):
            continue
        now, isolated = prices[member.first + member.bar], costs[member.terms].isolated > 0.0
        if not math.isnan(now.funding_rate_within) or not is_quiet(orders[k], books[k].count, member.bar, now):
            return True
        if account.size != 0.0 and not math.isnan(reached_trigger(account, now, isolated, tiers[member.terms])):
            return True
    return False


@allocation_free
def _largest_reached(
    accounts: np.ndarray, members: np.ndarray, prices: np.ndarray, costs: np.ndarray, tiers: np.ndarray, at_open: bool
) -> int:
    """Return the market of the largest notional whose position is liquidated, at the open or within the bar; -1 for none."""
    found, most = -1, -1.0
    for k in range(len(members)):
        account, member = accounts[k], members[k]
        value = abs(account.size) * member.price
        if member.bar < 0 or account.size == 0.0 or value <= most:
            continue
        now, isolated = prices[member.first + member.bar], costs[member.terms].isolated > 0.0
        trigger = reached_trigger(account, now, isolated, tiers[member.terms])
        if not math.isnan(trigger) and (not at_open or is_beyond(account.size, now.open, trigger)):
            found, most = k, value
    return found


@allocation_free
def _meet_opens(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray, fills: np.ndarray,
) -> None:  # fmt: skip
    """Liquidate what the opens lie beyond, the largest first, and then fill the orders of each market's open."""
    while True:
        k = _largest_reached(accounts, members, prices, costs, tiers, True)
        if k < 0:
            break
        member, cost = members[k], costs[members[k].terms]
        now = prices[member.first + member.bar]
        trigger = reached_trigger(accounts[k], now, cost.isolated > 0.0, tiers[member.terms])
        member.lines = force_close(
            accounts[k], orders[k], books[k].count, member.bar, now, cost, trigger, now.open, fills[k], member.lines
        )
        value_markets(accounts, members, costs, tiers)
    for k in range(len(members)):
        member, before = members[k], members[k].lines
        if member.bar < 0 or books[k].count == 0:
            continue
        own, terms = prices[member.first : member.end], member.terms
        last_close = own[0].open if member.bar == 0 else own[member.bar - 1].close
        member.lines = meet_open(
            accounts[k], orders[k], books[k].count, member.bar, own[member.bar], last_close, costs[terms], tiers[terms],
            False, fills[k], before,
        )  # fmt: skip
        if member.lines != before:
            value_markets(accounts, members, costs, tiers)


@allocation_free
def _settle(
    accounts: np.ndarray, members: np.ndarray, prices: np.ndarray, costs: np.ndarray, tiers: np.ndarray,
    fills: np.ndarray, later: bool,
) -> None:  # fmt: skip
    """Settle what falls due within the bar: what is paid after the open; `later`, at the close, what is received or paid more."""
    for k in range(len(members)):
        member = members[k]
        if member.bar < 0 or (accounts[k].size == 0.0 and member.due == 0.0):
            continue
        own = prices[member.first : member.end]
        due = due_within(accounts[k], own, member.bar)
        amount = max(member.due, due) - max(member.due, 0.0) if later else max(due, 0.0)
        if not later:
            member.due = due
        isolated = costs[member.terms].isolated > 0.0
        member.lines = settle_within(
            accounts[k], member.bar, mark_at_open(own, member.bar), amount, isolated, fills[k], member.lines
        )
    value_markets(accounts, members, costs, tiers)


@allocation_free
def _liquidate_within(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray, fills: np.ndarray,
) -> bool:  # fmt: skip
    """Take to their worst the positions that do not survive it, the largest first; return whether anything happened."""
    happened = False
    while True:
        look_down(accounts, orders, books, members, prices, costs, tiers)
        k = _largest_reached(accounts, members, prices, costs, tiers, False)
        if k < 0:
            return happened
        member, before = members[k], members[k].lines
        now, terms = prices[member.first + member.bar], member.terms
        member.lines = to_adverse_extreme(
            accounts[k], orders[k], books[k].count, member.bar, now, costs[terms], tiers[terms], member.price, fills[k],
            before,
        )  # fmt: skip
        if member.lines == before:  # a stop-limit that came before it rests, or was refused
            return happened
        member.price, happened = fills[k, member.lines - 1].price, True
        value_markets(accounts, members, costs, tiers)


@allocation_free
def _meet_ranges(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray, fills: np.ndarray,
) -> None:  # fmt: skip
    """Let all markets meet their ranges until nothing happens any more."""
    while True:
        happened = _liquidate_within(accounts, orders, books, members, prices, costs, tiers, fills)
        quiet = not happened
        for k in range(len(members)):
            member, before, count = members[k], members[k].lines, books[k].count
            if member.bar < 0 or count == 0:
                continue
            now, terms = prices[member.first + member.bar], member.terms
            known = before if quiet else -1
            member.lines = fill_in_range(
                accounts[k], orders[k], count, member.bar, now, costs[terms], tiers[terms], known, fills[k], before
            )
            if member.lines != before:
                member.price, happened = fills[k, member.lines - 1].price, True
                value_markets(accounts, members, costs, tiers)
        if not happened:
            return


@allocation_free
def leave_market(
    account: Record, orders: np.ndarray, count: int, bar: int, prices: Record, costs: Record, fills: np.ndarray,
    done: int,
) -> int:  # fmt: skip
    """Close what is held at a market's last close, as a taker, and end its orders; return the number of ledger lines."""
    for row in range(count):
        if orders[row].state <= WORKING:
            orders[row].state = EXPIRED
    if account.size == 0.0:
        return done
    size = -account.size
    sign, slippage = (1.0 if size > 0.0 else -1.0), taker_slippage(size, prices, costs)
    price, shortfall = slipped(prices.close, sign, slippage, prices.low, prices.high)
    fee = abs(size) * (price * costs.taker_fee + shortfall)
    realised = apply_fill(account, size, price, fee, costs.isolated > 0.0, costs.leverage)
    write_line(fills, done, account, bar, -1, DELISTING, size, price)
    fills[done].fee, fills[done].realised = fee, realised
    return done + 1


@allocation_free
def _close(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray, fills: np.ndarray, stirred: bool,
) -> float:  # fmt: skip
    """Put each market at its close; move and end orders where the bar was not quiet, and let go what leaves; return equity."""
    for k in range(len(members)):
        member, count = members[k], books[k].count
        if member.bar < 0 or _is_idle(accounts[k], books[k]):
            continue
        now, terms = prices[member.first + member.bar], member.terms
        member.price = now.close
        if member.bar == member.leaves:
            member.lines = leave_market(
                accounts[k], orders[k], count, member.bar, now, costs[terms], fills[k], member.lines
            )
        if stirred or member.bar == member.leaves:
            member.over = end_bar(accounts[k], orders[k], count, member.bar, now, costs[terms].price_tick)
    return value_markets(accounts, members, costs, tiers)


@allocation_free
def process_step(
    accounts: np.ndarray, orders: np.ndarray, books: np.ndarray, members: np.ndarray, prices: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray, fills: np.ndarray,
) -> float:  # fmt: skip
    """Take an account and its working orders through one bar of all markets; return equity at the close, quote.

    Parameters
    ----------
    accounts
        (k,) of `ACCOUNT`, changed in place.
    orders, books
        (k, r) of `ORDER` in the order of their submission, of which the first ``books[k].count`` are valid; (k,) of `BOOK`. How
        many of them work no longer is written to ``members[k].over``.
    members
        (k,) of `MEMBER`; ``bar`` says which bar each market has now.
    prices
        (n,) of `PRICES` of all markets, one after another. Of each only its bar and the one before are looked at.
    costs, tiers
        (d,) of `COSTS` and (d, m, 4) brackets of all markets; a bar's ``terms`` says which are in force.
    fills
        (k, l) of `FILL`, with room for ``count + MAX_JOINT_EVENTS`` further lines after the first ``members[k].lines``.
    """
    _begin(accounts, books, members, prices, costs, fills)
    value_markets(accounts, members, costs, tiers)
    look_down(accounts, orders, books, members, prices, costs, tiers)
    stirred = _stirs(accounts, orders, books, members, prices, costs, tiers)
    if stirred:
        for k in range(len(members)):
            accounts[k].fall_elsewhere = 0.0
        _meet_opens(accounts, orders, books, members, prices, costs, tiers, fills)
        _settle(accounts, members, prices, costs, tiers, fills, False)
        _meet_ranges(accounts, orders, books, members, prices, costs, tiers, fills)
        _settle(accounts, members, prices, costs, tiers, fills, True)
    return _close(accounts, orders, books, members, prices, costs, tiers, fills, stirred)
