"""What our strategies offer beside what was first specified: traded alike by both engines, on the past alone, to some effect."""

import numpy as np
import pytest

from datafeeds.markets import open_market
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.sweep import sweep

OPTIONS = {
    "overlay": {"raise_after_hours": 72.0, "band": 0.3, "base_volatility": 0.6},
}


@pytest.fixture(scope="module")
def market(market_data):
    return open_market(str(market_data / "bybit_1h" / "BTCUSDT.parquet")).head(6000)


@pytest.fixture(scope="module")
def evaluator(market):
    return Evaluator(market, Heatmaps(None))


def traded(evaluator, strategy, **rule):
    return evaluator.evaluate(configuration_from({"strategy": strategy, "rule": rule}))


@pytest.mark.parametrize("strategy", OPTIONS)
def test_both_engines_trade_all_options_together_alike(market, evaluator, strategy):
    evaluation = traded(evaluator, strategy, **OPTIONS[strategy])
    assert len(evaluation.fills) > 4
    configuration = configuration_from({"strategy": strategy, "rule": OPTIONS[strategy]})
    assert first_difference(configuration, market, evaluation) is None


@pytest.mark.parametrize("strategy", OPTIONS)
def test_options_know_no_bar_that_has_not_come(market, evaluator, strategy):
    whole = traded(evaluator, strategy, **OPTIONS[strategy])
    bars = int(whole.fills["bar"][len(whole.fills) // 2]) + 1
    cut = traded(Evaluator(market.head(bars), Heatmaps(None)), strategy, **OPTIONS[strategy])
    assert cut.fills.tobytes() == whole.fills[whole.fills["bar"] < bars].tobytes()


@pytest.mark.parametrize(("strategy", "name"), [(strategy, name) for strategy in OPTIONS for name in OPTIONS[strategy]])
def test_each_option_by_itself_changes_what_is_traded(evaluator, strategy, name):
    first, changed = traded(evaluator, strategy), traded(evaluator, strategy, **{name: OPTIONS[strategy][name]})
    assert not np.array_equal(first.position, changed.position)


@pytest.mark.parametrize("strategy", OPTIONS)
def test_options_are_swept(market, strategy):
    grid = {f"rule.{name}": [value] for name, value in OPTIONS[strategy].items()}
    found = sweep(market.head(500), strategy, grid=grid, confirm=0)
    assert len(found.trials) == 1
