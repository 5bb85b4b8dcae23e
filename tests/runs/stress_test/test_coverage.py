"""Coverage on made-up markets whose answer is known."""

import numpy as np
import pytest

from runs.stress_test.coverage import LEVELS, blocks_of, coverage_record, inside, pinball_loss, pit, score_links
from runs.stress_test.windows import Windows, without_map

COUNT = 6000


def world(effect, zeros=0.0, drift=1.0, seed=0):
    """Return windows in which the map's sweep matters by the power `effect`, some sizes are zero, and late ones drift."""
    random = np.random.default_rng(seed)
    covariates = np.exp(random.normal(0.0, 0.7, (COUNT, 4)))
    sizes = 5.0 * covariates[:, 0] * covariates[:, 3] ** effect * np.exp(0.8 * random.normal(size=COUNT))
    sizes[random.random(COUNT) < zeros] = 0.0
    sizes[COUNT // 2 :] *= drift
    return Windows(covariates[:, 0], sizes, covariates)


def scored(*arguments, **named):
    return score_links(world(*arguments, **named), 1, 3600)


def held(*arguments, **named):
    windows = world(*arguments, **named)
    both = (score_links(one, 1, 3600) for one in (windows, without_map(windows)))
    return coverage_record(*both, np.arange(4000) // 24)


def test_intervals_hold_as_often_as_they_say_and_the_pit_is_uniform():
    found = scored(1.0)
    count = len(found.sizes)
    assert inside(found, 0, 4).mean() == pytest.approx(0.9, abs=4.0 * np.sqrt(0.09 / count))
    assert inside(found, 1, 3).mean() == pytest.approx(0.5, abs=4.0 * np.sqrt(0.25 / count))
    tenths = np.histogram(pit(found), bins=10, range=(0.0, 1.0))[0] / count
    np.testing.assert_allclose(tenths, 0.1, atol=4.0 * np.sqrt(0.09 / count))


def test_intervals_hold_where_a_third_of_the_sizes_is_zero():
    found = scored(1.0, zeros=0.3)
    # A size of zero in an interval that begins there counts as held, so it may hold more often than it says.
    assert 0.88 < inside(found, 0, 4).mean() < 0.97


def test_a_size_of_zero_lies_anywhere_within_its_probability():
    found = scored(1.0)
    silent = found._replace(below=np.zeros_like(found.below), upto=np.full_like(found.upto, 0.3))
    assert np.histogram(pit(silent), bins=3, range=(0.0, 0.3))[0] / len(silent.upto) == pytest.approx(
        [1 / 3] * 3, abs=0.03
    )


def test_intervals_that_no_longer_hold_say_so():
    found = held(1.0, drift=20.0)
    assert found["coverage_90"]["high"] < 0.87
    assert found["pit_tenths"][9] > 0.2


def test_a_map_that_matters_has_skill_and_one_that_does_not_has_none():
    assert held(1.0)["pinball_skill"]["low"] > 0.05
    nothing = held(0.0)["pinball_skill"]
    assert nothing["low"] < 0.0 < 0.005 > nothing["estimate"]


def test_the_pinball_loss_is_least_at_the_quantile():
    random = np.random.default_rng(1)
    sizes = random.exponential(size=4001)
    grid = np.linspace(0.01, 4.0, 400)
    for level in LEVELS:
        losses = [pinball_loss(sizes, np.full((4001, 1), value), np.array([level])).mean() for value in grid]
        assert grid[int(np.argmin(losses))] == pytest.approx(-np.log(1.0 - level), abs=0.15)


def test_the_worst_are_the_farthest_moves_and_errors_are_in_doublings():
    found = scored(1.0)
    exact = found._replace(expected=2.0 * (found.sizes + found.floors) - found.floors)
    record = coverage_record(exact, found, np.arange(4000) // 24)
    assert record["log2_error"] == pytest.approx(1.0)
    assert record["worst_moves"] == {
        "rows": 40,
        "coverage_90": inside(found, 0, 4)[np.argsort(found.distances)[-40:]].mean(),
        "log2_error": pytest.approx(1.0),
    }
    assert record["largest_reports"]["coverage_90"] == inside(found, 0, 4)[np.argsort(found.sizes)[-40:]].mean()


def test_a_block_is_a_day_and_three_for_windows_of_a_day():
    rows, days = np.arange(6), np.array([3, 3, 4, 5, 6, 9])
    assert blocks_of(rows, days, 4, 3600).tolist() == days.tolist()
    assert blocks_of(rows, days, 24, 3600).tolist() == [1, 1, 1, 1, 2, 3]


def test_too_few_rows_have_no_score():
    short = Windows(*(part[:500] for part in world(1.0)))
    assert score_links(short, 1, 3600) is None
