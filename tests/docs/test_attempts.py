"""How the kernels are scored, on losses made by hand."""

import numpy as np
import pytest

from docs.attempts import Scores, saved, skill


def scores(without, maps):
    days = np.arange(len(without)) // 2
    losses = {name: np.array(values) for name, values in maps.items()}
    return Scores(days, np.array(without), losses, {name: 2.0 * values for name, values in losses.items()})


SMALL = scores([1.0, 1.0, 1.0, 1.0], {"a": [0.5, 0.5, 1.0, 1.0], "b": [1.0, 0.5, 1.0, 1.0]})
LARGE = scores([40.0, 60.0], {"a": [40.0, 20.0], "b": [40.0, 50.0]})


def test_sets_count_equally_whatever_their_coins():
    assert saved([SMALL], "a", "b").estimate == pytest.approx(0.125)
    assert saved([LARGE], "a", "b").estimate == pytest.approx(0.3)
    assert saved([SMALL, LARGE], "a", "b").estimate == pytest.approx((0.125 + 0.3) / 2)


def test_beside_the_average_the_share_is_still_of_the_loss_without_a_map():
    assert saved([LARGE], "a", "b", beside_average=True).estimate == pytest.approx(0.6)


def test_the_skill_is_what_is_saved_over_no_map():
    assert skill([SMALL, LARGE], "a").estimate == pytest.approx((0.25 + 0.4) / 2)


def test_whole_days_are_drawn():
    assert saved([SMALL, LARGE], "a", "b").blocks == 3
