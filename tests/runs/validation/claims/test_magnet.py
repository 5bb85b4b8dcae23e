"""Episodes never overlap and know no future; a fair game shows nothing, drift alone does not, and a pull does."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.validation.baselines.controls import CONTROLS, control_values
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, judge
from runs.validation.claims.magnet import lesser_signal, magnet_claim, magnet_signal, shifted_signal
from runs.validation.claims.trading import trading_claims
from runs.validation.measures.episodes import Signal, episodes_of
from runs.validation.measures.first_exit import first_exits, outcomes
from runs.validation.measures.skill import MAX_BLOCKS, mean_test
from runs.validation.protocol import SOURCES
from tests.runs.validation.worlds import dataset_of

DATASET = dataset_of(3, 400)


def walk(seed, bars, drift=0.0, volatility=0.006):
    """Return closes that are a martingale times exp(drift t), with volatility that comes in spells."""
    random = np.random.default_rng(seed)
    spells = volatility * np.exp(0.5 * np.sin(np.arange(bars) / 150.0))
    steps = spells * random.standard_normal(bars)
    return 1e4 * np.exp(np.cumsum(steps - 0.5 * spells**2 + drift))


def world(closes, direction, distance=0.02):
    """Return a dataset of these closes in which the magnet points in a direction (n,) at a distance, the lesser cluster as far."""
    count = len(closes)
    base = dataset_of(3, 4000) if count > 400 else DATASET
    snapshots, bars = base.snapshots[:count].copy(), base.bars[:count].copy()
    snapshots["close"] = bars["close"] = closes
    snapshots["volatility"] = 0.006
    snapshots["magnet"] = direction
    snapshots["cluster_above_price"], snapshots["cluster_below_price"] = (
        closes * (1 + distance),
        closes * (1 - distance),
    )
    return replace(base, bars=bars, snapshots=snapshots)


def alternating(bars, seed=0):
    """Return directions that hold for a day or so, half of them up."""
    return np.repeat(np.random.default_rng(seed).choice([-1.0, 1.0], bars // 20 + 1), 20)[:bars]


def slow_exit(closes, start, distance, limit):
    for bar in range(start + 1, len(closes)):
        if abs(closes[bar] / closes[start] - 1.0) >= distance or bar - start >= limit:
            return bar
    return len(closes) - 1


@given(seed=st.integers(0, 10_000), limit=st.integers(1, 60), distance=st.floats(0.001, 0.2))
@settings(max_examples=60, deadline=None)
def test_exits_are_the_first_close_beyond_or_the_limit(seed, limit, distance):
    closes = walk(seed, 120)
    starts = np.arange(0, 119, 7)
    expected = [slow_exit(closes, start, distance, limit) for start in starts]
    assert first_exits(closes, starts, np.full(len(starts), distance), limit).tolist() == expected


def test_a_fair_game_earns_nothing_whatever_its_jumps():
    """Every path of a short binary martingale with uneven jumps, each with its probability: the mean is zero exactly."""
    up, down, steps = 0.03, -0.01, 9  # probability of up: 1/4
    total = 0.0
    for path in range(2**steps):
        moves = np.array([up if path >> step & 1 else down for step in range(steps)])
        closes = np.concatenate([[100.0], 100.0 * np.cumprod(1.0 + moves)])
        ends = first_exits(closes, np.array([0]), np.array([0.025]), 6)
        value = outcomes(closes, np.array([0]), ends, np.array([1.0]), np.array([0.025]))[0]
        total += value * np.where(moves > 0.0, 0.25, 0.75).prod()
    assert total == pytest.approx(0.0, abs=1e-12)


def test_episodes_do_not_overlap_and_start_after_the_signal():
    closes = walk(1, 3000)
    direction = alternating(3000)
    direction[:50] = np.nan
    found = episodes_of(closes, Signal(direction, np.full(3000, 0.02)), 48)
    assert found.starts[0] == 51
    assert (found.ends > found.starts).all()
    assert (found.starts[1:] >= found.ends[:-1]).all()
    assert found.directions.tolist() == direction[found.starts - 1].tolist()
    target = closes[found.starts - 1] * (1.0 + 0.02 * found.directions)
    assert found.distances == pytest.approx(found.directions * (target / closes[found.starts] - 1.0))


def test_a_level_out_of_reach_starts_nothing():
    closes = walk(1, 200)
    assert len(episodes_of(closes, Signal(np.ones(200), np.full(200, 0.2)), 48).starts) == 0
    assert len(episodes_of(closes, Signal(np.zeros(200), np.full(200, 0.02)), 48).starts) == 0
    assert len(episodes_of(closes, Signal(np.full(200, np.nan), np.full(200, 0.02)), 48).starts) == 0


@pytest.mark.parametrize("cut", [350, 390])
def test_what_has_ended_before_a_bar_knows_nothing_of_later_ones(cut):
    signal = magnet_signal(DATASET.snapshots)
    closes = DATASET.bars["close"].copy()
    ours = episodes_of(closes, signal, 48)
    closes[cut:] *= 3.0
    theirs = episodes_of(closes, signal, 48)
    until = int((ours.ends < cut).sum())
    assert until > 3
    assert ours.values[:until].tobytes() == theirs.values[:until].tobytes()


def test_a_control_is_the_same_bet_at_the_same_hour():
    dataset = world(walk(2, 4000), alternating(4000))
    found = episodes_of(dataset.bars["close"], magnet_signal(dataset.snapshots), 48)
    ours, again = (control_values(dataset, found, 48, seed) for seed in (0, 0))
    assert ours.tobytes() == again.tobytes()
    assert np.abs(ours.mean()) < 4.0 * 0.5 / np.sqrt(len(ours) * CONTROLS) + 0.02
    # Closes that rise at 13:00 alone: a bet on rising that starts then wins at once, at no other hour so.
    hours = dataset.market.times.astype("datetime64[h]").astype(int) % 24
    closes = 1e4 * np.cumprod(1.0 + 1e-5 + 0.021 * (hours == 14))
    rising = world(closes, np.where(hours == 12, 1.0, 0.0))
    bets = episodes_of(closes, magnet_signal(rising.snapshots), 1)
    assert (bets.values > 0.5).all()
    assert control_values(rising, bets, 1) == pytest.approx(bets.values, rel=1e-3)


def test_placebos_lay_another_signal_at_todays_price():
    signal = magnet_signal(DATASET.snapshots)
    half = len(signal.direction) // 2
    shifted = shifted_signal(signal)
    assert shifted.direction[half + 5 :].tolist() == pytest.approx(signal.direction[5:-half].tolist(), nan_ok=True)
    lesser, row = lesser_signal(DATASET.snapshots), np.flatnonzero(DATASET.snapshots["magnet"] == 1.0)[0]
    below = DATASET.snapshots["cluster_below_price"][row] / DATASET.snapshots["close"][row]
    assert (lesser.direction[row], lesser.distance[row]) == (-1.0, pytest.approx(1.0 - below))


def test_price_that_is_drawn_is_validated_and_price_that_is_pushed_off_is_not():
    random, direction = np.random.default_rng(0), alternating(4000, 1)
    for pull, verdict in ((0.0015, VALIDATED), (-0.0015, NOT_VALIDATED), (0.0, NOT_VALIDATED)):
        steps = 0.006 * random.standard_normal(4000) + pull * np.concatenate([[0.0], direction[:-1]])
        claim = judge([magnet_claim(world(1e4 * np.exp(np.cumsum(steps)), direction))])[0]
        assert claim.verdict == verdict, (pull, claim)


def test_a_rising_market_with_a_magnet_that_always_points_up_is_not_validated():
    claim = judge([magnet_claim(world(walk(4, 4000, drift=0.0008), np.ones(4000)))])[0]
    assert claim.tests[0].interval.low > 0.0, "against a fair game rising looks like an effect"
    assert claim.tests[1].interval.low < 0.0, "against levels that rise as much it does not"
    assert claim.verdict == NOT_VALIDATED


def test_without_a_magnet_there_is_too_little_data():
    for direction in (np.zeros(400), np.full(400, np.nan)):
        claim = judge([magnet_claim(world(walk(1, 400), direction))])[0]
        assert claim.verdict == TOO_LITTLE_DATA
        assert claim.remarks


def test_the_mean_of_many_episodes_is_that_of_all_of_them():
    values = np.random.default_rng(0).standard_normal(3 * MAX_BLOCKS + 17)
    test = mean_test("", values, np.arange(len(values)))
    assert test.interval.estimate == pytest.approx(values.mean())
    assert test.interval.blocks == MAX_BLOCKS
    error = values.std() / np.sqrt(len(values))
    assert test.interval.high - test.interval.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_the_claim_needs_no_map_and_is_part_of_the_protocol():
    assert trading_claims in SOURCES
    bare = replace(DATASET, density=DATASET.density[:, :, :0])
    assert magnet_claim(bare) == magnet_claim(DATASET)
