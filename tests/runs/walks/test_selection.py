"""The choice is an exhaustive search of the train window, and knows nothing of what comes after."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engines.snapshot_cache import Heatmaps
from runs.tracing.poison import poisoned
from runs.walks.bar_range import BarRange
from runs.walks.scoring import Scored, combinations_of
from runs.walks.selection import choose, region_medians
from tests.runs.walks.walked import CANDIDATES, PLAN, WINDOWS, chosen_on, market, scored, trainer

MERITS = st.lists(st.sampled_from([-math.inf, -1.0, 0.0, 1.0, 2.5]), min_size=1, max_size=12)


@given(MERITS)
def test_the_first_of_the_best_is_chosen_and_no_result_never_wins(values):
    found = choose(np.array(values), np.ones(len(values)))
    if max(values) == -math.inf:
        assert found is None
    else:
        assert found == values.index(max(values))


def test_where_nobody_traded_nothing_is_chosen():
    assert choose(np.array([0.0, 0.0]), np.array([0, 0])) is None
    assert choose(np.array([math.nan, 1.0]), np.array([1, 1])) == 1
    assert choose(np.zeros(0), np.zeros(0)) is None


@given(st.lists(st.floats(-5, 5), min_size=12, max_size=12))
def test_a_region_is_the_median_of_a_point_and_its_neighbours(values):
    grid = np.array(values).reshape(3, 4)
    found = region_medians(grid.ravel(), (3, 4)).reshape(3, 4)
    for row in range(3):
        for column in range(4):
            near = grid[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel()
            assert found[row, column] == np.quantile(near, 0.5, method="lower")


def test_a_lone_peak_loses_to_a_plateau_and_a_bad_point_is_never_chosen():
    values = np.array([0.0, 9.0, 0.0, 0.0, 2.0, 2.0, 2.0, -math.inf])
    assert choose(values, np.ones(8)) == 1
    assert choose(region_medians(values, (8,)), np.ones(8)) == 4
    assert region_medians(values, (8,))[7] == -math.inf


def test_the_choice_is_the_best_of_an_exhaustive_loop_over_markets_that_end_with_the_train_window():
    found = chosen_on(market())
    combinations = combinations_of(PLAN)
    for window, place in zip(WINDOWS, found, strict=True):
        seen = market().head(window.train_last)  # there is no later bar
        bar_range, ratios = BarRange(seen, Heatmaps(None), window.train_first, window.train_last), {}
        for number, combination in enumerate(combinations):
            try:
                configuration = CANDIDATES.configuration(combination.values)
            except ValueError:
                continue
            ratios[number] = bar_range.figures(bar_range.evaluate(configuration)).metrics["sharpe"]
        assert len(ratios) == 4
        assert place == max(ratios, key=lambda number: ratios[number])


@pytest.mark.parametrize("number", range(len(WINDOWS)))
def test_a_poisoned_future_leaves_the_choice_unchanged(number):
    """From the end of the train window on everything is garbage: this window and those before choose as ever."""
    garbage = poisoned(market(), WINDOWS[number].train_last, seed=number)
    ours, theirs = scored(trainer(market()))[0], scored(trainer(garbage))[0]
    kept = slice(number + 1)
    np.testing.assert_array_equal(ours.values[kept], theirs.values[kept])
    np.testing.assert_array_equal(ours.trades[kept], theirs.trades[kept])
    assert chosen_on(garbage)[kept] == chosen_on(market())[kept]
    if number + 1 < len(WINDOWS):
        assert (ours.values[-1] != theirs.values[-1]).any()  # the garbage does arrive


def test_a_candidates_figures_pass_from_a_process_to_another_to_the_last_bit():
    trained = trainer(market())
    scores = Scored(3, np.array([0.1, -math.inf, math.nan, -0.0]), np.array([0, 1, 2, 3]), "why")
    again = trained.row(scores.line)
    assert again.values.tobytes() == scores.values.tobytes()
    assert (again.number, again.trades.tolist(), again.error) == (3, [0, 1, 2, 3], "why")
    with pytest.raises(ValueError, match="torn"):
        trained.row(scores.line[:-4])
