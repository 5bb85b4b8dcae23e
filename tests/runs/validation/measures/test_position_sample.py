"""Which positions and snapshots count, in which half they lie, and what they weigh."""

from dataclasses import replace

import numpy as np
import pytest

from runs.validation.dataset import POSITION
from runs.validation.measures.cells import WIDE
from runs.validation.measures.map_cells import bits, own_average, shares_of_maps, true_profile
from runs.validation.measures.position_sample import last_closed, position_sample
from tests.runs.validation.worlds import dataset_of

HOUR = np.timedelta64(1, "h")


def held(dataset, *rows, **columns):
    """Return the dataset with positions: rows of (hours after bar 1000's close, account, side, cells from the mark)."""
    found = np.zeros(len(rows), dtype=POSITION)
    start = dataset.market.times[1000] + HOUR
    for row, (hours, account, side, cells) in enumerate(rows):
        bar = 1000 + int(hours)
        away = (-1.0 if side == 0 else 1.0) * (cells + 0.5) * WIDE.width
        mark = dataset.bars["close"][bar]
        price = mark * np.exp(away)
        found[row] = (start + np.timedelta64(round(hours * 3600), "s"), account, side, 5000.0, price, mark)
    for name, values in columns.items():
        found[name] = values
    return replace(dataset, positions=found)


def test_the_last_closed_bar_is_the_one_that_ends_by_then():
    dataset = dataset_of(1)
    close = dataset.market.times[10] + HOUR
    second = np.timedelta64(1, "s")
    times = np.array(
        [close - second, close, close + HOUR - second, dataset.market.times[0], dataset.market.times[-1] + 2 * HOUR]
    )
    assert last_closed(dataset, times).tolist() == [9, 10, 10, -1, -1]


def test_snapshots_nearer_than_three_hours_are_left_out_and_the_middle_parts_the_others():
    sample = position_sample([held(dataset_of(1), *((hours, 1, 0, 2) for hours in (0, 1, 2.9, 3, 5, 6, 9)))], WIDE)
    assert (sample.situations["bar"] - 1000).tolist() == [0, 3, 6, 9]
    assert sample.later.tolist() == [False, False, True, True]


def test_small_positions_and_those_that_nothing_liquidates_within_the_cells_do_not_count():
    rows = [(0, 1, 0, 2), (0, 2, 1, 3), (0, 3, 1, 3), (0, 4, 0, 30), (9, 1, 0, 2)]
    usd = [1000.01, 1000.0, 5000.0, 5000.0, 5000.0]
    made = held(dataset_of(1), *rows, usd=usd)
    made.positions["liquidation_price"][2] = np.nan
    sample = position_sample([made], WIDE)
    assert sample.earlier_rows.account.tolist() == [1]
    assert sample.earlier_rows.cell.tolist() == [2]


def test_each_account_and_coin_weighs_one_in_each_half():
    one = held(dataset_of(1), *((hours, 1, 0, 2) for hours in (0, 6, 12, 18, 24, 30)), (30, 2, 1, 3))
    other = held(dataset_of(2), *((hours, 1, 0, 2) for hours in (12, 18, 24)))
    sample = position_sample([one, other], WIDE)
    for rows, expected in (
        (sample.earlier_rows, {(0, 1): 1, (1, 1): 1}),
        (sample.later_rows, {(0, 1): 1, (1, 1): 1, (0, 2): 1}),
    ):
        found = {}
        for coin, account, weight in zip(rows.coin, rows.account, rows.weight, strict=True):
            found[int(coin), int(account)] = found.get((int(coin), int(account)), 0.0) + weight
        assert found == pytest.approx(expected)


def test_an_account_is_new_where_it_has_no_position_in_the_earlier_half_in_any_coin():
    one = held(dataset_of(1), (0, 1, 0, 2), (9, 2, 0, 2), (9, 3, 0, 2))
    other = held(dataset_of(2), (0, 3, 0, 2), (9, 1, 0, 2))
    assert set(position_sample([one, other], WIDE).new_rows.account) == {2}


def test_the_mark_is_the_median_of_a_coins_rows():
    made = held(dataset_of(1), (0, 1, 0, 2), (0, 2, 0, 2), (0, 3, 0, 2))
    close = made.bars["close"][1000]
    made.positions["mark"] = close * np.array([0.99, 1.01, 1.5])
    assert position_sample([made], WIDE).situations["moved"] == pytest.approx([np.log(1.01)])


def test_the_profile_of_the_truth_and_the_maps_average_by_hand():
    one = held(dataset_of(1), (0, 1, 0, 2), (3, 1, 0, 2), (3, 2, 1, 0), (6, 1, 0, 5), (9, 1, 0, 5))
    sample = position_sample([one], WIDE)
    profile = true_profile(sample)[3]
    assert profile[[2, 24]] == pytest.approx([0.5, 0.5])
    assert profile.sum() == pytest.approx(1.0)
    shares = shares_of_maps([one], sample)
    assert own_average(shares, sample)[0] == pytest.approx((shares[2] + shares[3]) / 2.0)


def test_bits_by_hand():
    one = held(dataset_of(1), (0, 1, 0, 0), (9, 1, 0, 1))
    rows = position_sample([one], WIDE).later_rows
    shares = np.full((2, 48), 1.0 / 96.0)
    shares[1, 1] = 4.0 / 48.0
    assert bits(shares, rows).tolist() == pytest.approx([2.0])
