"""Inverse contracts against published worked examples."""

import math

import pytest

from indicators.liquidation.inverse import (
    inverse_bankruptcy_price,
    inverse_cross_bankruptcy_price,
    inverse_cross_liquidation_price,
    inverse_entry_value_price,
    inverse_mark_value_price,
    inverse_profit,
)


def test_mcs_isolated_example():
    # reliability notes F7: 10x at 2,000, 0.5 %: the mark-value form
    assert inverse_mark_value_price(2_000.0, 10.0, 1.0, 0.005) == pytest.approx(1_827.27, abs=0.01)
    # MCS prints the entry-value form with its own rounding
    assert inverse_entry_value_price(2_000.0, 10.0, 1.0, 0.005) == pytest.approx(1_826.48, abs=0.01)
    assert inverse_entry_value_price(2_000.0, 10.0, -1.0, 0.005) == pytest.approx(2_209.94, abs=0.01)


def test_bybit_cross_example():
    # reliability notes F6: 0.5 BTC, long 10,000 at 8,000, m .5 %, fee .075 %; the page rounds the second up to 5,739.50
    assert inverse_cross_bankruptcy_price(10_000.0, 8_000.0, 0.5, 0.00075) == pytest.approx(5_718.57, abs=0.005)
    price = inverse_cross_liquidation_price(10_000.0, 8_000.0, 0.5, 0.005, 0.00075)
    assert price == pytest.approx(5_739.0835, abs=5e-4)


@pytest.mark.parametrize(
    ("leverage", "long_gap", "short_gap"),
    [(2, 1673, None), (5, 334, 498), (10, 91, 110), (20, 24, 26), (50, 3.8, 3.9)],
)
def test_gap_to_linear_by_leverage(leverage, long_gap, short_gap):
    # basis points of entry, m = 0.4 %
    linear_long = (1 - 1 / leverage) / (1 - 0.004)
    linear_short = (1 + 1 / leverage) / (1 + 0.004)
    assert 1e4 * (inverse_mark_value_price(1.0, leverage, 1.0, 0.004) - linear_long) == pytest.approx(long_gap, abs=0.6)
    if short_gap is not None:
        assert 1e4 * (inverse_mark_value_price(1.0, leverage, -1.0, 0.004) - linear_short) == pytest.approx(
            short_gap, abs=0.6
        )


def test_a_short_at_1x_is_never_liquidated():
    for price in (inverse_mark_value_price, inverse_entry_value_price):
        assert math.isinf(price(100.0, 1.0, -1.0, 0.0))
    assert math.isinf(inverse_bankruptcy_price(100.0, 1.0, -1.0))


@pytest.mark.parametrize(("side", "expected"), [(1.0, 100 * 10 / 11), (-1.0, 100 * 10 / 9)])
def test_bankruptcy_price(side, expected):
    assert inverse_bankruptcy_price(100.0, 10.0, side) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("contracts", "entry", "exit_price", "expected"),
    [
        (15_000.0, 750.0, 800.0, 1.25),  # reliability notes F1, BitMEX
        (-100_000.0, 10_000.0, 11_000.0, -0.90909091),  # F8, nautilus
        (100_000.0, 10_500.0, 11_505.6, 0.83238969),
        (-1_250_000.0, 15_500.0, 12_506.65, 19.30166700),
    ],
)
def test_profit_in_coin(contracts, entry, exit_price, expected):
    assert inverse_profit(contracts, entry, exit_price) == pytest.approx(expected, abs=5e-9)
