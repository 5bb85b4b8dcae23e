"""White's and Hansen's tests: a twin in plain loops, other packages, and their level on noise."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from runs.statistics.reality import SuperiorAbility, superior_predictive_ability
from runs.statistics.whitening import first_autocorrelations, shrunk, whitened


def by_hand(excess, signs, block_length):
    """Return the p-values from each row of signs, one trial and block at a time."""
    days, trials = excess.shape
    series = whitened(excess, shrunk(first_autocorrelations(excess), days))
    sums = [
        [sum(series[day : day + block_length, trial]) for day in range(0, days, block_length)]
        for trial in range(trials)
    ]
    roots = [math.sqrt(sum(value**2 for value in row)) for row in sums]
    ratios = [sum(row) / root for row, root in zip(sums, roots, strict=True)]
    bar, totals = -math.sqrt(2.0 * math.log(math.log(days))), [sum(row) for row in sums]
    hits = [0] * 4
    for row in signs:
        plain = [sum(sign * value for sign, value in zip(row, sums[trial], strict=True)) for trial in range(trials)]
        drawn = [value / root for value, root in zip(plain, roots, strict=True)]
        shifts = [
            [min(ratio, 0.0) for ratio in ratios],
            [ratio if ratio < bar else 0.0 for ratio in ratios],
            [0.0] * trials,
        ]
        for place, shift in enumerate(shifts):
            highest = max(value + by for value, by in zip(drawn, shift, strict=True))
            hits[place] += max(0.0, highest) >= max(0.0, *ratios) - 1e-12
        hits[3] += max(plain) >= max(totals) - 1e-12
    return [(1 + count) / (1 + len(signs)) for count in hits]


def p_values(found: SuperiorAbility):
    return [found.p_lower, found.p_consistent, found.p_upper, found.reality_check]


def noise(days, trials, seed=0):
    random = np.random.default_rng(seed)
    return 0.01 * (random.standard_normal((days, trials)) + 0.5 * random.standard_normal((days, 1)))


@pytest.mark.parametrize("block_length", [1, 3, 12])
@pytest.mark.parametrize("shift", [-0.003, 0.0, 0.002])
def test_products_with_signs_equal_plain_loops(block_length, shift):
    excess = noise(45, 6) + shift * np.linspace(0.0, 1.0, 6)
    found = superior_predictive_ability(excess, 150, 4, block_length)
    signs = np.random.default_rng(4).integers(0, 2, (150, -(-45 // block_length))) * 2 - 1
    assert p_values(found) == pytest.approx(by_hand(excess, signs, block_length), abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_random_signs_come_near_all_signs_there_are(shift):
    excess = np.random.default_rng(6).standard_normal((10, 3)) + shift
    everything = np.array(list(itertools.product((-1, 1), repeat=5)))
    found = superior_predictive_ability(excess, 20_000, 0, 2)
    assert p_values(found) == pytest.approx(by_hand(excess, everything, 2), abs=0.04)  # 1 / 33 is the twin's own one


@pytest.mark.parametrize("seed", [8, 9])
def test_of_one_trial_it_is_the_permutation_test_of_scipy(seed):
    excess = np.random.default_rng(seed).standard_normal((12, 1)) + 0.3
    exact = stats.permutation_test(
        (whitened(excess, first_autocorrelations(excess))[:, 0],),
        np.sum,
        permutation_type="samples",
        alternative="greater",
    )
    found = superior_predictive_ability(excess, 40_000, 1, 1)
    assert found.reality_check == pytest.approx(exact.pvalue, abs=0.01)
    assert found.p_upper == (found.reality_check if excess.mean() > 0.0 else 1.0)


# arch 8.0.0, arch.bootstrap.SPA(0, -excess, block_size, reps=20000, bootstrap="stationary", seed=1). It does not studentise its
# statistic, so it was given excess over its own deviations (`_loss_diff_var ** 0.5`) for Hansen's three and plain for White's.
# Another bootstrap for the same question: of many independent days and short blocks they agree.
@pytest.mark.parametrize(
    ("block_length", "shift", "expected"),
    [
        (1, 0.0, (0.6335, 0.8910, 0.9705, 0.9503)),
        (1, 0.0012, (0.5198, 0.66885, 0.6784, 0.44545)),
        (5, 0.0, (0.63565, 0.8996, 0.98025, 0.9603)),
        (5, 0.0012, (0.5562, 0.71015, 0.72165, 0.44775)),
    ],
)
def test_p_values_are_near_those_of_arch(block_length, shift, expected):
    random = np.random.default_rng(7)
    common = random.standard_normal(500)[:, None]
    own = 0.8 * random.standard_normal((500, 20)) + np.linspace(-0.15, 0.08, 20)
    excess = np.linspace(0.005, 0.03, 20) * (0.6 * common + own) + shift
    assert p_values(superior_predictive_ability(excess, 10_000, 3, block_length)) == pytest.approx(expected, abs=0.03)


def test_blocks_follow_the_memory_that_one_day_does_not_explain():
    random = np.random.default_rng(5).standard_normal((1000, 9))
    one_day = lfilter([1.0], [1.0, -0.5], random, axis=0)
    a_week = lfilter([1.0, 0.3, 0.3, 0.3, 0.3], [1.0], random, axis=0)
    lengths = [superior_predictive_ability(excess, 1).block_length for excess in (random, one_day, a_week)]
    assert max(lengths[:2]) <= 2
    assert lengths[2] >= 5


def test_rare_heavy_losses_of_one_poor_trial_do_not_hide_a_good_one():
    # A variance taken anew in every resample would: most resamples without the one loss look like great gains.
    random = np.random.default_rng(2)
    good, poor = noise(300, 1, 1) + 0.004, 0.0001 * np.abs(random.standard_normal((300, 1)))
    poor[100] = -0.9
    found = superior_predictive_ability(np.column_stack([good, poor]), 999)
    assert found.p_upper < 0.01


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(-0.3, 0.3))
def test_the_three_are_ordered_and_neither_order_nor_scale_matters(seed, trials, shift):
    random = np.random.default_rng(seed)
    excess = random.standard_normal((40, trials)) + shift
    found = superior_predictive_ability(excess, 100, 1)
    assert 0.0 < found.p_lower <= found.p_consistent <= found.p_upper <= 1.0
    assert 0.0 < found.reality_check <= 1.0
    order = random.permutation(trials)
    changed = superior_predictive_ability(8.0 * excess[:, order], 100, 1, found.block_length)
    assert p_values(changed) == pytest.approx(p_values(found), abs=1e-12)
    assert order[changed.best] == found.best
    unequal = superior_predictive_ability(excess * 2.0 ** random.integers(-3, 4, trials), 100, 1)
    assert p_values(unequal)[:3] == pytest.approx(p_values(found)[:3], abs=1e-12)


def test_bad_trials_weaken_the_reality_check_more_than_the_consistent_test():
    good = noise(400, 5) + np.array([0.0015, 0, 0, 0, 0])
    bad = 6.0 * noise(400, 40, 1) - 0.02
    alone, crowded = (superior_predictive_ability(x, 500) for x in (good, np.column_stack([good, bad])))
    assert crowded.reality_check > alone.reality_check + 0.2
    assert abs(crowded.p_consistent - alone.p_consistent) < 0.1


def test_a_real_edge_is_found_and_named():
    excess = noise(500, 300)
    excess[:, 123] += 0.003
    found = superior_predictive_ability(excess, 500)
    assert found.best == 123
    assert found.p_upper <= 0.01
    assert found.reality_check <= 0.01


def test_nothing_above_the_benchmark_is_no_evidence():
    found = superior_predictive_ability(noise(100, 5) - 0.02, 100)
    assert found.p_consistent == found.p_upper == found.p_lower == 1.0


def test_idle_trials_change_nothing_and_the_same_seed_repeats():
    excess = noise(60, 4)
    found = superior_predictive_ability(excess, 100)
    idle = superior_predictive_ability(np.column_stack([np.zeros(60), excess]), 100)
    assert p_values(idle) == pytest.approx(p_values(found))
    assert idle.best == found.best + 1
    assert superior_predictive_ability(excess, 100) == found


def test_no_draws_and_impossible_blocks_are_refused():
    with pytest.raises(ValueError, match="0 draws"):
        superior_predictive_ability(noise(60, 3), 0)
    for length in (0, 31):
        with pytest.raises(ValueError, match=f"blocks of {length} in 60 days"):
            superior_predictive_ability(noise(60, 3), 10, block_length=length)


def test_more_trials_than_a_chunk_are_one_family():
    excess = noise(60, 600, 3)
    signs = np.random.default_rng(4).integers(0, 2, (60, 30)) * 2 - 1
    assert p_values(superior_predictive_ability(excess, 60, 4, 2)) == pytest.approx(
        by_hand(excess, signs, 2), abs=1e-12
    )


def test_it_rejects_heavy_tails_of_few_days_at_its_level():
    # Signs are exact for any tail; what whitening adds is small. 400 tests of 5 %: up to 8 % in 99.7 of 100.
    random = np.random.default_rng(3)
    found = [p_values(superior_predictive_ability(random.standard_t(3, (60, 8)), 99, run))[1:] for run in range(400)]
    rejected = np.mean(np.array(found) <= 0.05, axis=0)
    assert ((rejected > 0.015) & (rejected < 0.083)).all()


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("degrees", [3, 1000])
def test_it_rejects_noise_at_its_level(memory, degrees):
    random, found = np.random.default_rng(0), []
    for run in range(600):
        excess = lfilter([1.0], [1.0, -memory], random.standard_t(degrees, (350, 40)), axis=0)[50:]
        found.append(p_values(superior_predictive_ability(excess, 299, run))[1:])
    rejected = np.mean(np.array(found) <= 0.05, axis=0)
    assert ((rejected > 0.027) & (rejected < 0.076)).all()  # three standard errors above 5 %, two and a half below
