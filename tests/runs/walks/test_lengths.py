"""Purge and embargo come from the parameters, and from the longest of all candidates."""

import pytest

from runs.sweeps.plan import plan_from
from runs.walks.lengths import WindowOptions, holding_memory, lengths_of, signal_memory


def plan(strategy, *space, **groups):
    return plan_from(
        {"configuration": {"strategy": strategy, **groups}, "space": space, "search": {}, "objective": None}
    )


@pytest.mark.parametrize(
    ("strategy", "space", "hours"),
    [
        ("magnet", "time_limit_hours=12,96,24", 96.0),
        ("magnet", "min_distance=0.001,0.002", 48.0),
        ("cascade", "with_limit_hours=1:100:1", 100.0),
        ("cascade", "min_risk=1,2", 72.0),
        ("overlay", "calm_exposure=0.5,1", 0.0),
    ],
)
def test_holding_is_the_longest_time_limit_of_any_candidate(strategy, space, hours):
    options = plan(strategy, space)
    assert holding_memory(options.configuration, options.space).hours == hours


@pytest.mark.parametrize(
    ("space", "model", "hours", "source"),
    [
        ("min_distance=0.001,0.002", {}, 720.0, "level_age_days"),
        ("min_distance=0.001,0.002", {"level_age_days": 1.0}, 720.0, "forecast of volatility"),
        ("half_life_hours=10,1000", {"level_age_days": 1.0}, 1000.0, "half_life_hours"),
        ("half_life_hours=10,1000", {}, 1000.0, "half_life_hours"),
        (
            "min_distance=0.001,0.002",
            {"half_life_hours": [24.0, 1440.0], "half_life_shares": [0.26, 0.74]},
            1440.0,
            "half_life_hours",
        ),
        ("level_age_days=10,60", {}, 1440.0, "level_age_days"),
    ],
)
def test_signal_memory_is_the_longest_of_the_map_in_any_candidate(space, model, hours, source):
    options = plan("magnet", space, model=model)
    found = signal_memory(options.configuration, options.space)
    assert (found.hours, source in found.source) == (hours, True), found


def test_a_gap_that_is_given_says_what_it_replaces():
    options = plan("magnet", "min_distance=0.001,0.002")
    derived = lengths_of(WindowOptions("100d", "10d"), options, 3600)
    assert (derived.train, derived.test, derived.step, derived.purge, derived.embargo) == (2400, 240, 240, 48, 720)
    given = lengths_of(WindowOptions("100d", "10d", "20d", True, "1h", "900h"), options, 3600)
    assert (given.step, given.purge, given.embargo) == (480, 1, 900)
    assert "too short" in given.purge_source
    assert "48 bars" in given.purge_source
    assert "too short" not in given.embargo_source
