"""Intervals cover what they say they cover, as far as the tails allow."""

import numpy as np
import pytest

from runs.statistics.bootstrap import Sample, block_sums, expanded_tail, joint_draws, joint_interval, ratio_interval


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


def sample(seed, first=0, blocks=60, common=None, share=0.0):
    """Return the sample of a skill of .1 on `blocks` days from a first one on; `share` of its noise is that of the days."""
    random = np.random.default_rng(seed)
    losses, own = random.lognormal(0.0, 0.5, blocks), random.normal(0.0, 0.3, blocks)
    if common is not None:
        own = np.sqrt(share) * common[first : first + blocks] + np.sqrt(1.0 - share) * own
    return Sample(np.arange(first, first + blocks), (losses * (0.1 + own), losses), np.divide)


def width(samples, **how):
    interval = joint_interval(samples, **how)
    return interval.high - interval.low


def test_joint_draws_by_brute_force():
    """Every resample by hand: each day of the union so many times, with the rows of all samples that have it."""
    samples = [sample(1, 0, 7), sample(2, 4, 9), sample(3, 30, 3)]
    union = sorted({int(day) for one in samples for day in one.labels})
    counts = np.random.default_rng(5).multinomial(len(union), np.full(len(union), 1 / len(union)), size=50)
    for times, found in zip(counts, joint_draws(samples, draws=50, seed=5), strict=True):
        drawn = [day for day, count in zip(union, times, strict=True) for _ in range(count)]
        skills = []
        for one in samples:
            rows = [int(np.flatnonzero(one.labels == day)[0]) for day in drawn if day in one.labels]
            gains, losses = (sum(float(column[row]) for row in rows) for column in one.columns)
            skills.append(gains / losses if rows else np.nan)
        assert found == pytest.approx(np.mean(skills), nan_ok=True)


def test_one_sample_is_its_own_interval_and_a_copy_narrows_nothing():
    one = sample(1)
    alone = joint_interval([one])
    assert alone == ratio_interval(*one.columns)
    assert joint_interval([one, one]) == alone


def test_independent_samples_narrow_it_by_the_root_of_their_number_on_one_calendar_or_two():
    alone = np.mean([width([sample(seed, blocks=200)]) for seed in range(4)])
    together = width([sample(seed, blocks=200) for seed in range(4)])
    apart = width([sample(seed, 1000 * seed, 200) for seed in range(4)])
    assert together == pytest.approx(alone / 2.0, rel=0.1)
    assert apart == pytest.approx(alone / 2.0, rel=0.1)


def test_samples_of_one_calendar_keep_their_correlation():
    hits = {"joint": 0, "as if independent": 0}
    for trial in range(200):
        common = np.random.default_rng(1000 + trial).normal(0.0, 0.3, 60)
        samples = [sample(3 * trial + number, common=common, share=0.8) for number in range(3)]
        moved = [one._replace(labels=one.labels + 100 * number) for number, one in enumerate(samples)]
        for name, drawn in (("joint", samples), ("as if independent", moved)):
            interval = joint_interval(drawn, draws=300, seed=trial)
            hits[name] += interval.low <= 0.1 <= interval.high
    assert 0.9 * 200 <= hits["joint"] <= 0.99 * 200
    assert hits["as if independent"] < 0.85 * 200


def test_a_long_sample_lends_a_short_one_no_certainty():
    short, long = sample(1, blocks=5), sample(2, blocks=500)
    assert width([short, long]) > 0.45 * width([short])
    assert joint_interval([short, long]).blocks == 500
    single = joint_interval([sample(1, blocks=1), long])
    assert np.isfinite(single.estimate)
    assert np.isnan([single.low, single.high, single.p_value]).all()
