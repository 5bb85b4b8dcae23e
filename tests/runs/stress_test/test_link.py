"""The link: closed forms, units, its walk against a slow one, nothing from the future."""

import numpy as np
import pytest

from runs.stress_test.link import (
    expected_size,
    fit_link,
    known_rows,
    size_quantiles,
    size_ranks,
    walk_links,
)

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def made(count, seed=0, spread=0.6):
    """Return covariates, sizes and expectations of ``y = 3 x1^.8 x2^.4 exp(s z - s^2 / 2)``."""
    random = np.random.default_rng(seed)
    covariates = np.exp(random.normal(0.0, 1.0, (count, 2)))
    means = 3.0 * covariates[:, 0] ** 0.8 * covariates[:, 1] ** 0.4
    return covariates, means * np.exp(spread * random.normal(size=count) - 0.5 * spread**2), means


def test_a_power_law_with_lognormal_noise_is_found_with_its_quantiles():
    covariates, sizes, _ = made(40_000)
    link = fit_link(covariates, sizes)
    points = np.array([[1.0, 1.0], [8.0, 0.5], [0.5, 4.0]])
    means = 3.0 * points[:, 0] ** 0.8 * points[:, 1] ** 0.4
    expected = expected_size(link, points)
    # Floors of 1 % of the mean bend the law a little at its lower end, nowhere by more than 5 %.
    np.testing.assert_allclose(expected, means, rtol=0.05)
    normal = np.array([-1.6449, -0.6745, 0.0, 0.6745, 1.6449])
    exact = means[:, None] * np.exp(0.6 * normal - 0.18)
    np.testing.assert_allclose(size_quantiles(link, expected, LEVELS), exact, rtol=0.08)


def test_the_unit_of_sizes_comes_back_and_that_of_covariates_does_not():
    covariates, sizes, _ = made(800)
    link, other = fit_link(covariates, sizes), fit_link(covariates * np.array([1000.0, 0.01]), sizes * 50.0)
    expected, scaled = expected_size(link, covariates), expected_size(other, covariates * np.array([1000.0, 0.01]))
    np.testing.assert_allclose(scaled, 50.0 * expected, rtol=1e-6)
    np.testing.assert_allclose(
        size_quantiles(other, scaled, LEVELS), 50.0 * size_quantiles(link, expected, LEVELS), rtol=1e-6
    )


def test_a_quantile_has_the_rank_it_is_named_after_and_zero_has_all_below_it():
    covariates, sizes, _ = made(1000)
    sizes[::3] = 0.0
    link = fit_link(covariates, sizes)
    expected = expected_size(link, covariates[:50])
    quantiles = size_quantiles(link, expected, LEVELS)
    for place, level in enumerate(LEVELS):
        below, upto = size_ranks(link, expected, quantiles[:, place])
        assert (below <= level + 0.002).all()
        assert (upto >= level - 0.002).all()
    below, upto = size_ranks(link, expected, np.zeros(50))
    assert (below == 0.0).all()
    assert (upto > 0.0).all()


def slow_walk(covariates, sizes, horizon, weekly):
    """Return the expectation of each row by a fit to the rows that were over at it, as the rule of the walk says."""
    count, expected = len(sizes), np.full(len(sizes), np.nan)
    over = [row + horizon for row in range(count)]
    fit_at = max(count // 3, 500) + horizon - 1
    due = [fit_at]
    while due[-1] < count:
        due.append(due[-1] + max(weekly, int(due[-1] * 0.04)))
    for row in range(fit_at, count):
        at = max(start for start in due if start <= row)
        past = [r for r in range(count) if over[r] <= at and np.isfinite(sizes[r])]
        if np.isfinite(sizes[row]):
            expected[row] = expected_size(fit_link(covariates[past], sizes[past]), covariates[row : row + 1])[0]
    return expected


def fast_walk(covariates, sizes, horizon, bar_seconds):
    expected, quantiles = np.full(len(sizes), np.nan), np.full((len(sizes), len(LEVELS)), np.nan)
    for rows, link in walk_links(covariates, sizes, horizon, bar_seconds):
        expected[rows] = expected_size(link, covariates[rows])
        quantiles[rows] = size_quantiles(link, expected[rows], LEVELS)
    return expected, quantiles


@pytest.mark.parametrize("horizon", [1, 24])
def test_the_walk_is_a_fit_to_what_was_over_made_on_its_dates(horizon):
    covariates, sizes, _ = made(760, seed=2)
    sizes[[20, 640]] = np.nan
    expected, _ = fast_walk(covariates, sizes, horizon, 4 * 3600)
    np.testing.assert_allclose(expected, slow_walk(covariates, sizes, horizon, 42), rtol=1e-12)


@pytest.mark.parametrize("horizon", [1, 6])
def test_nothing_that_is_not_over_reaches_an_answer(horizon):
    covariates, sizes, _ = made(900, seed=3)
    before = fast_walk(covariates, sizes, horizon, 4 * 3600)
    for cut in (500 + horizon - 1, 599, 700):
        poisoned, wild = sizes.copy(), covariates.copy()
        poisoned[cut - horizon + 1 :] *= 1e6
        wild[cut + 1 :] *= 1e6
        after = fast_walk(wild, poisoned, horizon, 4 * 3600)
        for ours, theirs in zip(before, after, strict=True):
            np.testing.assert_array_equal(ours[: cut + 1], theirs[: cut + 1])


def test_there_is_no_answer_before_a_third_of_the_rows_nor_before_any_report():
    covariates, sizes, _ = made(900)
    assert min(rows[0] for rows, _ in walk_links(covariates, sizes, 1, 3600)) == 500
    sizes[:600] = 0.0
    assert min(rows[0] for rows, _ in walk_links(covariates, sizes, 1, 3600)) > 600
    assert list(walk_links(covariates[:500], sizes[:500], 1, 3600)) == []


def test_a_covariate_that_is_always_zero_costs_nothing():
    covariates, sizes, _ = made(600)
    silent = np.column_stack([covariates, np.zeros(600)])
    ours, theirs = fit_link(silent, sizes), fit_link(covariates, sizes)
    np.testing.assert_allclose(expected_size(ours, silent), expected_size(theirs, covariates), rtol=1e-4)


def test_a_row_is_known_where_all_of_it_is():
    covariates, sizes = np.ones((4, 2)), np.ones(4)
    covariates[1, 0], sizes[2] = np.nan, np.nan
    assert known_rows(covariates, sizes).tolist() == [True, False, False, True]
