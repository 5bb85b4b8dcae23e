"""What funding takes from a position: pure and compiled. The matching and the benchmarks of a run ask the same functions."""

import math

import numpy as np

from indicators.liquidation.compiled import allocation_free


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
def paid_a_coin(prices: np.ndarray, paid: np.ndarray) -> None:
    """Write what one coin long, held since before each bar, pays in it: rate times mark, quote; 0 where nothing settles.

    Parameters
    ----------
    prices, paid
        (n,) of `PRICES`; (n,), written.
    """
    for row in range(len(prices)):
        rate = prices[row].funding_rate
        paid[row] = 0.0 if math.isnan(rate) else rate * mark_at_open(prices, row)
