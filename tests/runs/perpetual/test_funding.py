"""What funding takes from a coin: the rate at the last known mark."""

import numpy as np

from runs.perpetual.funding import mark_at_open, paid_by_a_coin
from runs.perpetual.orders import PRICES


def bars(**columns) -> np.ndarray:
    made = np.full(len(columns["open"]), np.nan, dtype=PRICES)
    for name, values in columns.items():
        made[name] = values
    return made


def test_the_mark_is_the_last_one_known_and_else_the_open():
    prices = bars(open=[100.0, 101.0, 102.0], mark_close=[99.0, np.nan, 98.0])
    assert [mark_at_open(prices, row) for row in range(3)] == [100.0, 99.0, 102.0]


def test_a_coin_pays_rate_times_mark_but_not_at_the_open_at_which_it_was_bought():
    prices, paid = bars(open=[100.0, 200.0, 300.0], funding_rate=[0.01, np.nan, -0.02]), np.empty(3)
    paid_by_a_coin(prices, paid)
    assert paid.tolist() == [0.0, 0.0, -6.0]


def test_a_coin_pays_what_settles_later_within_a_bar_also_in_its_first():
    prices = bars(open=[100.0, 200.0], funding_rate=[0.5, 0.25], funding_rate_within=[0.125, 0.5])
    paid = np.empty(2)
    paid_by_a_coin(prices, paid)
    assert paid.tolist() == [12.5, 150.0]
