"""Luck, until shown otherwise."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runs.sweeps.findings.verdict import LUCK, MORE, NOT_TOLD, TOO_LITTLE, VerdictInputs, judge

GOOD = VerdictInputs(
    days=400,
    trials=200,
    ability=0.003,
    probabilistic=0.999,
    deflated=0.8,
    deflated_effective=0.9,
    overfitting=0.1,
    loss=0.05,
)


def test_a_sweep_that_noise_seldom_matches_is_more_than_luck_and_says_how_seldom():
    verdict, sentence = judge(GOOD)
    assert verdict == MORE
    assert "0.3%" in sentence
    assert "10% of splits (PBO)" in sentence
    assert "0.80 for independent trials and 0.90" in sentence


def test_a_sweep_that_noise_often_matches_is_luck_whatever_else_looks_good():
    verdict, sentence = judge(replace(GOOD, ability=0.3))
    assert verdict == LUCK
    assert "30%" in sentence
    assert "More than luck is 5% or less." in sentence


def test_a_best_that_is_not_sure_by_itself_or_loses_out_of_sample_is_not_told_from_luck():
    assert judge(replace(GOOD, probabilistic=0.9)).verdict == NOT_TOLD
    assert judge(replace(GOOD, loss=0.6)).verdict == NOT_TOLD
    assert judge(replace(GOOD, loss=math.nan)).verdict == NOT_TOLD
    assert judge(replace(GOOD, trials=1, loss=math.nan)).verdict == MORE, "one trial has no choice to lose by"


def test_what_cannot_be_tested_is_luck_and_few_days_are_too_little_data():
    assert judge(replace(GOOD, ability=math.nan)).verdict == LUCK
    assert judge(replace(GOOD, days=59)).verdict == TOO_LITTLE
    assert judge(replace(GOOD, trials=0)).verdict == TOO_LITTLE


SHARES = st.one_of(st.floats(0.0, 1.0), st.just(math.nan))


@given(
    st.builds(
        VerdictInputs, st.integers(0, 5000), st.integers(0, 10_000), SHARES, SHARES, SHARES, SHARES, SHARES, SHARES
    )
)
def test_nothing_makes_more_than_luck_of_a_p_value_above_the_level(evidence):
    verdict, sentence = judge(evidence)
    assert verdict == LUCK or not evidence.ability > 0.05 or evidence.days < 60 or not evidence.trials
    assert sentence.endswith(".")
    assert "nan" not in sentence
