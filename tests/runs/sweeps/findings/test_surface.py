"""The objective over the parameters, against twins that loop."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from runs.sweeps.findings.surface import MAX_VALUES, neighbourhoods, surfaces


def grid(columns: int = 5, rows: int = 4) -> pd.DataFrame:
    return pd.DataFrame(itertools.product(range(columns), (10.0 * 2.0**row for row in range(rows))), columns=["a", "b"])


def test_around_a_point_of_a_grid_are_the_points_one_value_away_in_each_parameter():
    parameters, scores = grid(), np.random.default_rng(0).standard_normal(20)
    around = neighbourhoods(parameters, scores)
    steps = np.column_stack([parameters["a"], np.log2(parameters["b"] / 10.0)])
    assert around.kind == "adjacent"
    for place in range(20):
        near = [other for other in range(20) if max(abs(steps[other] - steps[place])) <= 1]
        assert around.sizes[place] == len(near)
        assert around.median[place] == pytest.approx(np.median(scores[near]))
        assert around.mean[place] == pytest.approx(np.mean(scores[near]))
        assert around.worst[place] == min(scores[near])


def test_a_plateau_beats_a_lone_peak():
    parameters = grid(9, 9)
    scores = np.zeros(81)
    scores[1 * 9 + 1] = 10.0
    plateau = [column * 9 + row for column in (5, 6, 7) for row in (5, 6, 7)]
    scores[plateau] = 2.0
    around = neighbourhoods(parameters, scores)
    assert scores.argmax() == 10
    assert around.best == 6 * 9 + 6
    assert around.worst[around.best] == 2.0


def test_a_corner_is_no_centre_of_a_region():
    scores = np.zeros(20)
    scores[[0, 1, 4, 5]] = 5.0  # the corner and what surrounds it
    assert neighbourhoods(grid(), scores).best != 0


def test_values_without_order_are_no_neighbours():
    parameters = pd.DataFrame(itertools.product(("x", "y", "z"), (1, 2, 3)), columns=["mode", "n"])
    assert neighbourhoods(parameters, np.arange(9.0)).sizes.tolist() == [2, 3, 2] * 3


def test_in_a_random_search_the_nearest_by_rank_surround_a_point():
    random = np.random.default_rng(1)
    parameters = pd.DataFrame({"a": random.random(60), "b": np.exp(5.0 * random.random(60))})
    scores = random.standard_normal(60)
    around = neighbourhoods(parameters, scores)
    ranks = parameters.rank(pct=True).to_numpy()
    assert around.kind == "nearest"
    for place in range(60):
        near = sorted(range(60), key=lambda other: max(abs(ranks[other] - ranks[place])))[:5]
        farthest = max(abs(ranks[near[-1]] - ranks[place]))
        if sum(np.abs(ranks - ranks[place]).max(axis=1) <= farthest) == 5:  # without a tie at the edge
            assert around.median[place] == pytest.approx(np.median(scores[near]))


def test_what_has_no_objective_counts_as_worst_and_leads_no_region():
    around = neighbourhoods(grid(), np.full(20, -math.inf))
    assert around.best == -1


def test_a_surface_holds_the_median_and_mean_of_each_cell():
    parameters = pd.concat([grid(3, 2)] * 3, ignore_index=True).assign(c=np.repeat([1, 2, 3], 6))
    objective = np.random.default_rng(2).standard_normal(18)
    found = next(
        surface for surface in surfaces(parameters, objective, 9) if (surface.across, surface.down) == ("a", "b")
    )
    assert found.columns == ["0", "1", "2"]
    assert found.rows == ["10", "20"]
    for column, row in itertools.product(range(3), range(2)):
        cell = objective[(parameters["a"] == column) & (parameters["b"] == [10.0, 20.0][row])]
        assert found.median[row, column] == pytest.approx(np.median(cell))
        assert found.mean[row, column] == pytest.approx(np.mean(cell))
        assert found.counts[row, column] == 3


def test_the_pair_that_matters_most_comes_first_and_undefined_objectives_are_left_out():
    parameters = pd.DataFrame(itertools.product(range(4), range(4), range(4)), columns=["a", "b", "c"])
    objective = (parameters["b"] * parameters["c"]).to_numpy(dtype=float)
    objective[0] = math.nan
    first = surfaces(parameters, objective, 1)
    assert [(surface.across, surface.down) for surface in first] == [("b", "c")]
    assert first[0].counts.sum() == 63


def test_many_values_are_grouped_and_one_parameter_makes_one_row():
    random = np.random.default_rng(3)
    found = surfaces(pd.DataFrame({"a": random.random(500)}), random.random(500), 5)
    assert len(found) == 1
    assert found[0].down == ""
    assert len(found[0].columns) == MAX_VALUES
    assert found[0].counts.sum() == 500
    assert np.ptp(found[0].counts) <= 2
