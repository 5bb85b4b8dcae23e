"""What a unit shares changes no row: combinations evaluated together are those evaluated one by one."""

import numpy as np
import pytest

from datafeeds.simulated.market import simulate
from runs.engines import shared_readings as shared
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.provenance import code_digest
from runs.sweeps.rows.row import encode
from runs.sweeps.space.candidates import Candidates, Combination
from runs.sweeps.workers import evaluate as module
from runs.sweeps.workers.evaluate import WorkerContext
from runs.sweeps.workers.work import units
from runs.walks import scoring
from runs.walks.scoring import Trainer
from runs.walks.windows import lay_windows

BASE = configuration_from({"strategy": "magnet"})
NAMES = (("model", "bin_width"), ("model", "cluster_prominence"), ("model", "magnet_ratio"), ("rule", "stop_atr"))
VALUES = [
    (bins, prominence, ratio, 2.0)
    for prominence in (0.15, 0.25, 0.5, 7.0)  # the last is outside its domain
    for bins in (0.001, 0.002)
    for ratio in (1.5, 2.0)
]


@pytest.fixture(scope="module")
def market():
    return simulate(8, bars=1000)


def combinations(candidates):
    return tuple(Combination(number, candidates.key(values), values) for number, values in enumerate(VALUES))


def test_a_units_rows_are_those_of_each_combination_alone(market, monkeypatch):
    candidates, passes = Candidates(BASE, NAMES, ()), []
    context = WorkerContext(candidates, market, None, "sharpe", code_digest("magnet"))
    counted = shared.read_together
    monkeypatch.setattr(shared, "read_together", lambda some, *rest: passes.append(len(some)) or counted(some, *rest))
    monkeypatch.setattr(module, "_evaluators", {})
    (unit,) = units(combinations(candidates), NAMES, 64)
    rows = {row.key: row.line for row in context.evaluate(unit)}
    assert passes == [3, 3]  # one of each map
    traded = 0
    for one in unit:
        if one.values[1] < 1.0:
            trial = Evaluator(market, Heatmaps(None)).trial(candidates.configuration(one.values))
            assert rows[one.key] == encode(one, "", trial.metrics, trial.daily_returns, "sharpe").line
            traded += trial.metrics["trades"]
        else:
            assert b"cluster_prominence = 7.0 is outside" in rows[one.key]
    assert traded > 100


def test_a_walks_scores_are_those_of_each_candidate_alone(market, monkeypatch):
    candidates = Candidates(BASE, NAMES, ())
    trainer = Trainer(candidates, "sharpe", market, lay_windows(1000, 400, 150, 150, 50, False), None)
    monkeypatch.setattr(scoring, "_ranges", {})
    together = trainer.evaluate(combinations(candidates))
    for number in (0, 3, 5, 10):
        scoring._ranges.clear()
        (alone,) = trainer.evaluate(combinations(candidates)[number : number + 1])
        np.testing.assert_array_equal(together[number].values, alone.values)
        assert np.isfinite(alone.values).any()


def test_units_hold_few_maps_and_those_of_one_stand_together():
    candidates = Candidates(BASE, NAMES, ())
    (unit,) = units(combinations(candidates), NAMES, 64)
    assert [one.values[0] for one in unit] == [0.001] * 8 + [0.002] * 8
    many = [Combination(number, "", (0.001 * number, 0.25, 2.0, 2.0)) for number in range(1, 11)]
    assert [len(unit) for unit in units(many, NAMES, 64)] == [4, 4, 2]
    assert [len(unit) for unit in units(combinations(candidates), NAMES, 6)] == [6, 6, 4]
    assert sorted(one for unit in units(combinations(candidates), NAMES, 6) for one in unit) == [
        *combinations(candidates)
    ]


def test_nobody_expects_readings_where_the_model_is_not_swept():
    assert Candidates(BASE, (("rule", "stop_atr"),), ()).models([Combination(0, "", (2.0,))]) == []
