"""Verdicts: what takes one away, and what makes one impossible."""

import math
from dataclasses import replace

import numpy as np
import pytest

from runs.statistics.bootstrap import Interval
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, Claim, Test, judge

GOOD = Test("baseline", Interval(0.1, 0.05, 0.15, 0.001, 40), 900, 40.0)
WEAK = Test("hard baseline", Interval(0.01, -0.02, 0.04, 0.3, 40), 900, 40.0)
BELOW = Interval(-0.01, -0.02, -0.005, 0.99, 40)


def verdict(tests=(GOOD,), placebos=()):
    return judge([Claim("name", "statement", "statistic", tuple(tests), placebos=tuple(placebos))])[0].verdict


def test_the_hardest_baseline_has_the_smallest_statistic_however_p_values_are_tied():
    sure = Test("a constant", Interval(0.92, 0.9, 0.94, 0.001, 40), 900, 40.0)
    claim = Claim("name", "statement", "statistic", (sure, GOOD))
    assert claim.weakest is GOOD
    assert replace(claim, tests=(GOOD, WEAK)).largest_p_value == 0.3


def test_one_observation_has_no_p_value_and_no_verdict():
    single = replace(GOOD, observations=1)
    assert math.isnan(single.p_value)
    assert math.isnan(single.minimum_detectable_effect)
    assert verdict((single,)) == TOO_LITTLE_DATA


def test_the_detectable_effect_is_seen_four_times_in_five():
    test = Test("", Interval(0.0, -1.959964, 1.959964, 0.5, 40), 900, 40.0)  # a standard error of one
    estimates = np.random.default_rng(1).normal(test.minimum_detectable_effect, 1.0, 200_000)
    assert (estimates > 1.959964).mean() == pytest.approx(0.8, abs=0.003)


def test_every_test_must_speak_for_it():
    assert verdict() == VALIDATED
    assert verdict((GOOD, WEAK)) == NOT_VALIDATED


def test_too_few_effective_observations_or_no_test_is_too_little_data():
    assert verdict((replace(GOOD, effective=19.0),)) == TOO_LITTLE_DATA
    assert verdict(()) == TOO_LITTLE_DATA


def test_a_placebo_with_an_effect_takes_the_verdict_away_and_says_so():
    claim = judge([Claim("name", "statement", "statistic", (GOOD,), placebos=(replace(GOOD, baseline="of May"),))])[0]
    assert claim.verdict == NOT_VALIDATED
    assert "of May" in claim.remarks[0]
    assert verdict(placebos=(WEAK,)) == VALIDATED


@pytest.mark.parametrize(("one_sided", "expected"), [(False, NOT_VALIDATED), (True, VALIDATED)])
def test_a_placebo_below_zero_counts_unless_only_gains_would(one_sided, expected):
    assert verdict(placebos=(Test("placebo", BELOW, 900, 40.0, one_sided),)) == expected


def test_a_lone_discovery_among_many_claims_must_be_stronger():
    barely = Test("baseline", Interval(0.1, 0.001, 0.2, 0.024, 40), 900, 40.0)
    nothing = [Claim(str(number), "", "", (WEAK,)) for number in range(9)]
    assert verdict((barely,)) == VALIDATED
    assert judge([Claim("name", "", "", (barely,)), *nothing])[0].verdict == NOT_VALIDATED
