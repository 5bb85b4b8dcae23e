"""What funding takes from a coin: the rate at the last known mark."""

import numpy as np

from runs.perpetual.funding import mark_at_open, paid_a_coin
from runs.perpetual.orders import PRICES


def bars(**columns) -> np.ndarray:
    made = np.full(len(columns["open"]), np.nan, dtype=PRICES)
    for name, values in columns.items():
        made[name] = values
    return made


def test_the_mark_is_the_last_one_known_and_else_the_open():
    prices = bars(open=[100.0, 101.0, 102.0], mark_close=[99.0, np.nan, 98.0])
    assert [mark_at_open(prices, row) for row in range(3)] == [100.0, 99.0, 102.0]


def test_a_long_coin_pays_rate_times_mark_and_nothing_where_nothing_settles():
    prices, paid = bars(open=[100.0, 200.0, 300.0], funding_rate=[0.01, np.nan, -0.02]), np.empty(3)
    paid_a_coin(prices, paid)
    assert paid.tolist() == [1.0, 0.0, -6.0]
