"""The crossed bootstrap against rows that are copied out, and against worlds whose error is known."""

import numpy as np
import pytest

from runs.statistics.crossed import crossed_draws, crossed_interval, crossed_means


def test_a_row_counts_as_often_as_its_two_blocks_were_drawn():
    random = np.random.default_rng(1)
    values, weights = random.standard_normal(60), random.random(60)
    first, second = random.integers(0, 7, 60), random.integers(0, 4, 60)
    drawn = crossed_draws(7, 4, draws=40)
    means = crossed_means(values, weights, first, second, drawn)
    for draw in range(40):
        times = drawn.first[draw][first] * drawn.second[draw][second]
        copied = np.repeat(np.arange(60), times)
        assert means[draw] == pytest.approx(np.average(values[copied], weights=weights[copied]))


def test_each_kind_of_block_is_drawn_as_often_as_there_are_blocks():
    drawn = crossed_draws(50, 9, draws=30)
    assert (drawn.first.sum(axis=1) == 50).all()
    assert (drawn.second.sum(axis=1) == 9).all()


@pytest.mark.parametrize(
    ("of_account", "of_day", "covered"), [(1.0, 0.0, (0.88, 1.0)), (0.0, 1.0, (0.85, 1.0)), (0.0, 0.0, (0.93, 1.0))]
)
def test_intervals_hold_the_truth_whatever_rows_have_in_common(of_account, of_day, covered):
    random, held, accounts, days = np.random.default_rng(2), 0, 60, 25
    first, second = np.repeat(np.arange(accounts), days), np.tile(np.arange(days), accounts)
    for world in range(200):
        effects = of_account * random.standard_normal(accounts)[first] + of_day * random.standard_normal(days)[second]
        values = effects + 0.3 * random.standard_normal(len(first))
        means = crossed_means(
            values, np.ones(len(first)), first, second, crossed_draws(accounts, days, draws=200, seed=world)
        )
        interval = crossed_interval(values.mean(), means, days)
        held += interval.low <= 0.0 <= interval.high
    assert covered[0] <= held / 200 <= covered[1]


def test_draws_that_hold_no_row_do_not_count():
    interval = crossed_interval(2.0, np.array([1.0, np.nan, 3.0, np.inf]), 3)
    assert (interval.low, interval.high) == pytest.approx((1.05, 2.95))
    assert np.isnan(crossed_interval(2.0, np.array([np.nan]), 3).p_value)
