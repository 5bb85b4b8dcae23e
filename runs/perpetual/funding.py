"""What funding takes from a position: pure and compiled. The matching and the perpetual that is merely held ask the same functions.

A bar knows the rate that settles at its open, and, where it is longer than the venue's interval, the sum of those that settle
later within it, each weighed by its mark over the mark at the open.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from runs.perpetual.accounting import FUNDING, pay_funding, settle_funding
from runs.perpetual.filling import write_line


@allocation_free
def mark_at_open(prices: np.ndarray, row: int) -> float:
    """Return the last mark known at a bar's open, quote: the close of the bar before, else this bar's open.

    Parameters
    ----------
    prices, row
        (n,) of `PRICES`, and which of them.
    """
    if row == 0 or math.isnan(prices[row - 1].mark_close):
        return prices[row].open
    return prices[row - 1].mark_close


@allocation_free
def paid_by_a_coin(prices: np.ndarray, paid: np.ndarray) -> None:
    """Write what one coin long, bought at the first bar's open, pays in each bar, quote; 0 where nothing settles.

    Parameters
    ----------
    prices, paid
        (n,) of `PRICES`; (n,), written.
    """
    for row in range(len(prices)):
        now = prices[row]
        mark, rate = mark_at_open(prices, row), 0.0
        if row > 0 and not math.isnan(now.funding_rate):
            rate = now.funding_rate
        if not math.isnan(now.funding_rate_within):
            rate += now.funding_rate_within
        paid[row] = rate * mark


@allocation_free
def settle_at_open(
    account: Record, bar: int, prices: np.ndarray, row: int, isolated: bool, fills: np.ndarray, done: int
) -> int:
    """Settle what is due at a bar's open on what is held; return the number of ledger lines."""
    rate = prices[row].funding_rate
    if account.size == 0.0 or math.isnan(rate) or rate == 0.0:
        return done
    mark = mark_at_open(prices, row)
    paid = settle_funding(account, rate, mark, isolated)
    return _write(account, bar, mark, paid, fills, done)


@allocation_free
def due_within(account: Record, prices: np.ndarray, row: int) -> float:
    """Return what a position that is held through a bar pays at the settlements after its open, quote; 0 where there is none."""
    rate = prices[row].funding_rate_within
    if account.size == 0.0 or math.isnan(rate):
        return 0.0
    return account.size * mark_at_open(prices, row) * rate


@allocation_free
def settle_within(
    account: Record, bar: int, mark: float, paid: float, isolated: bool, fills: np.ndarray, done: int
) -> int:
    """Settle an amount (quote, + = paid) that falls due within a bar; return the number of ledger lines."""
    if paid == 0.0:
        return done
    pay_funding(account, paid, isolated)
    return _write(account, bar, mark, paid, fills, done)


@allocation_free
def _write(account: Record, bar: int, mark: float, paid: float, fills: np.ndarray, done: int) -> int:
    write_line(fills, done, account, bar, -1, FUNDING, 0.0, mark)
    fills[done].funding = paid
    return done + 1
