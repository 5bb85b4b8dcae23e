"""Simulated universes: who is there when, what moves them together, and that those who go have fallen before."""

import math

import numpy as np
import pytest

from datafeeds.simulated.parameters import SimulationParameters
from datafeeds.simulated.universe import simulate_universe
from datafeeds.universe.notes import SURVIVORS

BARS = 400
CALM = SimulationParameters(premium_spread=0.0, bounce=0.0, cascade_feedback=0.0, burn_in_hours=24.0)
"""The price is the efficient one, at a constant premium."""


def returns(universe):
    """(T - 1, K) log returns of the closes, NaN where a bar is missing."""
    logs = np.full(universe.rows.shape, np.nan)
    for column, each in enumerate(universe.markets):
        there = universe.rows[:, column] >= 0
        logs[there, column] = np.log(each.market.frame["close"].to_numpy())
    return np.diff(logs, axis=0)


def test_the_same_arguments_give_the_same_universe_and_another_seed_another():
    made = [simulate_universe(seed, count=4, bars=60, parameters=CALM) for seed in (1, 1, 2)]
    prints = [universe.fingerprint() for universe in made]
    assert prints[0] == prints[1] != prints[2]
    assert made[0].names == ("simulated-1-000", "simulated-1-001", "simulated-1-002", "simulated-1-003")
    assert all(each.market.simulated for each in made[0].markets)


@pytest.mark.parametrize(
    ("late", "delisted", "gappy"), [(0.0, 0.0, 0.0), (0.5, 0.25, 0.0), (0.2, 0.4, 0.9), (1.0, 1.0, 1.0)]
)
def test_as_many_as_asked_list_late_are_delisted_and_have_holes(late, delisted, gappy):
    count = 6
    universe = simulate_universe(
        3, count, 48, parameters=CALM, late_share=late, delisted_share=delisted, gap_share=gappy
    )
    there = universe.rows >= 0
    lives = there[there.argmax(axis=0).max() :].any(axis=0)  # whoever lists, lives at the last listing
    begins, lengths = there.argmax(axis=0), len(there) - there[::-1].argmax(axis=0)
    whole = lengths - begins
    assert lives.all()
    assert (begins > 0).sum() == min(round(late * count), count - 1)
    assert universe.delisted.sum() == min(round(delisted * count), count - 1)
    assert (there.sum(axis=0) < whole).sum() == min(round(gappy * count), count - 1)
    assert there[:, 0].all()


def test_survivorship_is_said_of_a_simulated_universe_too():
    plain = {"seed": 3, "count": 3, "bars": BARS, "parameters": CALM}
    assert SURVIVORS in simulate_universe(**plain, delisted_share=0.0).notes
    assert SURVIVORS not in simulate_universe(**plain, delisted_share=0.5).notes


def test_one_factor_alone_moves_all_at_the_same_time_late_ones_too():
    universe = simulate_universe(5, 4, BARS, parameters=CALM, correlation=1.0, late_share=0.5, delisted_share=0.0)
    moves = returns(universe)
    assert np.isnan(moves).any()
    for column in range(1, 4):
        both = ~np.isnan(moves[:, [0, column]]).any(axis=1)
        ratio = moves[both, column] / moves[both, 0]
        assert ratio == pytest.approx(np.full(both.sum(), ratio[0]), rel=1e-6)


def test_signs_agree_by_chance_without_a_factor_and_more_the_larger_it_is():
    agreement = []
    for correlation in (0.0, 0.6, 1.0):
        universe = simulate_universe(
            5, 2, BARS, parameters=CALM, correlation=correlation, gap_share=0.0, late_share=0.0
        )
        agreement.append(np.sign(returns(universe)).prod(axis=1).mean())
    error = 1.0 / math.sqrt(BARS)
    assert abs(agreement[0]) < 4.0 * error
    assert 4.0 * error < agreement[1] < agreement[2] == 1.0


def test_who_is_delisted_falls_before_it_and_nobody_else_does():
    still = SimulationParameters(hourly_volatility=1e-6, jumps_per_year=0.0, premium_spread=0.0, burn_in_hours=24.0)
    universe = simulate_universe(2, 5, BARS, parameters=still, delisted_share=0.4)
    for each, gone in zip(universe.markets, universe.delisted, strict=True):
        close = np.log(each.market.frame["close"].to_numpy())
        half = len(close) // 2
        assert np.ptp(close[:half]) < 1e-4
        assert not gone or -3.0 <= close[-1] - close[0] <= -1.0
        assert gone or np.ptp(close) < 1e-4


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"correlation": 1.1}, "correlation = 1.1"),
        ({"delisted_share": -0.1}, "delisted_share = -0.1"),
        ({"count": 0}, "count = 0"),
        ({"bars": 47}, "bars = 47"),
    ],
)
def test_what_cannot_be_simulated_is_refused(wrong, text):
    with pytest.raises(ValueError, match=text):
        simulate_universe(**wrong)
