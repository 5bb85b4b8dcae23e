"""What a rule remembers is the same in every engine, begins anew with each account, and goes on within one."""

from dataclasses import dataclass
from pathlib import Path

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from indicators.liquidation.parameter_fields import Writable
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import EngineMode, run_backtest
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.lookahead import examine
from runs.walks.joining import join, joined_orders, trade
from runs.walks.windows import Window
from strategies.errors import StrategyError
from strategies.intent import KEEP
from strategies.rule import check_rule, new_state
from tests.runs.drawing import candidate
from tests.runs.planted import remembering

PLANTED = "tests.runs.planted.remembering"
BOTH = pytest.mark.parametrize("name", ["Remembering", "PlainRemembering"])


@pytest.fixture(scope="module")
def market():
    return simulate(5, bars=500)


def configured(name, **rule):
    return configuration_from({"strategy": f"{PLANTED}:{name}", "rule": rule})


@BOTH
def test_random_rules_that_remember_trade_and_remember_alike_in_both_engines(market, name):
    random, evaluator, fills = np.random.default_rng(4), Evaluator(market, Heatmaps(None)), 0
    for _ in range(3):
        configuration = candidate(random, f"{PLANTED}:{name}", 0.0)
        evaluation = evaluator.evaluate(configuration)
        assert first_difference(configuration, market, evaluation) is None, configuration
        assert evaluation.state_after["asked"][0] == len(market) - configuration.rule["window"] + 1
        fills += len(evaluation.fills)
    assert fills > 300


def test_a_rule_remembers_alike_compiled_and_in_plain_python(market):
    evaluator = Evaluator(market, Heatmaps(None))
    ours, theirs = (evaluator.evaluate(configured(name)) for name in ("Remembering", "PlainRemembering"))
    assert ours.fills.tobytes() == theirs.fills.tobytes()
    assert ours.state_after.tobytes() == theirs.state_after.tobytes()


@pytest.mark.parametrize("mode", [EngineMode(runonce=False), EngineMode(preload=False, runonce=False)])
def test_a_rule_remembers_alike_in_all_engine_modes(market, mode):
    ours, theirs = (run_backtest(configured("Remembering"), market, one) for one in (EngineMode(), mode))
    assert ours.fills.tobytes() == theirs.fills.tobytes()
    assert ours.state_after.tobytes() == theirs.state_after.tobytes()


@BOTH
def test_each_account_begins_anew(market, name):
    evaluator = Evaluator(market, Heatmaps(None))
    first, second = (evaluator.evaluate(configured(name)) for _ in range(2))
    assert first.fills.tobytes() == second.fills.tobytes()
    assert first.state_before.tobytes() == new_state(remembering.Remembering).tobytes()


@BOTH
def test_a_prefix_of_the_market_remembers_a_prefix(market, name):
    whole = Evaluator(market, Heatmaps(None)).evaluate(configured(name))
    for bars in (10, 250, 499):
        cut = Evaluator(market.head(bars), Heatmaps(None)).evaluate(configured(name))
        assert cut.fills.tobytes() == whole.fills[whole.fills["bar"] < bars].tobytes()
        rest = Evaluator(market, Heatmaps(None), 0, bars).evaluate(configured(name))
        assert cut.state_after.tobytes() == rest.state_after.tobytes()


@BOTH
def test_memory_is_no_look_ahead(market, name):
    assert examine(configured(name), market.head(200), cuts=1).acquitted


@pytest.mark.parametrize("name", ["Counting", "PlainCounting"])
def test_a_walks_tests_share_one_memory(market, name):
    windows = [Window(0, 100, 100, 200), Window(100, 200, 200, 300), Window(200, 300, 310, 400)]
    traded = trade(market, Heatmaps(None), windows, [configured(name)] * 3)
    assert [int(window.evaluation.state_after["bars"][0]) for window in traded] == [100, 200, 290]
    for window in traded:
        left = Evaluator(market, Heatmaps(None), window.window.test_first, window.window.test_last)
        again = left.evaluate(window.configuration, window.evaluation.state_before)
        assert first_difference(window.configuration, market, again) is None


def test_a_walks_joined_orders_are_sent_with_the_memory_that_each_test_began_with(market):
    windows = [Window(0, 100, 100, 200), Window(100, 200, 200, 300), Window(200, 300, 300, 400)]
    traded = trade(market, Heatmaps(None), windows, [configured("Remembering")] * 3)
    orders = joined_orders(market, traded)
    fills = join(market, Heatmaps(None), configured("Remembering"), traded).fills
    ordered = fills[fills["order"] >= 0]
    assert len(ordered) > 20
    assert [orders[fill["order"]][2] for fill in ordered] == ordered["size"].tolist()
    assert len(orders) == sum(window.evaluation.sent for window in traded)


def test_a_bar_that_is_replayed_is_remembered_once():
    small = simulate(3, bars=300)
    asked = []

    class Hours(remembering.Remembering):
        @staticmethod
        def decide(market, position, parameters, state):
            remembering.PlainRemembering.decide(market, position, parameters, state)
            asked.append((len(market.close), market.close[-1], state.asked, state.mixed))
            return remembering.keep()

    frame = small.frame.set_index(small.times)[["open", "high", "low", "close", "volume"]]
    frame.index = frame.index[0] + pd.Timedelta(minutes=5) * np.arange(1, len(frame) + 1)

    def run(replayed):
        asked.clear()
        cerebro = bt.Cerebro(stdstats=False)
        data = bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes, compression=5)
        gather = cerebro.replaydata if replayed else cerebro.resampledata
        gather(data, timeframe=bt.TimeFrame.Minutes, compression=60)
        cerebro.addstrategy(Hours)
        strategy = cerebro.run()[0]
        return len(asked), strategy.rule_state.tobytes()

    calls, replayed = run(True)
    once, gathered = run(False)
    assert calls > 5 * once
    assert replayed == gathered


def test_an_error_of_a_rule_that_remembers_names_file_and_line(market):
    with pytest.raises(StrategyError, match="IndexError") as raised:
        Evaluator(market, Heatmaps(None)).evaluate(configured("Failing"))
    source = Path(remembering.__file__).read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(source, 1) if "# beyond" in text)
    assert f"remembering.py, line {line})" in str(raised.value)


def test_a_record_is_written_by_its_fields_names():
    record = new_state(remembering.Remembering)
    state = Writable(record[0])
    state.asked += 2
    state.armed = True
    assert (state.asked, state.armed, state.mixed, record["asked"][0]) == (2, True, 0.5, 2)
    with pytest.raises(AttributeError, match="did you mean 'armed'"):
        state.armd = True


@dataclass(frozen=True)
class Worded:
    word: str = "a"


@dataclass(frozen=True)
class Unset:
    count: int


@pytest.mark.parametrize("state_kind", [Worded, Unset, int, dataclass(frozen=True)(type("Empty", (), {}))])
def test_a_state_of_anything_but_numbers_with_defaults_is_refused(state_kind):
    kind = type("Odd", (), {"state_kind": state_kind, "decide": staticmethod(lambda m, p, q, s: KEEP)})
    with pytest.raises(ValueError, match=r"Odd.state_kind must be a dataclass of numbers, each with a default value"):
        check_rule(kind)


def test_a_rule_with_a_state_takes_it_as_its_fourth_argument():
    kind = type("Odd", (), {"state_kind": remembering.Count, "decide": staticmethod(lambda m, p, q: KEEP)})
    with pytest.raises(ValueError, match=r"decide\(market, position, parameters, state\)"):
        check_rule(kind)
