"""Rules that no market and no orders may break: a fair game stays fair, foresight is the bound, units do not matter."""

import numpy as np
import pytest

from datafeeds.symbols import contract_of
from runs.perpetual.accounting import FILL, LIMIT, LIQUIDATION, MARKET, STOP, TIME_STOP
from runs.perpetual.costs import CostParameters
from runs.perpetual.orders import STOP_LIMIT
from runs.venues.instruments import tier_table
from runs.venues.profiles import listing, venue_names
from tests.runs.perpetual.order_streams import CHILDREN, KINDS, random_orders

ROWS = [[0.0, 0.004], [200e3, 0.005], [1e6, 0.01]]


def gains_nothing(seeds, kinds=KINDS, children=CHILDREN, instrument=None, **settings):
    """Whether random orders gain, before costs, no more than their error (three standard errors), and after them lose."""
    costs = CostParameters(starting_cash=1e4, **settings)
    tiers = tier_table(ROWS) if instrument is None else instrument.tiers
    streams = [
        random_orders(seed, costs, tiers, kinds=kinds, children=children, instrument=instrument)
        for seed in range(seeds)
    ]
    fills = np.concatenate([stream.fills for stream in streams])
    assert len(fills) > 10 * seeds
    for measure in ("gain", "edge"):
        found = np.array([getattr(stream, measure) for stream in streams])
        assert found.mean() < 3.0 * found.std(ddof=1) / np.sqrt(seeds), measure
    return np.mean([stream.equity[-1] - stream.account["insurance_fund"][0] for stream in streams]) < 1e4, fills


@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_random_orders_at_40x_gain_nothing(mode):
    loses, fills = gains_nothing(50, leverage=40.0, margin_mode=mode)
    assert loses
    assert set(fills["kind"].tolist()) == {MARKET, LIMIT, STOP, LIQUIDATION, TIME_STOP}


def test_limits_gain_nothing_by_what_a_bar_shows_afterwards():
    # Nothing else is sent: the pessimism about protective stops would hide the gain.
    assert gains_nothing(200, (STOP_LIMIT,), (), leverage=1.0)[0]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("leverage", [1.0, 3.0, 10.0, 30.0, 100.0])
def test_random_orders_of_a_thousand_seeds_gain_no_more_than_costs_allow(mode, leverage):
    assert gains_nothing(1_000, leverage=leverage, margin_mode=mode)[0]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("venue", venue_names())
def test_on_no_venue_random_orders_gain_more_than_costs_allow(mode, venue):
    held = listing(venue, contract_of("BTCUSDT")).newest
    assert gains_nothing(1_000, instrument=held, leverage=float(held.tiers[0, 3]), margin_mode=mode)[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MARKET, LIMIT, STOP, STOP_LIMIT])
def test_no_kind_of_order_gains_by_itself(kind):
    assert gains_nothing(1_000, (kind,), (), leverage=1.0)[0]


@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_equity_never_exceeds_what_foresight_of_the_bars_extremes_would_give(mode):
    for seed in range(20):
        costs = CostParameters(starting_cash=1e4, leverage=50.0, margin_mode=mode, taker_fee_bps=0.0, maker_fee_bps=0.0)
        stream = random_orders(seed, costs, tier_table(ROWS))
        close = stream.prices["close"]
        last = np.r_[close[0], close[:-1]]
        swing = np.maximum(stream.prices["high"], last) - np.minimum(stream.prices["low"], last)
        # Each size that was held for a while inside a bar earns the whole swing at the most.
        held = np.abs(np.r_[0.0, stream.position[:-1]])
        np.add.at(held, stream.fills["bar"], np.abs(stream.fills["position_after"]))
        most = held * swing
        np.add.at(most, stream.fills["bar"], stream.fills["insurance_fund"])
        gained = np.diff(stream.equity, prepend=1e4)
        assert (gained <= most + 1e-9 * 1e4).all()


@pytest.mark.parametrize("power", [-7, 3, 20])
@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_prices_sizes_and_cash_in_other_units_give_the_same_money_to_the_last_bit(mode, power):
    unit = 2.0**power
    for seed in range(6):
        plain = random_orders(
            seed, CostParameters(starting_cash=1e4, leverage=50.0, margin_mode=mode), tier_table(ROWS)
        )
        for by_price, by_size in ((unit, 1.0 / unit), (unit, 1.0), (1.0, unit)):
            money = by_price * by_size
            costs = CostParameters(starting_cash=1e4 * money, leverage=50.0, margin_mode=mode)
            tiers = tier_table(ROWS)
            tiers[:, (0, 2)] *= money
            scaled = random_orders(seed, costs, tiers, price_scale=by_price)
            units = dict.fromkeys(FILL.names, money) | dict.fromkeys(("bar", "order", "kind"), 1) | {"price": by_price}
            units |= dict.fromkeys(("size", "position_after"), by_size)
            for name in FILL.names:
                assert (scaled.fills[name] == plain.fills[name] * units[name]).all(), name
            assert (scaled.equity == plain.equity * money).all()
