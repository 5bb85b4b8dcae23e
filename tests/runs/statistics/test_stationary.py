"""Block lengths against an independent package's figures, and resamples against what their authors say of them."""

import numpy as np
import pytest

from runs.statistics.stationary import (
    optimal_block_length,
    optimal_block_lengths,
    stationary_draws,
)


def recursive(noise, rho):
    values = noise.copy()
    for index in range(1, len(values)):
        values[index] += rho * values[index - 1]
    return values


def test_the_example_of_the_package_arch():
    noise = np.random.RandomState(0).standard_normal(10_100)
    assert optimal_block_length(recursive(noise, 0.3)[100:]) == pytest.approx((13.635665, 15.60894), rel=1e-4)


# arch 8.0.0, arch.bootstrap.optimal_block_length, on the same series.
@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (8, (39.80891842, 45.56983589)),
        (9, (2.53348431, 2.90011557)),
        (11, (2.69749138, 3.0878568)),
        (31, (11.45235629, 13.10967536)),
        (43, (20.59881649, 23.57975862)),
        (57, (2.61561006, 2.99412609)),
    ],
)
def test_lengths_equal_those_of_arch(seed, expected):
    random = np.random.default_rng(seed)
    count, rho = int(random.integers(20, 3000)), random.uniform(-0.5, 0.9)
    assert optimal_block_length(recursive(random.standard_normal(count), rho)) == pytest.approx(expected, rel=1e-6)


def test_many_series_at_once_equal_one_by_one():
    random = np.random.default_rng(0)
    series = np.stack([recursive(random.standard_normal(200), rho) for rho in (-0.5, 0.0, 0.4, 0.8)] + [np.zeros(200)])
    both = optimal_block_lengths(series)
    for row, values in enumerate(series):
        assert (both[0][row], both[1][row]) == pytest.approx(optimal_block_length(values), rel=1e-9)


def test_memory_makes_blocks_longer_and_scale_does_not():
    noise = np.random.default_rng(0).standard_normal(3000)
    lengths = [optimal_block_length(recursive(noise, rho))[0] for rho in (0.0, 0.3, 0.6, 0.9)]
    assert lengths == sorted(lengths)
    assert optimal_block_length(1e-6 * recursive(noise, 0.6) + 3.0)[0] == pytest.approx(lengths[2], rel=1e-6)


def test_no_variance_is_a_block_of_one_day_and_too_few_days_are_refused():
    assert optimal_block_length(np.full(50, 0.1)) == (1.0, 1.0)
    assert optimal_block_length(np.arange(8.0))[0] >= 1.0
    with pytest.raises(ValueError, match="eight"):
        optimal_block_length(np.arange(7.0))


@pytest.mark.parametrize("block_length", [1.0, 4.0, 25.0])
def test_blocks_have_the_mean_length_and_all_days_the_same_chance(block_length):
    drawn = np.array(list(stationary_draws(np.random.default_rng(0), 100, block_length, 4000)))
    assert drawn.shape == (4000, 100)
    assert drawn.min() >= 0
    assert drawn.max() < 100
    steps = (drawn[:, 1:] - drawn[:, :-1]) % 100 == 1
    # A new block starts next to the last one's end by chance, too.
    assert 1.0 - steps.mean() == pytest.approx((1.0 - 0.01) / block_length, rel=0.03)
    shares = np.bincount(drawn.ravel(), minlength=100) / drawn.size
    assert shares == pytest.approx(0.01, rel=0.02 + 0.03 * np.sqrt(block_length))


def test_blocks_of_endless_length_are_rotations():
    drawn = np.array(list(stationary_draws(np.random.default_rng(0), 30, 1e12, 50)))
    assert np.array_equal(drawn, (drawn[:, :1] + np.arange(30)) % 30)


def test_impossible_resamples_are_refused():
    for length, block_length, draws in ((0, 1.0, 1), (5, 0.5, 1), (5, 1.0, 0)):
        with pytest.raises(ValueError, match="1 or more"):
            next(stationary_draws(np.random.default_rng(0), length, block_length, draws))
