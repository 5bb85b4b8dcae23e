"""Conservation: what the ledger says, the columns say, and the venue's rules hold for every row of it."""

import datetime

import numpy as np
import pytest

from datafeeds.simulated.ledger import CHANGED, CLOSED, LIQUIDATED, MAKERS, OPEN
from datafeeds.simulated.liquidation_engine import TIERS
from datafeeds.simulated.market import simulate_with_truth
from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.symbols import contract_of
from indicators.liquidation.liquidation_price import liquidation_price
from runs.venues.profiles import listing


def standing(ledger, bar):
    """Return the rows that stand at a bar's close, by the definition."""
    return ledger[(ledger["opened_bar"] <= bar) & (bar < ledger["ended_bar"])]


def test_every_contract_has_a_long_and_a_short_and_open_interest_counts_them_at_every_close(world):
    open_interest = world.market.frame["open_interest"].to_numpy()
    for bar in range(len(open_interest)):
        rows = standing(world.ledger, bar)
        longs, shorts = (rows["size"][rows["side"] == side].sum() for side in (0, 1))
        assert longs == pytest.approx(open_interest[bar], rel=1e-9)
        assert shorts == pytest.approx(open_interest[bar], rel=1e-9)


def test_a_liquidated_row_was_reached_by_the_mark_of_the_bar_in_which_it_ended(world):
    frame, rows = world.market.frame, world.ledger[world.ledger["ending"] == LIQUIDATED]
    bar, price, is_long = rows["ended_bar"], rows["liquidation_price"], rows["side"] == 0
    assert len(rows) > 5000
    assert (frame["mark_low"].to_numpy()[bar[is_long]] <= price[is_long] * (1.0 + 1e-12)).all()
    assert (frame["mark_high"].to_numpy()[bar[~is_long]] >= price[~is_long] * (1.0 - 1e-12)).all()


def test_what_stood_before_a_bar_and_after_it_was_not_reached_by_its_mark(world):
    """Rows that opened within the bar are left out: what the mark did before they opened cannot touch them."""
    low, high = (world.market.frame[name].to_numpy() for name in ("mark_low", "mark_high"))
    for bar in range(len(low)):
        rows = standing(world.ledger, bar)
        rows = rows[(rows["opened_bar"] < bar) & ~np.isnan(rows["liquidation_price"])]
        longs = rows["liquidation_price"][rows["side"] == 0]
        shorts = rows["liquidation_price"][rows["side"] == 1]
        assert longs.max() < low[bar]
        assert shorts.min() > high[bar]


def test_what_stands_at_a_close_lies_beyond_the_mark(world):
    mark = world.market.frame["mark_close"].to_numpy()
    for bar in range(0, len(mark), 7):
        rows = standing(world.ledger, bar)
        assert not (rows["liquidation_price"][rows["side"] == 0] >= mark[bar]).any()
        assert not (rows["liquidation_price"][rows["side"] == 1] <= mark[bar]).any()


def test_forced_orders_are_the_liquidated_rows_at_their_bankruptcy_prices(world):
    rows, prints = world.ledger[world.ledger["ending"] == LIQUIDATED], world.prints
    sign = np.where(rows["side"] == 0, 1.0, -1.0)
    bankruptcy = rows["entry_price"] * (1.0 - sign / rows["leverage"])  # E - s W / q, with W = q E / L
    ours = sorted(zip(rows["ended_bar"], rows["side"], rows["size"], bankruptcy, strict=True))
    theirs = sorted(zip(prints["bar"], prints["side"], prints["size"], prints["price"], strict=True))
    np.testing.assert_allclose(np.array(ours), np.array(theirs), rtol=1e-9)


def test_prints_come_in_the_order_of_time_within_their_bars(world):
    clock = world.prints["bar"] * 3600.0 + world.prints["second"]
    assert (np.diff(clock) >= 0.0).all()
    assert (world.prints["second"] >= 0.0).all()
    assert (world.prints["second"] < 3600.0).all()


def test_liquidation_prices_are_the_formula_in_the_venues_tiers(world):
    tiers = listing("binance", contract_of("BTCUSDT")).at(datetime.date(2026, 3, 30)).tiers
    np.testing.assert_allclose(TIERS, tiers[: len(TIERS), :3])
    rows = world.ledger[(world.ledger["account"] != MAKERS)][::97]
    for row in rows:
        side = 1.0 if row["side"] == 0 else -1.0
        price = liquidation_price(row["entry_price"], row["leverage"], side, tiers=tiers, size=row["size"])
        if 0.0 < price < np.inf:
            assert row["liquidation_price"] == pytest.approx(price, rel=1e-9)
        else:
            assert np.isnan(row["liquidation_price"])
    assert len(np.unique(rows["cross"])) == 2


def test_no_account_uses_more_leverage_than_its_tier_allows(world):
    rows = world.ledger[np.unique(world.ledger["account"], return_index=True)[1]]
    notional = rows["entry_price"] * rows["size"]
    rate = TIERS[np.searchsorted(TIERS[:, 0], notional, side="right") - 1, 1]
    assert (rows["leverage"] <= 0.5 / rate * (1.0 + 1e-12)).all()


def test_a_changed_row_is_followed_by_a_row_of_its_account_and_no_other_row_is(world):
    ledger = world.ledger[np.argsort(world.ledger["account"], kind="stable")]
    before, after = ledger[:-1], ledger[1:]
    traders = before["account"] != MAKERS
    follows = (before["account"] == after["account"]) & traders
    changed = (before["ending"] == CHANGED) & traders
    np.testing.assert_array_equal(follows, changed)
    assert (after["opened_bar"][follows] == before["ended_bar"][follows]).all()
    assert (after["entry_price"][follows] == before["entry_price"][follows]).all()


def test_a_change_halves_the_position_or_moves_its_level_away(world):
    ledger = world.ledger[np.argsort(world.ledger["account"], kind="stable")]
    changed = np.flatnonzero((ledger["ending"] == CHANGED) & (ledger["account"] != MAKERS))
    before, after = ledger[changed], ledger[changed + 1]
    halved = after["size"] < before["size"]
    np.testing.assert_allclose(after["size"][halved], 0.5 * before["size"][halved])
    np.testing.assert_allclose(after["leverage"][halved], before["leverage"][halved])
    away = np.where(before["side"] == 0, -1.0, 1.0) * (after["liquidation_price"] - before["liquidation_price"])
    assert not (away[~halved] <= 0.0).any()
    assert halved.sum() > 1000
    assert (~halved).sum() > 50


def test_endings_agree_with_the_bars_and_only_open_rows_last_to_the_end(world):
    ledger, bars = world.ledger, len(world.market)
    np.testing.assert_array_equal(ledger["ending"] == OPEN, ledger["ended_bar"] == bars)
    assert (ledger["opened_bar"] <= ledger["ended_bar"]).all()
    assert (np.diff(ledger["opened_bar"]) >= 0).all()
    assert (ledger["size"] > 0.0).all()


def test_makers_are_unlevered_and_stand_on_one_side_at_a_time(world):
    makers = world.ledger[world.ledger["account"] == MAKERS]
    assert np.isnan(makers["liquidation_price"]).all()
    assert (makers["leverage"] == 1.0).all()
    assert (makers["opened_bar"][1:] == makers["ended_bar"][:-1]).all()


def _turnover(ledger, bars):
    """Return (2, bars) base coin bought and sold for positions, counted row by row."""
    flow = np.zeros((2, bars))
    last = {}
    for row in ledger:
        account, begun, ended = int(row["account"]), int(row["opened_bar"]), int(row["ended_bar"])
        side, size = int(row["side"]), row["size"]
        grown = size - last.pop(account, 0.0)
        if begun >= 0:
            flow[side if grown > 0.0 else 1 - side, begun] += abs(grown)
        if row["ending"] == CHANGED:
            last[account] = size
        elif row["ending"] in (CLOSED, LIQUIDATED):
            flow[1 - side, ended] += size
    return flow


def test_bought_equals_sold_and_volume_covers_both(world):
    bought, sold = _turnover(world.ledger, len(world.market))
    np.testing.assert_allclose(bought, sold, rtol=1e-9)
    frame = world.market.frame
    assert (frame["volume"].to_numpy() >= bought * (1.0 - 1e-9)).all()
    assert (frame["taker_buy_volume"] <= frame["volume"]).all()


def test_the_long_short_ratio_counts_accounts(world):
    for bar in range(0, len(world.market), 101):
        rows = standing(world.ledger, bar)
        traders = rows["side"][rows["account"] != MAKERS]
        assert world.market.frame["long_short_ratio"][bar] == (traders == 0).sum() / (traders == 1).sum()


@pytest.mark.parametrize("ratio", [0.4, 1.0])
def test_traders_in_loss_close_at_the_given_multiple_of_the_rate_of_traders_in_profit(ratio):
    """With all else that closes a position switched off, the rates are counted: closes over rows that could have closed."""
    alone = dict(patience=0.0, partial_close_share=0.0, top_up=0.0, takeover=1.0, maker_half_life=1e6, tilt=0.0)
    lone = SimulationParameters(loss_close_ratio=ratio, cascade_feedback=0.0, activity_elasticity=0.0, **alone)
    world = simulate_with_truth(5, bars=800, parameters=lone)
    ledger, close = world.ledger[world.ledger["account"] != MAKERS], world.market.frame["close"].to_numpy()
    closes, exposed = np.zeros(2), np.zeros(2)
    for bar in range(len(close)):
        there = ledger[(ledger["opened_bar"] <= bar) & (ledger["ended_bar"] >= bar)]
        there = there[(there["ending"] != LIQUIDATED) | (there["ended_bar"] > bar)]
        loses = ((there["entry_price"] > close[bar]) == (there["side"] == 0)).astype(int)
        exposed += np.bincount(loses, minlength=2)
        closes += np.bincount(loses[(there["ended_bar"] == bar) & (there["ending"] == CLOSED)], minlength=2)
    rate = closes / exposed
    # The standard error of the ratio of two Poisson counts; four of them.
    assert abs(rate[1] / rate[0] / ratio - 1.0) < 4.0 * np.sqrt((1.0 / closes).sum())


def test_positions_are_topped_up_more_often_with_a_larger_hazard():
    counts = []
    for hazard in (0.0, 0.02, 0.2):
        parameters = SimulationParameters(top_up=hazard, partial_close_share=0.0)
        ledger = simulate_with_truth(5, bars=300, parameters=parameters).ledger
        counts.append(((ledger["ending"] == CHANGED) & (ledger["account"] != MAKERS)).sum())
    assert counts[0] == 0
    assert 2 * counts[1] < counts[2]
