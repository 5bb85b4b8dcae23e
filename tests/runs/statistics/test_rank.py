"""Rank correlation against scipy's."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from runs.statistics.rank import rank_correlation


@pytest.mark.parametrize("ties", [False, True])
def test_it_is_scipys(ties):
    left, right = np.random.default_rng(3).standard_normal((2, 200))
    right += left
    if ties:
        left, right = left.round(), right.round()
    assert rank_correlation(left, right) == pytest.approx(spearmanr(left, right)[0])


def test_what_does_not_vary_has_none():
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5.0)))
