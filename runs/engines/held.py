"""One coin of the perpetual, bought at the first open and held: out of the prices that orders meet."""

from dataclasses import dataclass

import numpy as np

from runs.perpetual.funding import paid_by_a_coin
from runs.statistics.holding import holding_returns


@dataclass(frozen=True)
class HeldPerpetual:
    """What holding is worth, bar by bar and day by day.

    Attributes
    ----------
    opened
        Price at which it was bought, quote.
    close, paid
        (n,) prices, and the funding that the coin paid in each bar, quote.
    day_rows, daily_returns
        (d,) index of each day's last bar, and the days' `holding_returns`.
    """

    opened: float
    close: np.ndarray
    paid: np.ndarray
    day_rows: np.ndarray
    daily_returns: np.ndarray


def held_perpetual(prices: np.ndarray, day_rows: np.ndarray) -> HeldPerpetual:
    """Return what holding through (n,) of `PRICES` comes to.

    Parameters
    ----------
    prices
        The bars held. Who buys at the first open was not there at the settlement of that instant.
    day_rows
        (d,) index of each day's last bar.
    """
    paid = np.empty(len(prices))
    paid_by_a_coin(prices, paid)
    opened, close = float(prices["open"][0]), np.ascontiguousarray(prices["close"])
    daily = np.diff(np.concatenate([[0.0], np.cumsum(paid)[day_rows]]))
    return HeldPerpetual(opened, close, paid, day_rows, holding_returns(opened, close[day_rows], daily))
