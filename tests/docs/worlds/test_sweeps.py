"""Sweeps over markets whose truth is known: noise is called luck, and a strong effect is not."""

import numpy as np
import pytest
from scipy.stats import binom

from docs.worlds.sweeps import COMBINATIONS, Planted, combinations, sweep_in, verdict_in
from runs.sweeps.findings.verdict import LUCK, MORE

BARS = 4000


def test_combinations_differ_and_follow_from_the_seed():
    found = combinations(COMBINATIONS, 3)
    assert len({tuple(one.values()) for one in found}) == COMBINATIONS
    assert combinations(COMBINATIONS, 3) == found
    assert combinations(COMBINATIONS, 4) != found


@pytest.mark.slow
def test_over_the_null_world_the_test_rejects_at_its_level_and_the_report_says_luck():
    verdicts = [verdict_in(Planted("null", signs=True), BARS, seed) for seed in range(50)]
    most = binom.ppf(0.99, 50, 0.05)
    assert sum(p_value <= 0.05 for _, p_value, *_ in verdicts) <= most
    assert sum(verdict != LUCK for verdict, *_ in verdicts) <= most


@pytest.mark.slow
def test_a_strong_magnet_is_more_than_luck_in_most_sweeps():
    verdicts = [verdict_in(Planted("magnet", magnet_strength=0.5), BARS, seed)[0] for seed in range(10)]
    assert verdicts.count(MORE) >= 8


@pytest.mark.slow
def test_what_is_planted_is_one_trials_sharpe_ratio_and_nothing_else():
    plain, _ = sweep_in(Planted("null"), 1, BARS, 5)
    raised, _ = sweep_in(Planted("null", sharpe=3.0), 1, BARS, 5)
    assert np.array_equal(plain.returns[:, 1:], raised.returns[:, 1:])
    gained = raised.returns[:, 0].mean() / raised.returns[:, 0].std(ddof=1) * 365**0.5
    assert gained == pytest.approx(plain.table["sharpe"][0] + 3.0)
    assert raised.table["sharpe"][0] == pytest.approx(gained)
