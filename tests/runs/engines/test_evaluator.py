"""Trials say what a run says; ranges, futures, foreign rules and fallbacks."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator, is_compiled
from runs.engines.event import run_backtest
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.metrics import daily_returns, run_metrics
from runs.sweeps.rows.objective import METRICS
from runs.tracing.poison import poisoned
from strategies.registry import BUILT_IN, load_strategy
from tests.runs.drawing import candidate

PLANTED = "tests.runs.planted.restless"


@pytest.fixture(scope="module")
def market():
    return simulate(11, bars=1500)


def ours(metrics):
    """Return the figures of `run_metrics` that a trial has, by name."""
    groups = ("performance", "trading", "exposure", "money")
    held = {"constant_exposure_return_fraction": metrics["constant_exposure"]["total_return_fraction"]}
    return held | {name: value for group in groups for name, value in metrics[group].items()}


def assert_same_figures(trial, result):
    expected = ours(run_metrics(result))
    assert set(trial.metrics) == set(METRICS)
    for name, value in trial.metrics.items():
        assert value == expected[name] or (math.isnan(value) and math.isnan(expected[name])), name
    start = float(result.account["start"][0])
    np.testing.assert_array_equal(trial.daily_returns, daily_returns(result.times, result.equity, start).to_numpy())


@pytest.mark.parametrize("strategy", [*BUILT_IN, f"{PLANTED}:Restless"])
def test_a_trial_has_the_very_figures_of_the_run(market, strategy):
    evaluator, random = Evaluator(market, Heatmaps(None)), np.random.default_rng(8)
    for _ in range(2):
        configuration = candidate(random, strategy)
        assert_same_figures(evaluator.trial(configuration), run_backtest(configuration, market))


def test_a_trial_on_real_bars_has_the_very_figures_of_the_run(market_data):
    real = open_market(str(market_data / "bybit_1h" / "BTCUSDT.parquet")).head(3000)
    configuration = configuration_from({"strategy": "magnet"})
    assert_same_figures(Evaluator(real, Heatmaps(None)).trial(configuration), run_backtest(configuration, real))


def test_days_are_those_of_the_daily_returns(market):
    evaluator = Evaluator(market, Heatmaps(None), 5, 900)
    trial = evaluator.trial(configuration_from({"strategy": "overlay"}))
    assert evaluator.days.dtype == "datetime64[D]"
    assert len(evaluator.days) == len(trial.daily_returns)
    assert evaluator.days[0] == market.times[5].astype("datetime64[D]")
    assert evaluator.days[-1] == market.times[899].astype("datetime64[D]")
    assert np.prod(1.0 + trial.daily_returns) == pytest.approx(1.0 + trial.metrics["total_return_fraction"], rel=1e-12)


@pytest.mark.parametrize("strategy", BUILT_IN)
def test_a_range_is_the_cut_market_and_the_future_does_not_count(market, strategy):
    configuration = configuration_from({"strategy": strategy})
    whole = Evaluator(market, Heatmaps(None), 0, 900).evaluate(configuration)
    cut = Evaluator(market.head(900), Heatmaps(None)).evaluate(configuration)
    other = Evaluator(poisoned(market, 900, seed=3), Heatmaps(None), 0, 900).evaluate(configuration)
    for evaluation in (cut, other):
        for name in ("fills", "equity", "position", "account"):
            assert getattr(whole, name).tobytes() == getattr(evaluation, name).tobytes(), name


def test_a_later_start_is_flat_with_fresh_cash(market):
    configuration = configuration_from({"strategy": "overlay"})
    evaluation = Evaluator(market, Heatmaps(None), 700, 1100).evaluate(configuration)
    assert len(evaluation.equity) == len(evaluation.position) == 400
    assert evaluation.position[0] == 0.0
    assert evaluation.equity[0] == configuration.costs.starting_cash
    assert evaluation.fills["bar"][0] == 701


def test_more_fills_than_there_is_room_at_first_are_all_kept(market, monkeypatch):
    monkeypatch.setattr("runs.engines.compiled._FIRST_LINES", 16)
    configuration = configuration_from({"strategy": "overlay", "sizing": {"rebalance_band": 0.0}})
    evaluation = Evaluator(market, Heatmaps(None)).evaluate(configuration)
    assert len(evaluation.fills) > 160
    assert first_difference(configuration, market, evaluation) is None


@pytest.mark.parametrize("name", ["Plain", "Meddling"])
def test_a_rule_that_cannot_be_compiled_runs_in_the_event_engine(market, name):
    few = market.head(400)
    configuration = configuration_from({"strategy": f"{PLANTED}:{name}"})
    assert not is_compiled(load_strategy(configuration.strategy))
    assert_same_figures(Evaluator(few, Heatmaps(None)).trial(configuration), run_backtest(configuration, few))
    later = Evaluator(few, Heatmaps(None), 100, 300).evaluate(configuration)
    assert first_difference(configuration, few, later) is None
    assert later.fills["bar"].min() > 100


def test_a_strategy_of_backtraders_own_runs_from_the_first_bar_only(market):
    few = market.head(400)
    configuration = configuration_from({"strategy": "runs.benchmarks.engine_speed:SmaCross"})
    trial = Evaluator(few, Heatmaps(None)).trial(configuration)
    assert trial.metrics["trades"] > 0
    with pytest.raises(ValueError, match="cannot begin at bar 10"):
        Evaluator(few, Heatmaps(None), 10).trial(configuration)


def test_all_built_in_strategies_are_compiled():
    assert all(is_compiled(load_strategy(name)) for name in BUILT_IN)


@pytest.mark.parametrize(("first", "last"), [(-1, 10), (10, 10), (0, 1501), (1500, None)])
def test_a_range_outside_the_market_is_refused(market, first, last):
    with pytest.raises(ValueError, match="no range within its 1500 bars"):
        Evaluator(market, Heatmaps(None), first, last)


def test_candidates_with_other_models_do_not_share_a_map(market):
    evaluator = Evaluator(market, Heatmaps(None))
    base = configuration_from({"strategy": "magnet"})
    other = replace(base, model=ModelParameters(magnet_ratio=1.2, warmup_hours=24.0))
    first = evaluator.trial(base).metrics
    assert evaluator.trial(other).metrics != first
    assert evaluator.trial(base).metrics == first


def test_an_evaluator_sent_to_another_process_takes_no_map_with_it(market, tmp_path):
    configuration = configuration_from({"strategy": "magnet"})
    evaluator = Evaluator(market, Heatmaps(tmp_path))
    before = len(pickle.dumps(evaluator))
    trial = evaluator.trial(configuration)
    sent = pickle.dumps(evaluator)
    assert len(sent) < before + 1000
    assert pickle.loads(sent).trial(configuration).metrics == trial.metrics  # noqa: S301 - made here
