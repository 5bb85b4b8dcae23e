"""A strategy over several markets in one compiled loop: each market is asked on its own map, all orders meet one account.

As in `compiled`, nothing here computes a price, a size or a sum: orders meet the bars in `runs.perpetual.joint_matching`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from indicators.liquidation.compiled import read_only
from indicators.liquidation.model import SECONDS_PER_HOUR
from runs.engines.compiled import Evaluation
from runs.engines.joint.plan import JointPlan
from runs.perpetual.accounting import FILL, open_account
from runs.perpetual.intents import BOOK, MOST_ORDERS, carried_out, carry_out, direction_of, drop_ended
from runs.perpetual.joint_account import new_members
from runs.perpetual.joint_matching import has_room, is_busy, process_step
from runs.perpetual.orders import ORDER, terms_in_force
from strategies.intent import KEEP, POSITION
from strategies.market import market_at
from strategies.position import new_position_memory, update_position
from strategies.rule import decide, with_rule
from strategies.trading import ENTRY

_FIRST_LINES, _FIRST_ORDERS = 1024, 16  # rows of room a market to begin with; doubled when one is full


@dataclass(frozen=True)
class JointEvaluation:
    """What a strategy did with one account in several markets.

    Attributes
    ----------
    equity
        (t,) quote at the close of each step.
    parts
        What it did in each market, by the market's own bars. Its equity is the start and what this market has earned.
    """

    equity: np.ndarray
    parts: tuple[Evaluation, ...]


def _run_steps(
    bars: np.ndarray, snapshots: np.ndarray, prices: np.ndarray, rows: np.ndarray, shares: np.ndarray, history: int,
    bar_seconds: float, funding: np.ndarray, funding_at: np.ndarray, rule: np.ndarray, rule_states: np.ndarray,
    sizing: np.ndarray, trading: np.ndarray, costs: np.ndarray, tiers: np.ndarray, accounts: np.ndarray,
    orders: np.ndarray, books: np.ndarray, members: np.ndarray, memories: np.ndarray, positions: np.ndarray,
    fills: np.ndarray, step: np.ndarray, equities: np.ndarray, sizes: np.ndarray, profits: np.ndarray,
) -> bool:  # fmt: skip
    """Take steps from where `step` stands: orders meet the bars of all markets, then the rule is asked in each that has one.

    Returns
    -------
    bool
        True at the end; False where ledgers or orders have no room for the next step.
    """
    restricted, equity = trading[0].on != 0, equities[max(step[0] - 1, 0)]
    while step[0] < len(rows):
        now = step[0]
        if not has_room(members, books, fills.shape[1], orders.shape[1], MOST_ORDERS):
            return False
        for k in range(len(members)):
            members[k].bar = rows[now, k]
        if is_busy(accounts, books):
            equity = process_step(accounts, orders, books, members, prices, costs, tiers, fills)
        equities[now] = equity
        for k in range(len(members)):
            member, account = members[k], accounts[k]
            if member.over > 0:
                drop_ended(orders[k], books[k])
                member.over = 0
            if member.bar < 0:
                continue
            bar, row = member.bar, member.first + member.bar
            sizes[row], profits[row] = account.size, member.profit
            update_position(positions[k : k + 1], memories[k : k + 1], bar, account.size, account.entry_price, equity)
            if bar + 1 < history or bar < member.begins or bar == member.leaves:
                continue
            own_funding = funding[funding_at[k] : funding_at[k + 1]]
            market = market_at(bars, snapshots, row, history, bar_seconds, own_funding)
            intent = decide(market, positions[k], rule[0], rule_states[k])
            if intent.action != KEEP or restricted:
                seen, share, in_force = snapshots[row], shares[now, k], terms_in_force(prices[row])
                if restricted:
                    carry_out(
                        intent, seen.close, seen.volatility_24h, positions[k : k + 1], orders[k], books[k : k + 1],
                        memories[k : k + 1], sizing[k : k + 1], costs, in_force, accounts[k : k + 1], trading,
                        bars[row].open_time + bar_seconds, share,
                    )  # fmt: skip
                else:
                    carried_out(
                        intent, direction_of(intent, account.size), intent.exposure, share * equity, 1.0, ENTRY,
                        seen.close, seen.volatility_24h, positions[k : k + 1], orders[k], books[k : k + 1],
                        memories[k : k + 1], sizing[k : k + 1], costs, in_force, accounts[k : k + 1],
                    )  # fmt: skip
                drop_ended(orders[k], books[k])
        step[0] = now + 1
    return True


@cache
def joint_loop(rule: Any) -> Callable[..., bool]:
    """Return the loop over several markets with a compiled rule built in."""
    return with_rule(_run_steps, rule)


def evaluate_jointly(
    loop: Callable[..., bool], lengths: Sequence[int], bars: np.ndarray, snapshots: np.ndarray, prices: np.ndarray,
    tiers: np.ndarray, inputs: Sequence[Mapping[str, Any]], plan: JointPlan, shares: np.ndarray,
) -> JointEvaluation:  # fmt: skip
    """Take a fresh account through several markets.

    Parameters
    ----------
    loop
        From `joint_loop`.
    lengths
        (k,) how many bars each market has.
    bars, snapshots
        (n,) of `BAR`, and of the fields of `SNAPSHOT` that rule and sizing read, of all markets one after another.
    prices, tiers
        (n,) of `PRICES` of all, their terms counted on, and (d, m, 4) all brackets (`side_by_side`).
    inputs
        `Evaluator.settings` of each market; rule, trading options and cash are the first one's.
    plan, shares
        The steps, and (t, k) each market's share of equity at each step's close.
    """
    count, rows, one = len(inputs), plan.rows, inputs[0]
    members = new_members(lengths, plan.begins, plan.leaves)
    costs = np.concatenate([item["costs"] for item in inputs])
    funding = np.concatenate([item["funding"] for item in inputs])
    funding_at = np.cumsum([0, *(len(item["funding"]) for item in inputs)])
    accounts = np.repeat(open_account(one["starting_cash"]), count)
    books = np.repeat(np.array([(0, 0, -1)], dtype=BOOK), count)
    memories = np.repeat(new_position_memory(one["bar_seconds"] / SECONDS_PER_HOUR), count)
    positions = np.zeros(count, dtype=POSITION)
    orders, fills = np.zeros((count, _FIRST_ORDERS), dtype=ORDER), np.empty((count, _FIRST_LINES), dtype=FILL)
    states, sizing = (np.concatenate([item[name] for item in inputs]) for name in ("state", "sizing"))
    step, equities = np.array([plan.first]), np.full(len(rows), one["starting_cash"])
    sizes, profits = np.zeros(len(bars)), np.zeros(len(bars))
    while not loop(
        read_only(bars), read_only(snapshots), prices, rows, shares, one["history"], one["bar_seconds"], funding, funding_at,
        one["rule"], states, sizing, one["trading"], costs, tiers, accounts, orders, books, members, memories, positions, fills,
        step, equities, sizes, profits,
    ):  # fmt: skip
        fills = np.concatenate([fills, np.empty_like(fills)], axis=1)
        orders = np.concatenate([orders, np.zeros_like(orders)], axis=1)
    parts = []
    for k, item in enumerate(inputs):
        first = int(members["first"][k])
        own = slice(first, first + item["last"])
        equity = one["starting_cash"] + profits[own]
        parts.append(
            Evaluation(
                fills[k, : members["lines"][k]].copy(), equity, sizes[own], accounts[k : k + 1], item["state"],
                states[k : k + 1], 0, int(books["sent"][k]),
            )
        )  # fmt: skip
    return JointEvaluation(equities, tuple(parts))
