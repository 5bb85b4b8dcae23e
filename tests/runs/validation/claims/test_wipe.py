"""Levels are returned to once, pairs are of one size, and only wipes that hold better than other swings are validated."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, judge
from runs.validation.claims.trading import trading_claims
from runs.validation.claims.wipe import (
    CALIPER,
    matched_gains,
    quiet_swings,
    shifted_levels,
    swings_of,
    wipe_claim,
    wipe_levels,
)
from runs.validation.measures.reactions import Levels, Reactions, apart, first_return, reactions
from tests.runs.validation.worlds import dataset_of

BARS = 8000
DATASET = dataset_of(6, BARS)


def slow_return(extremes, closes, direction, price, made, age, last, retest, tolerance):
    for bar in range(made + 1, last + 1):
        away = direction * (closes[bar] / price - 1.0)
        if away < -tolerance:
            return -1
        if bar - made >= age and away > 0.0 and direction * (extremes[bar] / price - 1.0) <= retest:
            return bar
    return -1


@given(seed=st.integers(0, 10_000), direction=st.sampled_from([1.0, -1.0]))
@settings(max_examples=100, deadline=None)
def test_the_first_return_is_that_of_brute_force(seed, direction):
    random = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(0.004 * random.standard_normal(150)))
    extremes = closes * (1.0 - direction * 0.003 * random.random(150))
    arguments = (extremes, closes, direction, closes[3] * (1.0 - direction * 0.004), 3, 6, 140, 0.005, 0.01)
    assert first_return(*arguments) == slow_return(*arguments)


def at(bars, values=None):
    """Return reactions at some bars, of levels numbered in their order."""
    values = np.zeros(len(bars)) if values is None else np.array(values)
    return Reactions(np.arange(len(bars)), np.array(bars), values, np.ones(len(bars), dtype=bool))


def test_of_reactions_that_overlap_the_first_counts():
    found = apart(at([50, 0, 10, 33, 34, 10]), 24)
    assert found.levels.tolist() == [1, 3]
    assert found.bars.tolist() == [0, 33]
    assert len(apart(at(np.empty(0, dtype=int)), 24).levels) == 0


def test_a_reaction_is_the_return_from_the_close_after_the_retest():
    wipes = wipe_levels(DATASET)
    found, closes = reactions(DATASET, wipes), DATASET.bars["close"]
    assert len(found.levels) > 20
    index, value = found.levels[5], found.values[5]
    side, price, made = wipes.sides[index], wipes.prices[index], wipes.bars[index]
    name, sign = ("low", 1.0) if side == 0 else ("high", -1.0)
    bar = slow_return(DATASET.bars[name], closes, sign, price, made, 6, made + 720, 0.005, 0.01)
    move = sign * (closes[bar + 25] / closes[bar + 1] - 1.0)
    assert value == pytest.approx(move / (DATASET.snapshots["volatility"][bar] * np.sqrt(24)))
    assert found.held[5] == (sign * (closes[bar + 1 : bar + 26] / price - 1.0) >= -0.01).all()


def test_one_row_a_level_at_the_bar_that_made_it():
    wipes = wipe_levels(DATASET)
    for side, name in enumerate(("support", "resistance")):
        bars = wipes.bars[wipes.sides == side]
        assert len(np.unique(bars)) == len(bars)
        assert DATASET.snapshots[f"{name}_bar"][bars].tolist() == bars.tolist()


def test_quiet_swings_have_no_fall_of_open_interest_and_no_wipe():
    wipes = wipe_levels(DATASET)
    quiet = quiet_swings(DATASET, wipes)
    open_interest = DATASET.bars["open_interest"]
    assert (open_interest[quiet.bars] >= open_interest[quiet.bars - 1]).all()
    assert (swings_of(DATASET)[quiet.bars, quiet.sides] >= 1.0).all()
    for side in range(2):
        assert not set(quiet.bars[quiet.sides == side]) & set(wipes.bars[wipes.sides == side])


@pytest.mark.parametrize("cut", [3000, 6000])
def test_what_was_over_before_a_bar_knows_nothing_of_later_ones(cut):
    wipes = wipe_levels(DATASET)
    bars = DATASET.bars.copy()
    for name in ("high", "low", "close"):
        bars[name][cut:] *= 2.0
    ours, theirs = reactions(DATASET, wipes), reactions(replace(DATASET, bars=bars), wipes)
    # A level made and retested before the cut, whose day was over, has the same reaction in both.
    both = set(ours.levels) & set(theirs.levels)
    early = [index for index in both if wipes.bars[index] + 750 < cut]
    assert len(early) > 5
    values = [dict(zip(found.levels, found.values, strict=True)) for found in (ours, theirs)]
    assert [values[0][index] for index in early] == [values[1][index] for index in early]


def test_each_swing_serves_once_and_pairs_are_of_one_side_and_size():
    sides, swings = np.array([0, 0, 0, 1]), np.array([2.0, 2.1, 9.0, 3.0])
    wipes = Levels(np.arange(4), sides, np.ones(4), swings)
    quiet = Levels(np.arange(4), np.array([0, 1, 1, 0]), np.ones(4), np.array([2.05, 2.0, 3.0 * CALIPER * 1.01, 9.1]))
    ours = at([0, 100, 200, 300], [1.0, 10.0, 100.0, 1000.0])
    theirs = at([0, 100, 200, 300], [0.5, 0.1, 0.2, 0.25])
    # 2.0 takes 2.05; 2.1 finds it taken; 9.0 takes 9.1; the resistance of 3.0 finds none within the caliper.
    assert matched_gains(wipes, ours, quiet, theirs, 24).values.tolist() == [0.5, 99.75]
    assert matched_gains(wipes, ours, quiet, theirs, 24).bars.tolist() == [0, 200]
    overlapping = theirs._replace(bars=np.array([0, 100, 200, 23]))
    assert matched_gains(wipes, ours, quiet, overlapping, 24).values.tolist() == [0.5]
    assert len(matched_gains(wipes, ours, quiet, at(np.empty(0, dtype=int)), 24).values) == 0


def test_levels_of_another_time_lie_as_far_from_the_close():
    wipes = wipe_levels(DATASET)
    closes, shifted = DATASET.bars["close"], shifted_levels(DATASET, wipes)
    assert shifted.prices / closes[shifted.bars] == pytest.approx(wipes.prices / closes[wipes.bars])
    assert set(np.abs(shifted.bars - wipes.bars)) == {BARS // 2}


def world(strength, seed=0, spacing=36):
    """Return a world with a fall of four deviations every `spacing` bars; the even ones wipe and leave a support.

    Between them price regains the fall. After the first retest of such a support it drifts up by `strength` daily
    deviations within a day.
    """
    random, sigma = np.random.default_rng(seed), 0.005
    steps, drift = sigma * random.standard_normal(BARS), np.zeros(BARS)
    closes, open_interest = np.full(BARS, 1e4), np.cumsum(random.random(BARS)) + 1e4
    support, level, made = np.full((2, BARS), np.nan), np.nan, -1
    for bar in range(1, BARS):
        swings, even = bar % spacing == 0, bar % (2 * spacing) == 0
        closes[bar] = closes[bar - 1] * np.exp(
            -4.0 * sigma if swings else steps[bar] + drift[bar] + 4.0 * sigma / spacing
        )
        if even:
            open_interest[bar:] -= 50.0
            level, made = closes[bar] * 1.001, bar
            support[:, bar] = level, bar
        elif level * 0.99 > closes[bar]:
            level = np.nan
        elif bar - made >= 6 and level < closes[bar] <= 1.005 * level:
            drift[bar + 2 : bar + 26] += strength * sigma * np.sqrt(24) / 24.0
            level = np.nan
    bars, snapshots = DATASET.bars.copy(), DATASET.snapshots.copy()
    bars["open"] = np.concatenate([closes[:1], closes[:-1]])
    bars["close"], bars["low"], bars["high"], bars["open_interest"] = closes, closes, closes, open_interest
    bars["mark_low"] = bars["mark_high"] = np.nan
    bars["open_interest_break"] = 0.0
    snapshots["close"], snapshots["volatility"] = closes, sigma
    snapshots["support_price"], snapshots["support_bar"] = support
    snapshots["resistance_price"] = snapshots["resistance_bar"] = np.nan
    return replace(DATASET, bars=bars, snapshots=snapshots)


def test_levels_that_push_price_away_are_validated_and_others_are_not():
    assert judge([wipe_claim(world(1.5))])[0].verdict == VALIDATED
    for seed in range(3):
        assert judge([wipe_claim(world(0.0, seed))])[0].verdict == NOT_VALIDATED


def test_a_market_whose_wipes_mean_nothing_is_not_validated():
    claim = judge([wipe_claim(DATASET)])[0]
    assert claim.verdict == NOT_VALIDATED
    assert claim.details["pairs"] >= 20


def test_without_open_interest_there_is_too_little_data_and_a_reason():
    bars = DATASET.bars.copy()
    bars["open_interest"] = np.nan
    claim = judge([wipe_claim(replace(DATASET, bars=bars))])[0]
    assert claim.verdict == TOO_LITTLE_DATA
    assert "no open interest" in claim.remarks[0]


def test_the_claim_needs_no_map_and_is_among_the_trading_claims():
    bare = replace(DATASET, density=DATASET.density[:, :, :0])
    assert wipe_claim(bare) == wipe_claim(DATASET)
    assert [claim.name for claim in trading_claims(bare)] == ["magnet", "cascade", "wipe"]
