"""What distance may explain of where positions lie, by hand."""

import math

import numpy as np
import pytest

from runs.validation.measures.cells import Panel
from runs.validation.measures.position_sample import Rows
from runs.validation.measures.shape import distance_columns, slope


def test_each_side_has_distance_its_log_and_their_product_and_one_side_a_constant():
    rows = [(d, math.log(d), d * math.log(d)) for d in (0.05, 0.15)]
    expected = [[*row, 0.0, 0.0, 0.0, 0.0] for row in rows] + [[0.0, 0.0, 0.0, 1.0, *row] for row in rows]
    assert distance_columns(Panel(0.1, 2)) == pytest.approx(np.array(expected))


def test_what_distance_explains_is_not_the_maps():
    random, panel, situations, count = np.random.default_rng(1), Panel(0.1, 5), 1000, 20_000
    departures = random.standard_normal((situations, 10))
    situation = random.integers(0, situations, count)
    position = distance_columns(panel) @ np.array([2.0, -0.5, 1.0, 0.3, -1.0, 0.4, 0.2]) + 0.7 * departures
    cumulated = np.cumsum(np.exp(position), axis=1)[situation]
    cells = (cumulated < random.random((count, 1)) * cumulated[:, -1:]).sum(axis=1)
    same = np.zeros(count, dtype=np.int64)
    rows = Rows(situation, cells, same, np.arange(count), same, np.ones(count))
    assert slope(rows, departures, panel) == pytest.approx(0.7, abs=0.04)
    assert slope(rows, departures[::-1], panel) == pytest.approx(0.0, abs=0.04)
