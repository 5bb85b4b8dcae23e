"""A strategy over a range of bars in one compiled loop: the event engine's rules, position, matching and accounting.

Nothing here computes a price, a size or a sum. What the event engine does through backtrader's orders (send a bracket,
cancel it, drop what works no longer) is done here on the rows that `process_bar` reads.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free, read_only
from indicators.liquidation.model import SECONDS_PER_HOUR
from runs.perpetual.accounting import FILL, LIMIT, MARKET, STOP, open_account
from runs.perpetual.matching import MAX_EVENTS, process_bar
from runs.perpetual.orders import (
    CANCELLED,
    ORDER,
    SENT,
    WAITING,
    WORKING,
    order_price,
    order_size,
    terms_in_force,
)
from strategies.intent import ENTER, EXIT, KEEP, POSITION, Intent
from strategies.market import market_at
from strategies.position import is_below_step, new_position_memory, traded_size, update_position
from strategies.rule import decide, with_rule

PROGRESS = np.dtype(
    [
        ("bar", np.int64),  # next bar to take
        ("lines", np.int64),  # of the ledger
        ("count", np.int64),  # orders that work or wait
        ("sent", np.int64),  # orders ever sent, hence the next one's id
        ("entry", np.int64),  # id of the last entry sent; -1: none yet
    ]
)
"""How far a loop has come; it goes on from there."""

_BRACKET = 3  # orders that one answer can send: entry, stop, target
_FIRST_LINES, _FIRST_ORDERS = 4096, 16  # rows of room to begin with, untouched memory costs nothing; doubled when full


@dataclass(frozen=True)
class Evaluation:
    """What a strategy did, bar by bar and fill by fill.

    Attributes
    ----------
    fills
        (m,) of `FILL`; bars count from the market's first.
    equity
        (k,) quote at the close of each evaluated bar.
    position
        (k,) signed base coin held then.
    account
        (1,) of `ACCOUNT` after the last bar.
    first
        Index of the first evaluated bar in the market.
    sent
        How many orders were sent: the ledger names them by their numbers from 0 on.
    """

    fills: np.ndarray
    equity: np.ndarray
    position: np.ndarray
    account: np.ndarray
    first: int = 0
    sent: int = 0


@dataclass(frozen=True)
class EvaluationInputs:
    """What a strategy runs on and with.

    Attributes
    ----------
    bars, snapshots, prices
        (n,) of `BAR`, of `SNAPSHOT` and of `PRICES`.
    first, last
        The bars taken: ``first <= bar < last``.
    history
        How many bars the rule sees.
    funding
        (k,) of `FUNDING_TERMS`.
    rule, sizing, costs
        (1,) records of the strategy's parameters and `SIZING`, (d,) of `COSTS`.
    tiers
        (d, n, 4) brackets; `costs` has as many rows, and `prices` says which is in force.
    starting_cash
        Quote.
    bar_seconds
        Length of a bar.
    """

    bars: np.ndarray
    snapshots: np.ndarray
    prices: np.ndarray
    first: int
    last: int
    history: int
    funding: np.ndarray
    rule: np.ndarray
    sizing: np.ndarray
    costs: np.ndarray
    tiers: np.ndarray
    starting_cash: float
    bar_seconds: float


@allocation_free
def _write_order(orders: np.ndarray, progress: Record, kind: int, size: float, price: float, parent: int) -> None:
    row = orders[progress.count]
    row.id, row.kind, row.size, row.price, row.limit = progress.sent, kind, size, price, math.nan
    row.parent, row.group, row.book = parent, -1, SENT
    row.state = WORKING if parent < 0 else WAITING
    progress.count += 1
    progress.sent += 1


@allocation_free
def _drop(orders: np.ndarray, progress: Record) -> None:
    """Drop the orders that work no longer; the others keep their order."""
    kept = 0
    for row in range(progress.count):
        if orders[row].state <= WORKING:
            if kept != row:
                orders[kept] = orders[row]
            kept += 1
    progress.count = kept


@allocation_free
def _cancel_bracket(orders: np.ndarray, progress: Record) -> None:
    """Cancel what is left of the last entry's bracket."""
    for row in range(progress.count):
        order = orders[row]
        if progress.entry >= 0 and (order.id == progress.entry or order.parent == progress.entry):
            order.state = CANCELLED
    _drop(orders, progress)


@allocation_free
def _send(
    intent: Intent, size: float, orders: np.ndarray, progress: Record, position_memory: np.ndarray, tick: float
) -> None:
    """Send what an intent trades: a market order, and for an entry its stop and target, which wait for it."""
    entry = progress.sent
    _write_order(orders, progress, MARKET, size, math.nan, -1)
    if intent.action != ENTER:
        return
    progress.entry = entry
    position_memory[0].tag = intent.tag
    if not math.isnan(intent.stop):
        _write_order(orders, progress, STOP, -size, order_price(STOP, -size, intent.stop, tick), entry)
    if not math.isnan(intent.target):
        _write_order(orders, progress, LIMIT, -size, order_price(LIMIT, -size, intent.target, tick), entry)


@allocation_free
def submit_intent(
    intent: Intent, snapshot: Record, position: Record, orders: np.ndarray, progress: Record, position_memory: np.ndarray,
    sizing: np.ndarray, terms: Record, account: Record,
) -> None:  # fmt: skip
    """Turn an intent into order rows, by the venue's `terms` (a record of `COSTS`).

    An entry that is too small for one contract step is counted in the account.
    """
    size = traded_size(
        intent.action, intent.direction, intent.stop, intent.exposure, snapshot.close, snapshot.volatility_24h,
        position.size, position.equity, sizing,
    )  # fmt: skip
    if intent.action == EXIT:
        _cancel_bracket(orders, progress)
    size = order_size(size, position.size, terms.contract_step)
    if is_below_step(
        intent.action, intent.direction, intent.stop, intent.exposure, snapshot.close, snapshot.volatility_24h,
        position.size, position.equity, sizing, size,
    ):  # fmt: skip
        account.below_step += 1.0
    if size != 0.0:
        _send(intent, size, orders, progress, position_memory, terms.price_tick)


def _run_bars(
    bars: np.ndarray, snapshots: np.ndarray, prices: np.ndarray, first: int, last: int, history: int, bar_seconds: float,
    funding: np.ndarray, rule: np.ndarray, sizing: np.ndarray, costs: np.ndarray, tiers: np.ndarray, account: np.ndarray,
    orders: np.ndarray, progress: np.ndarray, position_memory: np.ndarray, position: np.ndarray, fills: np.ndarray,
    equities: np.ndarray, sizes: np.ndarray,
) -> bool:  # fmt: skip
    """Take bars from where `progress` stands: orders meet the bar, then the rule is asked at its close, once it has its history.

    Returns
    -------
    bool
        True at `last`; False where ledger or orders have no room for the next bar.
    """
    state, held = progress[0], account[0]
    equity = held.wallet
    while state.bar < last:
        bar = state.bar
        if state.count > 0 or held.size != 0.0:
            if state.lines + state.count + MAX_EVENTS > len(fills) or state.count + _BRACKET > len(orders):
                return False
            state.lines, over, equity = process_bar(
                account, orders, state.count, bar, prices, bar, costs, tiers, fills, state.lines
            )
            if over > 0:
                _drop(orders, state)
        equities[bar - first] = equity
        sizes[bar - first] = held.size
        update_position(position, position_memory, bar, held.size, held.entry_price, equity)
        if bar + 1 < history:
            state.bar = bar + 1
            continue
        intent = decide(market_at(bars, snapshots, bar, history, bar_seconds, funding), position[0], rule[0])
        state.bar = bar + 1
        if intent.action != KEEP:
            terms = costs[terms_in_force(prices[bar])]
            submit_intent(intent, snapshots[bar], position[0], orders, state, position_memory, sizing, terms, held)
    return True


@cache
def trading_loop(rule: Any) -> Callable[..., bool]:
    """Return the loop with a compiled rule built in."""
    return with_rule(_run_bars, rule)


def evaluate(loop: Callable[..., bool], inputs: EvaluationInputs) -> Evaluation:
    """Take a fresh account through its inputs.

    Parameters
    ----------
    loop
        From `trading_loop`.
    inputs
        What to run on and with.
    """
    count = inputs.last - inputs.first
    account, orders = open_account(inputs.starting_cash), np.zeros(_FIRST_ORDERS, dtype=ORDER)
    progress = np.array([(inputs.first, 0, 0, 0, -1)], dtype=PROGRESS)
    position_memory, position = new_position_memory(inputs.bar_seconds / SECONDS_PER_HOUR), np.zeros(1, dtype=POSITION)
    fills, equities, sizes = np.zeros(_FIRST_LINES, dtype=FILL), np.empty(count), np.empty(count)
    while not loop(
        read_only(inputs.bars), read_only(inputs.snapshots), inputs.prices, inputs.first, inputs.last, inputs.history,
        inputs.bar_seconds, inputs.funding, inputs.rule, inputs.sizing, inputs.costs, inputs.tiers, account, orders,
        progress, position_memory, position, fills, equities, sizes,
    ):  # fmt: skip
        fills = np.concatenate([fills, np.zeros(len(fills), dtype=FILL)])
        orders = np.concatenate([orders, np.zeros(len(orders), dtype=ORDER)])
    state = progress[0]
    return Evaluation(fills[: state["lines"]], equities, sizes, account, inputs.first, int(state["sent"]))
