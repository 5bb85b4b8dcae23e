"""Liquidation prices against published worked examples and against the equity that they claim to solve."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafeeds.symbols import contract_of
from indicators.liquidation.liquidation_price import (
    bankruptcy_price,
    exact_price,
    isolated_price,
    liquidation_distance,
    liquidation_price,
    tier_index,
)
from runs.venues.instruments import tier_table
from runs.venues.profiles import listing

LONG, SHORT = SIDES = 1.0, -1.0


def first_order_price(entry, leverage, side, rate):
    return liquidation_price(entry, leverage, side, maintenance_margin_rate=rate, exact=False)


@pytest.fixture(scope="module")
def tiers():
    import datetime

    return listing("binance", contract_of("BTCUSDT")).at(datetime.date(2024, 10, 24)).tiers


# Computed apart, E = 100: leverage, maintenance margin, exact long, first-order long, exact short, first-order short
TABLE = [
    (2, 0.004, 50.2008, 50.4, 149.4024, 149.6),
    (5, 0.004, 80.3213, 80.4, 119.5219, 119.6),
    (10, 0.004, 90.3614, 90.4, 109.5618, 109.6),
    (20, 0.004, 95.3815, 95.4, 104.5817, 104.6),
    (50, 0.004, 98.3936, 98.4, 101.5936, 101.6),
    (100, 0.004, 99.3976, 99.4, 100.5976, 100.6),
    (125, 0.004, 99.5984, 99.6, 100.3984, 100.4),
    (10, 0.0125, 91.1392, 91.25, 108.6420, 108.75),
    (25, 0.02, 97.9592, 98.0, 101.9608, 102.0),
    (5, 0.05, 84.2105, 85.0, 114.2857, 115.0),
]


@pytest.mark.parametrize(("leverage", "rate", "long", "long_first", "short", "short_first"), TABLE)
def test_prices_equal_the_published_table(leverage, rate, long, long_first, short, short_first):
    prices = [
        liquidation_price(100.0, leverage, side, maintenance_margin_rate=rate, exact=exact)
        for side in SIDES
        for exact in (True, False)
    ]
    by_side = dict(zip([(s, e) for s in SIDES for e in (True, False)], prices, strict=True))
    assert by_side[LONG, True] == pytest.approx(long, abs=5e-5)
    assert by_side[LONG, False] == pytest.approx(long_first, abs=1e-9)
    assert by_side[SHORT, True] == pytest.approx(short, abs=5e-5)
    assert by_side[SHORT, False] == pytest.approx(short_first, abs=1e-9)


def test_the_specs_example_is_58825():
    assert first_order_price(65_000.0, 10.0, 1.0, 0.005) == pytest.approx(58_825.0, abs=1e-9)


def test_bybits_worked_example_is_19700_and_its_mark_form_19698():
    assert first_order_price(20_000.0, 50.0, 1.0, 0.005) == pytest.approx(19_700.0, abs=1e-9)
    assert exact_price(20_000.0, 1.0, 400.0, 1.0, 0.005, 0.0) == pytest.approx(19_698.49, abs=0.005)


def test_phemex_worked_example_has_the_fee_in_the_margin():
    # 500 contracts at 0.4 each (value 200), 5x, m 1 %, fee 0.06 %: Phemex's help page
    balance = 200 / 5 + (200 - 40) * 0.0006
    assert balance == pytest.approx(40.096)
    assert (200 - balance) / (0.9994 - 0.01) / 500 == pytest.approx(0.323234, abs=5e-7)
    assert exact_price(0.4, 500.0, balance, 1.0, 0.01 + 0.0006, 0.0) == pytest.approx(0.323234, abs=5e-7)


@pytest.mark.parametrize(
    ("notional", "long", "short"),
    [(1e6, 54_295.92, 65_630.40), (2e7, 54_699.64, 65_092.50), (1e4, 54_216.87, 65_737.05)],
)
def test_tiered_prices_equal_the_published_fixtures(tiers, notional, long, short):
    size = notional / 60_000.0
    assert liquidation_price(60_000.0, 10.0, LONG, tiers=tiers, size=size) == pytest.approx(long, abs=0.005)
    assert liquidation_price(60_000.0, 10.0, SHORT, tiers=tiers, size=size) == pytest.approx(short, abs=0.005)


@pytest.mark.parametrize(
    ("notional", "long", "short"),
    [(1e4, -0.09639, 0.09562), (1e6, -0.09507, 0.09384), (5e6, -0.09322, 0.09138), (2e7, -0.08834, 0.08488)],
)
def test_large_positions_are_liquidated_earlier(tiers, notional, long, short):
    size = notional / 60_000.0
    moves = [liquidation_price(60_000.0, 10.0, side, tiers=tiers, size=size) / 60_000.0 - 1.0 for side in SIDES]
    assert dict(zip(SIDES, moves, strict=True)) == {
        LONG: pytest.approx(long, abs=1e-5),
        SHORT: pytest.approx(short, abs=1e-5),
    }


def test_binance_cross_account_of_two_positions():
    # freqtrade tests/exchange/test_binance.py, "From calc example" (reliability notes F2)
    wallet = 1_535_443.01
    btc, eth = (109.488, 32_481.98, 31_967.27, 0.025, 16_300.0), (3_683.979, 1_456.84, 1_335.18, 0.10, 135_365.0)
    margins = [rate * size * mark - amount for size, _, mark, rate, amount in (btc, eth)]
    profits = [size * (mark - entry) for size, entry, mark, _, _ in (btc, eth)]
    assert margins == pytest.approx([71_200.811444, 356_512.508122], abs=1e-6)
    assert profits == pytest.approx([-56_354.56848, -448_192.88514], abs=1e-5)
    for (size, entry, _, rate, amount), other, expected in ((btc, 1, 26_316.89), (eth, 0, 1_153.26)):
        behind = wallet - margins[other] + profits[other]
        assert exact_price(entry, size, behind, 1.0, rate, amount) == pytest.approx(expected, abs=0.005)
    assert exact_price(eth[1], eth[0], wallet, 1.0, eth[3], eth[4]) == pytest.approx(1_114.78, abs=0.005)
    assert exact_price(btc[1], btc[0], wallet, 1.0, btc[3], btc[4]) == pytest.approx(18_778.73, abs=0.005)


@pytest.mark.parametrize(
    ("entry", "size", "leverage", "side", "expected"),
    [
        (10.0, 1.0, 5.0, 1.0, 8.070707),
        (10.0, 1.0, 5.0, -1.0, 11.891089),
        (10.0, 1.0, 3.0, 1.0, 6.723906),
        (10.0, 1.0, 3.0, -1.0, 13.211221),
        (8.0, 1.0, 5.0, 1.0, 6.454545),
        (8.0, 1.0, 5.0, -1.0, 9.514851),
        (10.0, 0.6, 5.0, 1.0, 8.063973),
        (10.0, 0.6, 5.0, -1.0, 11.897690),
    ],
)
def test_freqtrades_binance_assertions(entry, size, leverage, side, expected):
    # reliability notes F3: maintenance margin 1 %, amount .01; margin = size entry / leverage
    price = exact_price(entry, size, size * entry / leverage, side, 0.01, 0.01)
    # freqtrade's amount enters with the sign of the margin: long (W + c - qE) / (q (m - 1))
    assert price == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(
    ("leverage", "side", "expected"),
    [(5.0, 1.0, 8.085709), (5.0, -1.0, 11.874134), (3.0, 1.0, 6.738090), (3.0, -1.0, 13.193482)],
)
def test_gate_and_okx_add_the_taker_fee_to_the_margin(leverage, side, expected):
    assert exact_price(10.0, 1.0, 10.0 / leverage, side, 0.01 + 0.0006, 0.0) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("side", "expected"), [(1.0, 9.1), (-1.0, 10.9)])
def test_bybit_style_is_first_order(side, expected):
    assert first_order_price(10.0, 10.0, side, 0.01) == pytest.approx(expected)


positions = st.tuples(st.floats(1e-2, 1e6), st.floats(1e-3, 1e3), st.floats(1.5, 100.0), st.sampled_from([1.0, -1.0]))


@given(positions, st.floats(0.0, 0.008))
def test_at_the_exact_price_equity_is_the_maintenance_margin(position, rate):
    entry, size, leverage, side = position
    price = exact_price(entry, size, size * entry / leverage, side, rate, 0.0)
    e, q, p, m = (Decimal(x) for x in (entry, size, price, rate))
    equity = q * e / Decimal(leverage) + Decimal(side) * q * (p - e)
    assert abs(equity - m * q * p) <= Decimal("1e-9") * q * e


@given(positions, st.floats(0.0, 0.008))
def test_exact_is_first_order_plus_the_known_difference(position, rate):
    entry, size, leverage, side = position
    exact = exact_price(entry, size, size * entry / leverage, side, rate, 0.0)
    known = entry * rate * (rate - 1.0 / leverage) / (1.0 - side * rate)
    assert exact == pytest.approx(first_order_price(entry, leverage, side, rate) + known, rel=1e-9)


@given(positions, st.floats(0.5, 2000.0))
def test_prices_scale_with_the_entry(position, scale):
    entry, size, leverage, side = position
    one = np.array([[0.0, 0.005, 0.0]])
    price = isolated_price(entry, size, size * entry / leverage, side, one)
    scaled = isolated_price(scale * entry, size, scale * size * entry / leverage, side, one)
    assert scaled == pytest.approx(scale * price, rel=1e-9)


@given(st.floats(1e3, 5e8), st.floats(1.5, 20.0), st.sampled_from(SIDES))
def test_the_tiered_price_meets_its_own_tier(notional, leverage, side):
    import datetime

    table = listing("binance", contract_of("BTCUSDT")).at(datetime.date(2024, 10, 24)).tiers
    size = notional / 60_000.0
    price = isolated_price(60_000.0, size, notional / leverage, side, table)
    equity = notional / leverage + side * size * (price - 60_000.0)
    rate, amount = table[tier_index(size * price, table), 1:3]
    assert equity == pytest.approx(rate * size * price - amount, rel=1e-6, abs=1e-6 * notional)


def solved_in_every_tier(entry, size, collateral, side, tiers):
    """The price met first of those that lie in the tier that they were solved in."""
    found = []
    for row, (floor, rate, amount) in enumerate(tiers[:, :3]):
        price = exact_price(entry, size, collateral, side, rate, amount)
        ceiling = tiers[row + 1, 0] if row + 1 < len(tiers) else math.inf
        slack = 1e-9 * max(floor, 1.0)
        if floor - slack <= size * price <= ceiling + slack:
            found.append(price)
    return (max(found) if side > 0.0 else min(found)) if found else (0.0 if side > 0.0 else math.inf)


brackets = st.lists(st.tuples(st.floats(1e3, 1e8), st.floats(0.001, 0.3)), min_size=1, max_size=9).map(
    lambda rows: tier_table(
        [[0.0, 0.001], *zip(sorted({f for f, _ in rows}), sorted(r for _, r in rows), strict=False)]  # rising floors
    )
)


@given(st.floats(1e3, 5e8), st.floats(-0.2, 3.0), st.sampled_from(SIDES), brackets)
def test_the_tiered_price_is_that_of_all_tiers_solved(notional, collateral, side, table):
    size = notional / 60_000.0
    price = isolated_price(60_000.0, size, notional * collateral, side, table)
    assert price == solved_in_every_tier(60_000.0, size, notional * collateral, side, table)


@given(st.integers(1, 9), st.floats(-1e-9, 1e-9), st.sampled_from(SIDES))
def test_a_price_on_a_floor_is_that_of_all_tiers_solved(row, off, side):
    table = tier_table([[1e5 * number**2, 0.004 * (number + 1)] for number in range(10)])
    floor, (rate, amount) = table[row, 0] * (1.0 + off), table[row, 1:3]
    collateral = rate * floor - amount - side * (floor - 60_000.0 * 20.0)  # liquidated at the floor: 20 coins
    found = isolated_price(60_000.0, 20.0, collateral, side, table)
    assert found == solved_in_every_tier(60_000.0, 20.0, collateral, side, table)
    assert found == pytest.approx(floor / 20.0)


@given(positions)
def test_bankruptcy_lies_beyond_liquidation(position):
    entry, size, leverage, side = position
    price = isolated_price(entry, size, size * entry / leverage, side, np.array([[0.0, 0.005, 0.0]]))
    assert side * (price - bankruptcy_price(entry, size, size * entry / leverage, side)) >= -1e-9 * entry


def test_what_nothing_liquidates_says_so():
    one = np.array([[0.0, 0.005, 0.0]])
    assert isolated_price(100.0, 1.0, 150.0, 1.0, one) == 0.0
    assert math.isinf(isolated_price(100.0, 1.0, math.inf, -1.0, one))


def test_distance_by_leverage_is_one_over_it():
    # before the margin term
    for leverage, distance in ((2, 0.5), (5, 0.2), (10, 0.1), (20, 0.05), (50, 0.02), (100, 0.01)):
        assert liquidation_distance(leverage, 1.0, 0.0) == pytest.approx(distance)
        assert liquidation_distance(leverage, -1.0, 0.0) == pytest.approx(distance)


@pytest.mark.parametrize(
    ("leverage", "long_gap", "short_gap"),
    [(2, 1673, None), (5, 334, 498), (10, 91, 110), (20, 24, 26), (50, 3.8, 3.9)],
)
def test_gap_of_inverse_to_linear_by_leverage(leverage, long_gap, short_gap):
    # basis points of entry, m = 0.4 %
    gaps = {
        side: liquidation_price(1.0, leverage, side, maintenance_margin_rate=0.004, inverse=True)
        - liquidation_price(1.0, leverage, side, maintenance_margin_rate=0.004)
        for side in SIDES
    }
    assert 1e4 * gaps[LONG] == pytest.approx(long_gap, abs=0.6)
    if short_gap is not None:
        assert 1e4 * gaps[SHORT] == pytest.approx(short_gap, abs=0.6)


def test_an_inverse_position_by_the_published_example():
    # reliability notes F7 (MCS): 10x at 2,000, 0.5 %
    assert liquidation_price(2_000.0, 10.0, LONG, inverse=True) == pytest.approx(1_827.27, abs=0.01)
    assert math.isinf(liquidation_price(100.0, 1.0, SHORT, maintenance_margin_rate=0.0, inverse=True))


def test_funding_paid_moves_a_longs_level_towards_the_price():
    paid = 0.009  # thirty days at 0.03 % a day
    before = exact_price(100.0, 1.0, 10.0, 1.0, 0.004, 0.0)
    after = exact_price(100.0, 1.0, 10.0 - paid * 100.0, 1.0, 0.004, 0.0)
    assert after - before == pytest.approx(100.0 * paid / (1.0 - 0.004), rel=1e-12)
    assert after > before


@pytest.mark.parametrize(
    "change",
    [{"entry_price": 0.0}, {"entry_price": -1.0}, {"leverage": 0.0}, {"size": 0.0}, {"maintenance_margin_rate": 1.0}],
)
def test_values_outside_their_domain_are_refused(change):
    arguments = {"entry_price": 100.0, "leverage": 10.0, "side": LONG} | change
    with pytest.raises(ValueError, match="must be positive"):
        liquidation_price(**arguments)


def test_a_side_is_one_or_minus_one():
    with pytest.raises(ValueError, match=r"side = 0 must be 1 \(long\) or -1"):
        liquidation_price(100.0, 10.0, 0)


def test_the_first_order_form_refuses_tiers(tiers):
    with pytest.raises(ValueError, match="tiers go with the exact form"):
        liquidation_price(100.0, 10.0, LONG, tiers=tiers, exact=False)
