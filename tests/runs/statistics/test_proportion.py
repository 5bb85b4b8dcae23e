"""The interval of a share against the equation it solves."""

import math

import pytest

from runs.statistics.proportion import proportion_interval


@pytest.mark.parametrize(("hits", "trials"), [(0, 20), (1, 40), (5, 200), (100, 200), (200, 200)])
def test_each_end_is_a_share_that_lies_just_196_deviations_away(hits, trials):
    share = hits / trials
    for end in proportion_interval(hits, trials):
        assert abs(share - end) == pytest.approx(1.959964 * math.sqrt(end * (1.0 - end) / trials), abs=1e-6)


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(hits, trials):
    with pytest.raises(ValueError, match="no share"):
        proportion_interval(hits, trials)
