"""Account arithmetic against published examples and the incidents of others."""

import math

import numpy as np
import pytest

from runs.perpetual.accounting import (
    apply_fill,
    equity_at,
    free_balance,
    liquidate,
    liquidation_trigger,
    open_account,
    opening_part,
    settle_funding,
)

ONE_TIER = np.array([[0.0, 0.005, 0.0]])


def account(cash=10_000.0):
    return open_account(cash)[0]


def trade(held, size, price, fee_rate=0.0, isolated=False, leverage=10.0):
    return apply_fill(held, size, price, abs(size) * price * fee_rate, isolated, leverage)


@pytest.mark.parametrize(
    ("side", "funding", "expected"),
    [
        (1, 1.0, 3.6925),
        (1, -1.0, 1.6925),
        (1, 0.0, 2.6925),
        (-1, 1.0, -2.3075),
        (-1, -1.0, -4.3075),
        (-1, 0.0, -3.3075),
    ],
)
def test_freqtrades_profit_rows(side, funding, expected):
    # reliability notes F4: 30 at 2.00 -> 2.10, fee .25 % on both legs; freqtrade counts funding as received
    held = account(1_000.0)
    trade(held, side * 30.0, 2.0, 0.0025)
    settle_funding(held, -side * funding / 60.0, 2.0, False)
    trade(held, -side * 30.0, 2.1, 0.0025)
    assert held["wallet"] - 1_000.0 == pytest.approx(expected, abs=1e-12)


def test_bybits_closed_profit():
    # reliability notes F5: 0.4 BTC short 6,000 -> 5,000, taker .055 %, funding 2.10 paid: 395.48
    held = account(10_000.0)
    trade(held, -0.4, 6_000.0, 0.00055)
    settle_funding(held, -2.10 / (0.4 * 6_000.0), 6_000.0, False)
    trade(held, 0.4, 5_000.0, 0.00055)
    assert held["wallet"] - 10_000.0 == pytest.approx(400.0 - 1.32 - 1.10 - 2.10)
    assert held["wallet"] - 10_000.0 == pytest.approx(395.48)


def test_bybits_average_entry_price():
    held = account(100_000.0)
    trade(held, 0.5, 5_000.0)
    trade(held, 0.3, 6_000.0)
    assert held["entry_price"] == pytest.approx(5_375.0)


def test_nautilus_linear_short_and_fee():
    # reliability notes F8: 10 short at 10,500 -> 10,670.5 = -1,705
    held = account(1e6)
    trade(held, -10.0, 10_500.0, 0.001)
    assert held["fees"] == pytest.approx(105.0)
    assert trade(held, 10.0, 10_670.5) == pytest.approx(-1_705.0)


@pytest.mark.parametrize(("side", "expected"), [(1.0, 999.0), (-1.0, 1_001.0)])
def test_nautilus_funding(side, expected):
    # reliability notes F9: one contract at mark 1,000, rate .001
    held = account(1_000.0)
    trade(held, side, 1_000.0)
    settle_funding(held, 0.001, 1_000.0, False)
    assert held["wallet"] == pytest.approx(expected)


@pytest.mark.parametrize(("rate", "mark", "expected"), [(0.0001, 2.0, 0.002), (0.0002, 2.5, 0.005)])
def test_freqtrades_funding_fees(rate, mark, expected):
    # reliability notes F10: size 10
    held = account()
    trade(held, 10.0, 2.0)
    assert settle_funding(held, rate, mark, False) == pytest.approx(expected)


def test_nine_settlements_over_three_days_cost_54():
    # reliability notes F13: 60,000 notional at .0001: three a day, whatever the bars' length
    held = account(100_000.0)
    trade(held, 1.0, 60_000.0)
    for _ in range(9):
        settle_funding(held, 0.0001, 60_000.0, False)
    assert held["funding"] == pytest.approx(54.0)


def test_a_fee_is_charged_once():
    # reliability notes F14, nautilus#725: 10 BTC at 29,037.85, .04 %
    held = account(1_000_000.0)
    trade(held, 10.0, 29_037.85, 0.0004)
    assert held["fees"] == pytest.approx(116.1514)


def test_the_fee_is_charged_on_both_legs():
    # reliability notes 2.9, backtesting.py#1006: 1500 at .2166 -> .2183, .4 %
    held = account(1_000.0)
    trade(held, 1_500.0, 0.2166, 0.004)
    trade(held, -1_500.0, 0.2183, 0.004)
    assert held["wallet"] - 1_000.0 == pytest.approx(-0.0594, abs=5e-5)


def test_positive_funding_costs_the_long_what_it_gives_the_short():
    long, short = account(), account()
    trade(long, 1.0, 100.0)
    trade(short, -1.0, 100.0)
    paid = settle_funding(long, 0.001, 110.0, True)
    assert paid > 0.0
    assert settle_funding(short, 0.001, 110.0, True) == -paid


def test_funding_is_paid_on_what_is_held_at_the_settlement():
    # reliability notes 2.6: not on the average or final position
    held = account()
    trade(held, 1.0, 100.0)
    settle_funding(held, 0.01, 100.0, False)
    trade(held, 9.0, 100.0)
    assert held["funding"] == pytest.approx(1.0)


def test_adding_averages_and_reducing_keeps_the_entry_price():
    held = account()
    trade(held, 2.0, 100.0)
    trade(held, 2.0, 110.0)
    assert held["entry_price"] == pytest.approx(105.0)
    assert trade(held, -1.0, 120.0) == pytest.approx(15.0)
    assert held["entry_price"] == pytest.approx(105.0)
    assert held["size"] == pytest.approx(3.0)


def test_a_turn_round_realises_the_old_and_opens_the_new_at_the_price():
    held = account()
    trade(held, 2.0, 100.0, isolated=True)
    assert trade(held, -5.0, 110.0, isolated=True) == pytest.approx(20.0)
    assert (held["size"], held["entry_price"]) == (-3.0, 110.0)
    assert held["margin"] == pytest.approx(33.0)


def test_isolated_margin_is_set_aside_and_given_back_in_proportion():
    held = account()
    trade(held, 4.0, 100.0, isolated=True)
    assert held["margin"] == pytest.approx(40.0)
    assert free_balance(held, 100.0, True, 10.0) == pytest.approx(9_960.0)
    trade(held, -1.0, 100.0, isolated=True)
    assert held["margin"] == pytest.approx(30.0)
    trade(held, -3.0, 100.0, isolated=True)
    assert held["margin"] == 0.0


def test_cross_free_balance_follows_the_price():
    held = account()
    trade(held, 10.0, 100.0)
    assert free_balance(held, 110.0, False, 10.0) == pytest.approx(10_100.0 - 110.0)


def test_a_backtraders_trap_equity_is_exact_while_open():
    # ecosystem notes 1.1: 10 at 100 -> 110 is 1,100, not 1,110; the short is 900
    for size, expected in ((10.0, 1_100.0), (-10.0, 900.0)):
        held = account(1_000.0)
        trade(held, size, 100.0)
        assert equity_at(held, 110.0) == expected


def test_the_trigger_of_an_isolated_position_is_the_exact_price():
    held = account()
    trade(held, 1.0, 100.0, isolated=True)
    assert liquidation_trigger(held, True, ONE_TIER) == pytest.approx(90.0 / 0.995)


def test_a_cross_trigger_counts_the_whole_wallet():
    held = account(50.0)
    trade(held, 1.0, 100.0)
    assert liquidation_trigger(held, False, ONE_TIER) == pytest.approx(50.0 / 0.995)
    rich = account(200.0)
    trade(rich, 1.0, 100.0)
    assert liquidation_trigger(rich, False, ONE_TIER) == 0.0


@pytest.mark.parametrize("isolated", [True, False])
@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("gap", [0.0, 0.05, 0.5])
def test_an_account_never_loses_more_than_its_collateral(isolated, side, gap):
    cash = 1_000.0 if isolated else 10.0
    held = account(cash)
    trade(held, side, 100.0, isolated=isolated)
    behind = held["margin"] if isolated else held["wallet"]
    price = liquidation_trigger(held, isolated, ONE_TIER) * (1.0 - side * gap)
    realised, fee, absorbed = liquidate(held, price, 0.0125, False, isolated)
    assert held["size"] == 0.0
    assert cash - held["wallet"] <= behind + 1e-9
    assert realised - fee + absorbed == pytest.approx(held["wallet"] - cash)
    assert (absorbed > 0.0) == (behind + realised < -1e-12)
    assert fee >= 0.0


def test_opening_part_splits_a_trade():
    assert [opening_part(*pair) for pair in ((0.0, 2.0), (1.0, 2.0), (3.0, -2.0), (1.0, -2.0), (-1.0, 2.0))] == [
        2.0, 2.0, 0.0, -1.0, 1.0,
    ]  # fmt: skip
    assert math.copysign(1.0, opening_part(3.0, -2.0)) == 1.0, "no negative zero"
