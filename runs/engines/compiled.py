"""A strategy over a range of bars in one compiled loop: the event engine's rules, position, matching and accounting.

Nothing here computes a price, a size or a sum, and nothing sends an order: both engines do that by `runs.perpetual.intents`, on
rows that `process_bar` reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from indicators.liquidation.compiled import read_only
from indicators.liquidation.model import SECONDS_PER_HOUR
from runs.perpetual.accounting import FILL, open_account
from runs.perpetual.intents import BOOK, MOST_ORDERS, carried_out, carry_out, direction_of, drop_ended
from runs.perpetual.matching import MAX_EVENTS, process_bar
from runs.perpetual.orders import ORDER, terms_in_force
from strategies.intent import KEEP, POSITION
from strategies.market import market_at
from strategies.position import new_position_memory, update_position
from strategies.rule import decide, with_rule
from strategies.trading import ENTRY

PROGRESS = np.dtype(
    [
        ("bar", np.int64),  # next bar to take
        ("lines", np.int64),  # of the ledger
    ]
)
"""How far a loop has come; it goes on from there."""

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
    state_before, state_after
        (1,) the rule's state before the first bar and after the last; None for a strategy that has no rule of ours.
    first
        Index of the first evaluated bar in the market.
    sent
        How many orders were sent: the ledger names them by their numbers from 0 on.
    """

    fills: np.ndarray
    equity: np.ndarray
    position: np.ndarray
    account: np.ndarray
    state_before: np.ndarray | None
    state_after: np.ndarray | None
    first: int = 0
    sent: int = 0


@dataclass(frozen=True)
class EvaluationInputs:
    """What a strategy runs on and with.

    Attributes
    ----------
    bars, snapshots, prices
        (n,) of `BAR`, of the fields of `SNAPSHOT` that rule and sizing read, and of `PRICES`.
    first, last
        The bars taken: ``first <= bar < last``.
    history
        How many bars the rule sees.
    funding
        (k,) of `FUNDING_TERMS`.
    rule, state, sizing, trading, costs
        (1,) records of the strategy's parameters, of the state with which it begins, of `SIZING` and of `TRADING`, (d,) of
        `COSTS`.
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
    state: np.ndarray
    sizing: np.ndarray
    trading: np.ndarray
    costs: np.ndarray
    tiers: np.ndarray
    starting_cash: float
    bar_seconds: float


def _run_bars(
    bars: np.ndarray, snapshots: np.ndarray, prices: np.ndarray, first: int, last: int, history: int, bar_seconds: float,
    funding: np.ndarray, rule: np.ndarray, rule_state: np.ndarray, sizing: np.ndarray, trading: np.ndarray,
    costs: np.ndarray, tiers: np.ndarray, account: np.ndarray, orders: np.ndarray, book: np.ndarray, progress: np.ndarray,
    position_memory: np.ndarray, position: np.ndarray, fills: np.ndarray, equities: np.ndarray, sizes: np.ndarray,
) -> bool:  # fmt: skip
    """Take bars from where `progress` stands: orders meet the bar, then the rule is asked at its close, once it has its history.

    Returns
    -------
    bool
        True at `last`; False where ledger or orders have no room for the next bar.
    """
    state, known, held = progress[0], book[0], account[0]
    equity, restricted = held.wallet, trading[0].on != 0
    while state.bar < last:
        bar = state.bar
        if known.count > 0 or held.size != 0.0:
            if state.lines + known.count + MAX_EVENTS > len(fills) or known.count + MOST_ORDERS > len(orders):
                return False
            state.lines, over, equity = process_bar(
                account, orders, known.count, bar, prices, bar, costs, tiers, fills, state.lines
            )
            if over > 0:
                drop_ended(orders, known)
        equities[bar - first] = equity
        sizes[bar - first] = held.size
        update_position(position, position_memory, bar, held.size, held.entry_price, equity)
        if bar + 1 < history:
            state.bar = bar + 1
            continue
        market = market_at(bars, snapshots, bar, history, bar_seconds, funding)
        intent = decide(market, position[0], rule[0], rule_state[0])
        state.bar = bar + 1
        if intent.action != KEEP or restricted:
            now, in_force = snapshots[bar], terms_in_force(prices[bar])
            if restricted:
                carry_out(
                    intent, now.close, now.volatility_24h, position, orders, book, position_memory, sizing, costs, in_force,
                    account, trading, bars[bar].open_time + bar_seconds,
                )  # fmt: skip
            else:
                carried_out(
                    intent, direction_of(intent, held.size), intent.exposure, equity, 1.0, ENTRY, now.close,
                    now.volatility_24h, position, orders, book, position_memory, sizing, costs, in_force, account,
                )  # fmt: skip
            drop_ended(orders, known)
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
    progress, book = np.array([(inputs.first, 0)], dtype=PROGRESS), np.array([(0, 0, -1)], dtype=BOOK)
    position_memory, position = new_position_memory(inputs.bar_seconds / SECONDS_PER_HOUR), np.zeros(1, dtype=POSITION)
    fills, equities, sizes = np.empty(_FIRST_LINES, dtype=FILL), np.empty(count), np.empty(count)
    state = inputs.state.copy()
    while not loop(
        read_only(inputs.bars), read_only(inputs.snapshots), inputs.prices, inputs.first, inputs.last, inputs.history,
        inputs.bar_seconds, inputs.funding, inputs.rule, state, inputs.sizing, inputs.trading, inputs.costs, inputs.tiers,
        account, orders, book, progress, position_memory, position, fills, equities, sizes,
    ):  # fmt: skip
        fills = np.concatenate([fills, np.empty_like(fills)])
        orders = np.concatenate([orders, np.zeros(len(orders), dtype=ORDER)])
    lines, states = int(progress["lines"][0]), (inputs.state, state)
    return Evaluation(fills[:lines], equities, sizes, account, *states, inputs.first, int(book["sent"][0]))
