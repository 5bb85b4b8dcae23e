"""White's and Hansen's tests: a twin that resamples the arrays, an independent package, and their level on noise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.statistics.reality import SuperiorAbility, superior_predictive_ability
from runs.statistics.stationary import stationary_indices


def by_hand(excess, draws, seed, block_length):
    """Return the p-values from resampled arrays and the variance summed lag by lag."""
    days, trials = excess.shape
    means, stay = excess.mean(axis=0), 1.0 - 1.0 / block_length
    deviations = np.empty(trials)
    for trial in range(trials):
        centred = excess[:, trial] - means[trial]
        variance = centred @ centred / days
        for lag in range(1, days):
            kernel = (days - lag) / days * stay**lag + lag / days * stay ** (days - lag)
            variance += 2.0 * kernel * (centred[:-lag] @ centred[lag:]) / days
        deviations[trial] = math.sqrt(variance)
    root, bar = math.sqrt(days), -math.sqrt(2.0 * math.log(math.log(days)))
    centres = [np.maximum(means, 0.0), np.where(root * means / deviations >= bar, means, 0.0), means]
    resampled = [
        excess[rows].mean(axis=0) for rows in stationary_indices(np.random.default_rng(seed), days, block_length, draws)
    ]
    found = []
    observed = max(0.0, (root * means / deviations).max())
    for centre in centres:
        drawn = [max(0.0, (root * (mean - centre) / deviations).max()) for mean in resampled]
        found.append((1 + sum(value >= observed for value in drawn)) / (1 + draws))
    plain = [(mean - means).max() for mean in resampled]
    return [*found, (1 + sum(value >= means.max() for value in plain)) / (1 + draws)]


def p_values(found: SuperiorAbility):
    return [found.p_lower, found.p_consistent, found.p_upper, found.reality_check]


def noise(days, trials, seed=0):
    random = np.random.default_rng(seed)
    return 0.01 * (random.standard_normal((days, trials)) + 0.5 * random.standard_normal((days, 1)))


@pytest.mark.parametrize("block_length", [1.0, 3.0, 12.5])
@pytest.mark.parametrize("shift", [-0.003, 0.0, 0.002])
def test_products_with_counts_equal_resampled_arrays(block_length, shift):
    excess = noise(45, 6) + shift * np.linspace(0.0, 1.0, 6)
    found = superior_predictive_ability(excess, 150, 4, block_length)
    assert p_values(found) == pytest.approx(by_hand(excess, 150, 4, block_length), abs=1e-12)


# arch 8.0.0, arch.bootstrap.SPA(0, -excess, block_size, reps=20000, bootstrap="stationary", seed=1). It does not studentise its
# statistic, so it was given excess over its own deviations (`_loss_diff_var ** 0.5`) for Hansen's three and plain for White's.
@pytest.mark.parametrize(
    ("block_length", "shift", "expected"),
    [
        (1.0, 0.0, (0.6335, 0.8910, 0.9705, 0.9503)),
        (1.0, 0.0012, (0.5198, 0.66885, 0.6784, 0.44545)),
        (5.0, 0.0, (0.63565, 0.8996, 0.98025, 0.9603)),
        (5.0, 0.0012, (0.5562, 0.71015, 0.72165, 0.44775)),
        (20.0, 0.0, (0.6541, 0.91305, 0.9818, 0.9645)),
        (20.0, 0.0012, (0.5811, 0.7367, 0.74425, 0.44465)),
    ],
)
def test_p_values_are_those_of_arch(block_length, shift, expected):
    random = np.random.default_rng(7)
    common = random.standard_normal(500)[:, None]
    own = 0.8 * random.standard_normal((500, 20)) + np.linspace(-0.15, 0.08, 20)
    excess = np.linspace(0.005, 0.03, 20) * (0.6 * common + own) + shift
    # Deviation of a p-value near one half: .005 of ours and .0035 of theirs.
    assert p_values(superior_predictive_ability(excess, 10_000, 3, block_length)) == pytest.approx(expected, abs=0.02)


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
    with pytest.raises(ValueError, match=r"blocks of 0\.5"):
        superior_predictive_ability(noise(60, 3), 10, block_length=0.5)


def test_more_trials_than_a_chunk_are_one_family():
    excess = noise(60, 600, 3)
    assert p_values(superior_predictive_ability(excess, 60, 4, 2.0)) == pytest.approx(
        by_hand(excess, 60, 4, 2.0), abs=1e-12
    )


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "most"), [(0.0, 0.072), (0.3, 0.19)])
def test_it_rejects_noise_at_its_nominal_rate_and_trending_noise_as_often_as_documented(rho, most):
    random, found = np.random.default_rng(0), []
    for run in range(600):
        excess = random.standard_normal((300, 40))
        for day in range(1, 300):
            excess[day] += rho * excess[day - 1]
        found.append(p_values(superior_predictive_ability(excess, 300, run)))
    rejected = np.mean(np.array(found) <= 0.05, axis=0)
    assert (rejected[1:] <= most).all()  # binomial: .05 +- .022 at two and a half deviations
    assert (rejected[1:] >= 0.015).all()
