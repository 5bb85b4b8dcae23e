"""A forced close never pays: what may be opened at a leverage, and where own liquidation is filled."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.symbols import contract_of
from runs.perpetual.accounting import FUNDING, LIMIT, LIQUIDATION, MARKET, STOP
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters, check_leverage
from runs.perpetual.orders import FILLED, LIQUIDATED, REFUSED
from runs.venues.instruments import tier_table
from runs.venues.profiles import listing
from tests.runs.perpetual.test_matching import LEVERED, Desk, order

HYPERLIQUID = tier_table([[0.0, 0.0125]])
NO_COSTS = {"taker_fee_bps": 0.0, "maker_fee_bps": 0.0, "slippage_bps": 0.0, "liquidation_fee_rate": 0.0}


@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_leverage_beyond_the_tier_opens_nothing(side, mode):
    # 1 / (2 x .0125) = 40; at 100x the trigger lay at 100.2532 and the forced close paid .208
    for leverage, state in ((40.0, FILLED), (40.1, REFUSED), (100.0, REFUSED)):
        costs = CostParameters(taker_fee_bps=4.5, liquidation_fee_rate=0.0, leverage=leverage, margin_mode=mode)
        desk = Desk(order(0, MARKET, side), costs=costs, tiers=HYPERLIQUID)
        desk.bar(100.0, 101.0, 99.9, 100.0)
        assert desk.states() == [state]
        assert desk.account["refused_leverage"][0] == (state == REFUSED)
        assert (desk.account["wallet"][0] == 100_000.0) == (state == REFUSED)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_tier_is_that_of_the_whole_position_and_closing_is_always_allowed(side):
    costs = CostParameters(**NO_COSTS, leverage=50.0)
    desk = Desk(order(0, MARKET, 9.0 * side), costs=costs, tiers=tier_table([[0.0, 0.005], [1_000.0, 0.025]]))
    desk.bar(100.0, 100.0, 100.0, 100.0)
    for number, size, state in ((1, 2.0, REFUSED), (2, -20.0, REFUSED), (3, -18.0, FILLED)):
        desk.orders[0] = order(number, MARKET, size * side)
        desk.bar(100.0, 100.0, 100.0, 100.0)
        assert desk.states() == [state], number
    desk.orders[0] = order(4, MARKET, 8.0 * side)
    desk.bar(112.0, 112.0, 112.0, 112.0)  # nine coins are worth 1,008 now: 20x at the most, but this one only closes
    assert desk.states() == [FILLED]
    assert desk.account["size"][0] == -side


@pytest.mark.parametrize(
    ("name", "symbol", "most"),
    [
        ("hyperliquid", "BTCUSDT", 40),
        ("hyperliquid", "ETHUSDT", 25),
        ("binance", "BTCUSDT", 150),
        ("bybit", "BTCUSDT", 100),
    ],
)
def test_the_largest_leverage_is_the_venues_own(name, symbol, most):
    # Hyperliquid docs, margin tiers; Binance's brackets of 2026; Bybit's contract page
    held = listing(name, contract_of(symbol)).instruments
    check_leverage(CostParameters(leverage=most), held)
    with pytest.raises(ValueError, match=f"leverage = {most + 1} .* {most} at the most"):
        check_leverage(CostParameters(leverage=most + 1), held)


def test_a_short_that_gaps_beyond_its_bankruptcy_is_closed_at_the_open_before_its_own_exit():
    desk = Desk(order(0, MARKET, -50.0), costs=LEVERED)
    desk.bar(100.0, 101.0, 99.0, 100.0)
    desk.orders[0] = order(1, MARKET, 50.0)
    assert desk.bar(125.0, 126.0, 118.0, 120.0) == [(LIQUIDATION, 50.0, 125.0)]
    assert desk.states() == [LIQUIDATED]
    assert desk.account["insurance_fund"][0] == pytest.approx(750.0)  # lost 1,250 against a margin of 500
    assert desk.account["wallet"][0] == pytest.approx(1e6 - 500.0)


@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("price", [95.0, 100.0, 105.0])
def test_a_reversal_opens_up_to_leverage_times_the_equity_that_the_closing_leaves(side, mode, price):
    equity = 1_000.0 + side * 50.0 * (price - 100.0)
    for factor, state in ((0.999, FILLED), (1.001, REFUSED)):
        costs = CostParameters(**NO_COSTS, leverage=10.0, starting_cash=1_000.0, margin_mode=mode)
        desk = Desk(order(0, MARKET, 50.0 * side), costs=costs)
        desk.bar(100.0, 100.0, 100.0, 100.0)
        desk.orders[0] = order(1, MARKET, -side * (50.0 + factor * equity * 10.0 / price))
        desk.bar(price, price, price, price)
        assert desk.states() == [state]


def test_a_forced_close_is_not_filled_better_than_the_last_entry_inside_the_bar():
    # One coin by a stop at 105, one by a limit at 95: their mean is liquidated at 99.5, but the price stood at 95.
    costs = CostParameters(**NO_COSTS, leverage=100.0, margin_mode="isolated")
    desk = Desk(order(0, STOP, 1.0, 105.0), order(1, LIMIT, 1.0, 95.0), costs=costs)
    assert desk.bar(100.0, 106.0, 94.0, 100.0)[-1] == (LIQUIDATION, -2.0, 95.0)
    assert desk.account["wallet"][0] == pytest.approx(100_000.0 - 2.0)  # both margins, 1.05 and .95


fractions = st.floats(0.0, 1.0)
bars = st.lists(
    st.tuples(st.floats(-0.3, 0.3), st.floats(0.0, 0.2), st.floats(0.0, 0.2), fractions, st.sampled_from([0.0, 0.01, -0.05])),
    min_size=2, max_size=4,
)  # fmt: skip
tables = st.sampled_from(
    [
        HYPERLIQUID,
        tier_table([[0.0, 0.004], [50e3, 0.01], [600e3, 0.05]]),
        tier_table([[0.0, 0.0, 125.0], [10e3, 0.125]]),
    ]
)


@given(
    leverage=st.sampled_from([1.0, 3.0, 4.0, 10.0, 20.0, 40.0, 50.0, 100.0, 125.0]), tiers=tables,
    side=st.sampled_from([1.0, -1.0]), isolated=st.booleans(), path=bars,
    shares=st.lists(st.floats(0.01, 1.2), min_size=3, max_size=3), slippage=st.floats(0.0, 300.0),
    levels=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)), fee=st.sampled_from([0.0, 0.0125]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_own_liquidation_never_raises_equity(leverage, tiers, side, isolated, path, shares, slippage, levels, fee):
    costs = CostParameters(
        starting_cash=10_000.0, leverage=leverage, slippage_bps=slippage, liquidation_fee_rate=fee,
        margin_mode="isolated" if isolated else "cross",
    )  # fmt: skip
    sizes = [side * share * 100.0 * leverage / 3.0 for share in shares]
    stop, limit = (100.0 * (1.0 + level) for level in levels)
    orders = order(0, MARKET, sizes[0]), order(1, STOP, sizes[1], stop), order(2, LIMIT, sizes[2], limit)
    desk, close = Desk(*orders, costs=costs, tiers=tiers), 100.0
    for jump, up, down, end, funding in path:
        opened = close * (1.0 + jump)
        high, low = opened * (1.0 + up), opened * (1.0 - down)
        close = low + end * (high - low)
        first, wallet = desk.lines, float(desk.account["wallet"][0])
        desk.bar(opened, high, low, close, funding_rate=funding)
        reference, held = opened, 0.0
        for line in desk.ledger[first : desk.lines]:
            if line["kind"] == LIQUIDATION:
                entry = line["price"] + line["realised"] / line["size"]
                before = wallet - line["size"] * (reference - entry)
                assert line["wallet_after"] - line["insurance_fund"] <= before + 1e-9 * (
                    1e4 + abs(line["size"]) * entry
                )
            elif line["kind"] != FUNDING:
                held, reference = float(line["position_after"]), float(line["price"])
                rate = max(row[1] for row in tiers if row[0] <= abs(held) * reference)
                assert 2.0 * rate <= 1.0 / leverage + 1e-9, "opened above its tier"
            wallet = float(line["wallet_after"])


@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_at_the_bankruptcy_price_the_insurance_fund_keeps_what_is_left(side, mode):
    # Bybit help 000001381: the position is closed at the bankruptcy price; what a better close leaves is the fund's
    held = replace(default_listing().newest, liquidated_at="bankruptcy price")
    costs = CostParameters(**NO_COSTS, leverage=10.0, starting_cash=1_000.0, margin_mode=mode)
    desk = Desk(order(0, MARKET, 50.0 * side), costs=costs)
    desk.costs = costs.records([held])
    desk.bar(100.0, 100.0, 100.0, 100.0)
    far = 100.0 - 12.0 * side if mode == "isolated" else 100.0 - 30.0 * side
    desk.bar(100.0, max(100.0, far), min(100.0, far), far)
    line = desk.ledger[desk.lines - 1]
    assert line["kind"] == LIQUIDATION
    assert line["liquidation_fee"] > 0.0
    assert desk.account["wallet"][0] == pytest.approx(500.0 if mode == "isolated" else 0.0, abs=1e-9)
