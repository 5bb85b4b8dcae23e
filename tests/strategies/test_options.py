"""What our strategies offer beside what was first specified: traded alike by both engines, on the past alone, to some effect."""

import numpy as np
import pytest

from datafeeds.markets import open_market
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import run_backtest
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.outcome.metrics import run_metrics
from runs.outcome.run_files import orders_table
from runs.sweep import sweep

OPTIONS = {
    "cascade": {"quantile_bars": 240, "min_open_interest_drop": 0.02, "trade_with": False},
    "magnet": {"limit_atr": 0.2, "near_edge": True, "touch_lift": 0.02},
    "overlay": {"raise_after_hours": 72.0, "band": 0.3, "base_volatility": 0.6},
    "wipe": {"first_retest_only": True, "min_strength": 0.01, "hard_stop": 0.03},
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
def test_each_option_changes_what_is_traded_beside_the_others(evaluator, strategy, name):
    without = {other: value for other, value in OPTIONS[strategy].items() if other != name}
    assert not np.array_equal(
        traded(evaluator, strategy, **OPTIONS[strategy]).position, traded(evaluator, strategy, **without).position
    )


@pytest.mark.parametrize("strategy", OPTIONS)
def test_options_are_swept(market, strategy):
    grid = {f"rule.{name}": [value] for name, value in OPTIONS[strategy].items()}
    found = sweep(market.head(500), strategy, grid=grid, confirm=0)
    assert len(found.trials) == 1


def test_the_share_of_the_magnets_limits_that_were_not_filled_is_that_of_its_orders(market):
    rule = {"limit_atr": 0.5, "limit_bars": 2}
    result = run_backtest(configuration_from({"strategy": "magnet", "rule": rule}), market)
    orders, trading = orders_table(result), run_metrics(result)["trading"]
    sent = orders.index[orders["terms"] == "post-only; good for 2 bars"]
    filled = np.isin(sent, result.fills["order"]).sum()
    assert 20 < filled < len(sent)
    assert trading["waiting_entries_unfilled_fraction"] == pytest.approx(1.0 - filled / len(sent))
    assert trading["entries"] == {"limit": filled}
    assert trading["entries_expired"] > 20
