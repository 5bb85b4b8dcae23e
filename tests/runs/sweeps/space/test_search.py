"""Which combinations are tried: all, distinct random ones, or proposals that depend on the seed and the results alone."""

import builtins

import pytest

from runs.engines.configuration import configuration_from
from runs.sweeps.space.search import Grid, Random
from runs.sweeps.space.space import parse_space
from runs.sweeps.space.tpe import Guided

BASE = configuration_from({"strategy": "magnet"})
SPACE = parse_space(
    ("min_distance=0.01:0.05:0.01", "cluster_prominence=0.2,0.3,0.4", "margin_mode=cross,isolated"), BASE
)
HUGE = parse_space(("min_distance=0:1:0.000001", "leverage=1:100:0.001"), BASE)


def drawn(search, score=lambda indices: -float(sum(indices))):
    batches = []
    for batch in search.batches():
        batches.append(list(batch))
        search.tell({number: score(indices) for number, indices in batches[-1]})
    return batches


def test_a_grid_is_every_combination_once():
    (batch,) = drawn(Grid(SPACE))
    assert [number for number, _ in batch] == list(range(30))
    assert len({indices for _, indices in batch}) == 30


def test_random_combinations_are_distinct_repeatable_and_grouped_by_their_map():
    (batch,) = drawn(Random(SPACE, 20, seed=3))
    assert drawn(Random(SPACE, 20, seed=3)) == [batch]
    assert drawn(Random(SPACE, 20, seed=4)) != [batch]
    assert len({indices for _, indices in batch}) == 20
    assert sorted(number for number, _ in batch) == list(range(20))
    models = [indices[0] for _, indices in batch]
    assert models == sorted(models)


def test_more_random_trials_keep_the_numbers_of_fewer():
    fewer, more = (dict(drawn(Random(HUGE, count, seed=1))[0]) for count in (50, 200))
    assert all(more[number] == indices for number, indices in fewer.items())


def test_proposals_are_distinct_repeatable_and_exhaust_a_small_space():
    batches = drawn(Guided(SPACE, 30, seed=5))
    assert batches == drawn(Guided(SPACE, 30, seed=5))
    everything = [draw for batch in batches for draw in batch]
    assert [number for number, _ in everything] == list(range(30))
    assert len({indices for _, indices in everything}) == 30


def test_proposals_listen_to_what_they_are_told():
    def near(indices):
        return -(abs(indices[0] - 700_000) / 1e6 + abs(indices[1] - 20_000) / 1e5)

    guided = [near(indices) for batch in drawn(Guided(HUGE, 96, seed=2), near) for _, indices in batch]
    chance = [near(indices) for batch in drawn(Random(HUGE, 96, seed=2)) for _, indices in batch]
    assert sum(guided[-48:]) / 48 > sum(chance) / 96 + 0.1


def test_failures_and_missing_values_do_not_stop_proposals():
    batches = drawn(Guided(SPACE, 20, seed=5), lambda indices: float("-inf") if indices[0] else 1.0)
    assert sum(map(len, batches)) == 20


@pytest.mark.parametrize("search", [Random, Guided])
def test_more_trials_than_combinations_are_refused(search):
    with pytest.raises(ValueError, match="--trials 31: there are no more than 30 combinations"):
        search(SPACE, 31, 0)
    with pytest.raises(ValueError, match="a sweep may have no more than 1,000,000"):
        search(HUGE, 1_000_001, 0)


def test_a_grid_of_a_thousand_million_points_is_refused_with_its_size():
    with pytest.raises(ValueError, match="the grid has 99,001,099,001 combinations"):
        Grid(HUGE)


def test_without_optuna_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "optuna":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"pip install 'liquidation-heatmap\[sweep\]'"):
        Guided(SPACE, 10, 0)
