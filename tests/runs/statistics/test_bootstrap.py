"""Intervals cover what they say they cover, as far as the tails allow."""

import numpy as np
import pytest

from runs.statistics.bootstrap import block_sums, expanded_tail, ratio_interval


def coverage(blocks, spread, trials, seed=0):
    """Return how often the interval of a skill of .1 holds .1, with losses of a day lognormal of that spread."""
    random, hits = np.random.default_rng(seed), 0
    for trial in range(trials):
        losses = random.lognormal(0.0, spread, blocks)
        gains = losses * (0.1 + random.normal(0.0, 0.3, blocks))
        interval = ratio_interval(gains, losses, draws=400, seed=trial)
        hits += interval.low <= 0.1 <= interval.high
    return hits / trials


@pytest.mark.parametrize(("blocks", "spread", "least"), [(15, 0.5, 0.92), (40, 0.5, 0.92), (40, 1.2, 0.89)])
def test_coverage_is_near_nominal_even_with_few_and_unequal_days(blocks, spread, least):
    assert least <= coverage(blocks, spread, 400) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocks", "spread", "least", "most"),
    [
        (15, 0.5, 0.93, 0.97),
        (40, 0.5, 0.93, 0.97),
        (200, 0.5, 0.93, 0.97),
        (15, 1.2, 0.88, 0.97),
        (40, 1.2, 0.90, 0.97),
    ],
)
def test_coverage_over_many_trials(blocks, spread, least, most):
    assert least <= coverage(blocks, spread, 3000, seed=1) <= most


def test_few_blocks_widen_it_and_many_do_not():
    tails = [expanded_tail(0.025, blocks) for blocks in (5, 15, 40, 10_000)]
    assert tails == sorted(tails)
    assert tails[-1] == pytest.approx(0.025, rel=1e-3)
    assert expanded_tail(0.025, 2) == 0.0


def test_block_sums_are_sums_by_label():
    assert block_sums(np.arange(5.0), np.array([3, 1, 3, 1, 2])).tolist() == [4.0, 4.0, 2.0]


def test_the_unit_does_not_matter():
    gains, losses = np.random.default_rng(0).random((2, 30))
    ours, scaled = ratio_interval(gains, losses), ratio_interval(1e6 * gains, 1e6 * losses)
    assert scaled == pytest.approx(ours)


def test_nothing_to_draw_from_is_nan():
    assert np.isnan(ratio_interval(np.zeros(0), np.zeros(0)).estimate)
    assert np.isnan(ratio_interval(np.zeros(3), np.zeros(3)).low)
    with pytest.raises(ValueError, match="one length"):
        ratio_interval(np.zeros(3), np.zeros(4))
