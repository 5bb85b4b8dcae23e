"""The three knobs by which liquidations could move the price: exactly nothing at zero, and their effect above it."""

import dataclasses

import numpy as np
import pytest

from datafeeds.simulated.market import simulate_with_truth
from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.simulated.truth import Truth

NULL = SimulationParameters(cascade_feedback=0.0)


def test_at_zero_the_price_is_the_exogenous_one_bit_for_bit_whatever_the_accounts_do():
    one = simulate_with_truth(5, bars=500, parameters=NULL)
    others = (
        {"turnover": 0.03},
        {"accounts_per_hour": 7.0, "cross_share": 0.0},
        {"leverages": (5.0, 100.0), "leverage_weights": (0.1, 0.9)},
        {"report": "largest_per_bar", "top_up": 0.5},
    )
    prices = ["open", "high", "low", "close", "mark_high", "mark_low", "mark_close"]
    assert one.market.frame["close"].to_numpy().tobytes() == one.exogenous.tobytes()
    for change in others:
        other = simulate_with_truth(5, bars=500, parameters=dataclasses.replace(NULL, **change))
        assert one.market.frame[prices].equals(other.market.frame[prices])
        assert (one.market.frame["liquidated_long"] != other.market.frame["liquidated_long"]).any()


def test_the_exogenous_price_does_not_depend_on_the_knobs():
    on = SimulationParameters(cascade_feedback=2.0, magnet_strength=0.3, post_wipe_reversion=0.5)
    null, moved = (simulate_with_truth(5, bars=300, parameters=p) for p in (NULL, on))
    assert null.exogenous.tobytes() == moved.exogenous.tobytes()
    assert (moved.market.frame["close"] != null.market.frame["close"]).any()


@pytest.mark.parametrize("knob", ["magnet_strength", "post_wipe_reversion"])
def test_a_knob_at_zero_equals_the_market_without_it(knob):
    assert getattr(SimulationParameters(), knob) == 0.0


def test_more_feedback_overshoots_more():
    overshoot = []
    for feedback in (0.0, 1.0, 3.0):
        parameters = dataclasses.replace(NULL, cascade_feedback=feedback)
        world = simulate_with_truth(2, bars=1500, parameters=parameters)
        gap = np.log(world.market.frame["close"].to_numpy() / world.exogenous)
        overshoot.append(float(np.sqrt(np.mean(gap**2))))
    assert overshoot[0] == 0.0
    assert overshoot[1] > 0.0
    assert overshoot[2] > 2.0 * overshoot[1]


def test_the_push_of_forced_orders_decays():
    world = simulate_with_truth(2, bars=1500)
    gap = np.abs(np.log(world.market.frame["close"].to_numpy() / world.exogenous))
    forced = world.market.frame[["liquidated_long", "liquidated_short"]].sum(axis=1).to_numpy()
    hit = np.argsort(forced[:-24])[-10:]
    assert gap[hit + 12].mean() < 0.5 * gap[hit].mean()


def races(world, horizon=96):
    """Return how much more often than a martingale's b / (a + b) price first reaches the heavier of two true clusters."""
    frame, truth, excess = world.market.frame, Truth(world.ledger), []
    close, high, low = (frame[name].to_numpy() for name in ("close", "high", "low"))
    steps = np.arange(21) * 0.0025
    for bar in range(0, len(close) - horizon, 24):
        above = truth.density(bar, close[bar] * np.exp(steps))[1]
        below = truth.density(bar, close[bar] * np.exp(-steps[::-1]))[0][::-1]
        up, down = (np.argmax(side) + 0.5 for side in (above, below))
        heavier = above.max() > below.max()
        span = slice(bar + 1, bar + horizon)
        reached_up = np.flatnonzero(high[span] >= close[bar] * np.exp(up * 0.0025))
        reached_down = np.flatnonzero(low[span] <= close[bar] * np.exp(-down * 0.0025))
        first_up, first_down = (found[0] if len(found) else horizon for found in (reached_up, reached_down))
        if first_up != first_down:
            chance = down / (up + down) if heavier else up / (up + down)
            excess.append(float((first_up < first_down) == heavier) - chance)
    return excess


def test_the_magnet_draws_the_price_to_the_heavier_true_cluster():
    outcomes = []
    for strength in (0.0, 1.0):
        parameters = dataclasses.replace(NULL, magnet_strength=strength)
        found = [races(simulate_with_truth(seed, bars=3000, parameters=parameters)) for seed in range(4)]
        outcomes.append(np.concatenate(found))
    null, drawn = (values.mean() / (values.std() / np.sqrt(len(values))) for values in outcomes)
    assert abs(null) < 3.0
    assert drawn > 4.0
    assert outcomes[1].mean() > outcomes[0].mean() + 0.05


def after_wipes(world, hours=24):
    """Return the mean log return over the hours after bars that wiped one side, up positive for longs."""
    frame = world.market.frame
    log_close, moves = np.log(frame["close"].to_numpy()), []
    for column, sign in (("liquidated_long", 1.0), ("liquidated_short", -1.0)):
        wiped = np.flatnonzero(frame[column] > 0.003 * frame["open_interest"])
        wiped = wiped[wiped + hours < len(log_close)]
        moves.extend(sign * (log_close[wiped + hours] - log_close[wiped]))
    return np.array(moves)


def test_reversion_gives_back_the_move_after_a_wipe():
    means = []
    for share in (0.0, 0.5):
        parameters = dataclasses.replace(NULL, post_wipe_reversion=share)
        moves = [after_wipes(simulate_with_truth(seed, bars=3000, parameters=parameters)) for seed in range(4)]
        values = np.concatenate(moves)
        means.append((values.mean(), values.std() / np.sqrt(len(values))))
    (none, none_error), (back, back_error) = means
    assert abs(none) < 4.0 * none_error
    assert back > none + 4.0 * max(none_error, back_error)
