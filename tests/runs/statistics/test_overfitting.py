"""The probability of backtest overfitting: a twin that splits the returns themselves, and worlds whose answer is known."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.statistics import performance
from runs.statistics.overfitting import backtest_overfitting


def by_hand(returns, blocks):
    """Return the logits, in- and out-of-sample ratios of all splits, each from its own rows."""
    edges = np.linspace(0, len(returns), blocks + 1).round().astype(int)
    parts = [np.arange(first, last) for first, last in pairwise(edges)]
    found = []
    splits = [c for c in combinations(range(blocks), blocks // 2) if 0 in c]
    splits += [tuple(b for b in range(blocks) if b not in c) for c in splits]
    for chosen in splits:
        one = np.concatenate([parts[b] for b in chosen])
        other = np.concatenate([parts[b] for b in range(blocks) if b not in chosen])
        inside = np.nan_to_num([performance.sharpe(column[one]) for column in returns.T])
        outside = np.nan_to_num([performance.sharpe(column[other]) for column in returns.T])
        best = int(inside.argmax())
        rank = np.sum(outside < outside[best]) + 0.5 * (np.sum(outside == outside[best]) + 1)
        share = rank / (returns.shape[1] + 1)
        found.append((np.log(share / (1 - share)), inside[best], outside[best]))
    return np.array(found).T


@pytest.mark.parametrize(("days", "trials", "blocks"), [(40, 5, 4), (43, 7, 6), (70, 4, 8), (16, 2, 2)])
def test_block_sums_equal_a_split_of_the_rows(days, trials, blocks):
    returns = np.random.default_rng(days).standard_normal((days, trials)) * 0.01 + 0.002
    logits, inside, outside = by_hand(returns, blocks)
    found = backtest_overfitting(returns, blocks)
    assert found.logits == pytest.approx(logits, abs=1e-9)
    assert found.in_sample == pytest.approx(inside, rel=1e-9)
    assert found.out_of_sample == pytest.approx(outside, rel=1e-9)
    assert found.probability == np.mean(logits <= 1e-12)
    assert found.probability_of_loss == np.mean(outside < 0.0)
    if blocks > 2:
        assert found.degradation_slope == pytest.approx(np.polyfit(inside, outside, 1)[0], rel=1e-6)


def test_a_trial_idle_in_a_half_counts_as_cash_there():
    returns = np.random.default_rng(3).standard_normal((40, 4)) * 0.01 - 0.002
    returns[:20, 1] = 0.0
    returns[20:, 2] = 0.0
    logits, inside, _ = by_hand(returns, 4)
    found = backtest_overfitting(returns, 4)
    assert found.logits == pytest.approx(logits, abs=1e-9)
    assert found.in_sample == pytest.approx(inside, rel=1e-9, abs=1e-12)


def test_sixteen_blocks_make_12870_splits_and_more_trials_than_one_chunk_agree():
    returns = np.random.default_rng(0).standard_normal((320, 6)) * 0.01
    found = backtest_overfitting(returns)
    assert len(found.logits) == 12_870
    logits, _, _ = by_hand(returns[:, :3], 8)
    assert backtest_overfitting(returns[:, :3], 8).logits == pytest.approx(logits, abs=1e-9)


@pytest.mark.parametrize("blocks", [8, 16])
def test_noise_whose_ratios_are_all_zero_is_overfit_for_certain(blocks):
    returns = np.random.default_rng(0).standard_normal((1000, 100)) * 0.01
    found = backtest_overfitting(returns - returns.mean(axis=0), blocks)
    assert found.probability == 1.0
    assert found.degradation_slope < -0.9
    idle = np.column_stack([returns - returns.mean(axis=0), np.zeros((1000, 3)), np.full(1000, 0.001)])
    assert backtest_overfitting(idle, blocks).probability == 1.0


def probabilities(annual, recentred, runs, seed=0):
    """Return the mean and deviation over `runs` of 100 trials of 1,000 days of noise, one of them with skill."""
    random, found = np.random.default_rng(seed), []
    for _ in range(runs):
        returns = random.standard_normal((1000, 100))
        if recentred:
            returns -= returns.mean(axis=0)
        returns[:, 0] += annual / np.sqrt(252)
        found.append(backtest_overfitting(returns, 8).probability)
    return np.mean(found), np.std(found)


def test_noise_gives_one_half_with_a_wide_spread():
    mean, deviation = probabilities(0.0, False, 60)
    assert mean == pytest.approx(0.52, abs=0.08)
    assert 0.08 < deviation < 0.25


@pytest.mark.parametrize(
    ("annual", "recentred", "expected", "margin"),
    [
        (1.0, True, 0.72, 0.06),
        (2.0, True, 0.09, 0.06),
        (3.0, True, 0.001, 0.01),
        (1.0, False, 0.46, 0.10),
        (2.0, False, 0.24, 0.10),
        (3.0, False, 0.03, 0.05),
    ],
)
def test_skill_lowers_it(annual, recentred, expected, margin):
    assert probabilities(annual, recentred, 60)[0] == pytest.approx(expected, abs=margin)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 4, 6]), st.integers(2, 9))
def test_order_and_scale_of_the_trials_do_not_matter(seed, blocks, trials):
    random = np.random.default_rng(seed)
    returns = random.standard_normal((50, trials))
    found = backtest_overfitting(returns, blocks)
    assert 0.0 <= found.probability <= 1.0
    assert 0.0 <= found.probability_of_loss <= 1.0
    changed = backtest_overfitting(returns[:, random.permutation(trials)] * random.uniform(0.1, 9.0, trials), blocks)
    assert changed.logits == pytest.approx(found.logits, abs=1e-9)
    assert changed.out_of_sample == pytest.approx(found.out_of_sample, rel=1e-6)


def test_a_choice_between_copies_is_at_the_median():
    column = np.random.default_rng(0).standard_normal((60, 1))
    assert backtest_overfitting(np.repeat(column, 7, axis=1), 4).logits == pytest.approx(0.0)


@pytest.mark.parametrize("blocks", [0, 3, 22])
def test_an_impossible_number_of_blocks_is_refused(blocks):
    with pytest.raises(ValueError, match="even number"):
        backtest_overfitting(np.ones((100, 3)), blocks)


def test_too_few_days_for_the_blocks_are_refused():
    with pytest.raises(ValueError, match="at least 32"):
        backtest_overfitting(np.random.default_rng(0).standard_normal((31, 3)))
