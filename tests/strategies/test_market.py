"""What a rule sees: the last bars, exactly as many as it asked for, and nothing else."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.simulated.market import simulate
from indicators.liquidation.bar import BAR
from indicators.liquidation.compiled import compiled_rule, plain
from indicators.liquidation.snapshot import SNAPSHOT
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator, is_compiled
from runs.engines.event import model_bars, run_backtest
from runs.engines.instruments import checked_listing
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.lookahead import examine
from strategies.errors import StrategyError
from strategies.intent import enter, keep
from strategies.market import MarketView, funding_terms, plain_market_at
from strategies.registry import load_strategy
from strategies.rule import asked, check_rule, history_of, rule_record
from tests.runs.drawing import candidate
from tests.runs.planted import hindsight

PLANTED, MEASURING = "tests.runs.planted.hindsight", "tests.runs.planted.measuring"
VIEWS = [name for name in MarketView._fields if name not in ("snapshot", "time", "hour", "weekday", "hours_to_funding")]


@pytest.fixture(scope="module")
def market():
    return simulate(5, bars=600)


@pytest.fixture(scope="module")
def seen(market):
    snapshots = np.random.default_rng(1).standard_normal((len(market), len(SNAPSHOT.names))).view(SNAPSHOT)[:, 0]
    return model_bars(market), snapshots


def test_each_field_is_the_columns_last_bars(market, seen):
    bars, snapshots = seen
    columns = market.columns()
    for bar, history in ((0, 1), (300, 1), (300, 24), (599, 600)):
        view = plain_market_at(bars, snapshots, bar, history, 3600.0, funding_terms())
        rows = slice(bar + 1 - history, bar + 1)
        for name in VIEWS:
            expected = bars["open_time"] if name == "open_time" else columns[name]
            assert np.array_equal(getattr(view, name), expected[rows], equal_nan=True), name
        for name in SNAPSHOT.names:
            assert getattr(view.snapshot[-1], name) == snapshots[name][bar]
            assert np.array_equal(getattr(view.snapshot, name), snapshots[name][rows])
        assert len(view.snapshot) == history
        assert view.snapshot[-2:][0].close == snapshots["close"][max(bar - 1, bar + 1 - history)]
        now = pd.Timestamp(market.times[bar]) + pd.Timedelta(hours=1)
        assert (view.time, view.hour, view.weekday) == (now.timestamp(), now.hour, now.weekday())


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from([1.0, 2.0, 4.0, 8.0]), min_size=1, max_size=4),
    st.integers(0, 23),
    st.sampled_from([900, 1800, 3600, 14_400]),
)
def test_hours_to_funding_reach_the_next_settlement_by_the_terms_in_force(intervals, part, seconds):
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=2 * number) for number in range(len(intervals))]
    terms, bars = funding_terms(list(zip(days, intervals, strict=True))), np.zeros(1, dtype=BAR)
    for day, hours in zip(days, intervals, strict=True):
        opened = pd.Timestamp(day).timestamp() + part * 3600 // seconds * seconds
        bars["open_time"] = opened
        view = plain_market_at(bars, np.zeros(1, dtype=SNAPSHOT), 0, 1, float(seconds), terms)
        moments = opened + seconds + np.arange(1, 8 * 60 + 1) * 60.0
        settled = moments[moments % (hours * 3600.0) == 0.0]
        assert view.hours_to_funding == (settled[0] - opened - seconds) / 3600.0


@compiled_rule
def _as_numbers(market, position, parameters):
    shown = market.snapshot[-1].atr + market.open_time[-1] + market.close[-2] + market.open[0]
    now = market.hour + 100.0 * market.weekday + 1e4 * market.hours_to_funding
    return enter(
        shown, now, market.time, market.snapshot.close[-2], market.snapshot[-2].close, len(market.volume) * 1.0
    )


@pytest.mark.parametrize("history", [2, 24])
def test_compiled_and_plain_rules_see_the_same(seen, history):
    for bar in (24, 300, 599):
        view = (*seen, bar, history, 3600.0, funding_terms())
        ours = asked(_as_numbers)(*view, np.zeros(1), np.zeros(1), np.zeros(1))
        np.testing.assert_equal(tuple(ours), tuple(plain(_as_numbers)(plain_market_at(*view), None, None)))


def test_a_view_is_no_copy_and_cannot_be_written(seen):
    bars, snapshots = seen
    bars = bars.view()
    bars.setflags(write=False)
    view = plain_market_at(bars, snapshots, 30, 5, 3600.0, funding_terms())
    assert all(np.shares_memory(getattr(view, name), bars) for name in VIEWS)
    with pytest.raises(ValueError, match="read-only"):
        view.close[-1] = 1.0


def first_fill(market, name, window):
    configuration = configuration_from({"strategy": f"{PLANTED}:{name}", "rule": {"window": window}})
    return configuration, Evaluator(market, Heatmaps(None)).evaluate(configuration)


@pytest.mark.parametrize("name", ["Hindsight", "PlainHindsight"])
def test_random_rules_that_look_back_trade_alike_in_both_engines(market, name):
    random, fills = np.random.default_rng(9), 0
    for _ in range(6):
        configuration = candidate(random, f"{PLANTED}:{name}", 0.5)
        evaluation = Evaluator(market, Heatmaps(None)).evaluate(configuration)
        assert first_difference(configuration, market, evaluation) is None, configuration
        fills += len(evaluation.fills)
        if len(evaluation.fills):
            assert evaluation.fills["bar"].min() >= configuration.rule["window"], "first asked with its whole window"
    assert fills > 100


def test_a_rule_trades_alike_compiled_and_in_plain_python(market):
    for window in (1, 7, 150):
        _, ours = first_fill(market, "Hindsight", window)
        configuration, plain_one = first_fill(market, "PlainHindsight", window)
        assert len(ours.fills) > 50
        assert ours.fills.tobytes() == plain_one.fills.tobytes(), configuration


def test_what_lies_before_the_window_changes_no_answer(market, seen):
    # The account at the first bar asked is the same, and so is the window: the answers must be.
    bars, snapshots = seen
    for history in (1, 5, 80):
        rule = rule_record(hindsight.HindsightParameters(window=history))
        position = np.zeros(1, dtype=[("bar", float), ("size", float)])
        for bar in range(history - 1, 600, 37):
            rows = slice(bar + 1 - history, bar + 1)
            ask = asked(hindsight.decide)
            whole = ask(bars, snapshots, bar, history, 3600.0, funding_terms(), position, rule, np.zeros(1))
            cut = ask(
                bars[rows],
                snapshots[rows],
                history - 1,
                history,
                3600.0,
                funding_terms(),
                position,
                rule,
                np.zeros(1),
            )
            np.testing.assert_equal(tuple(cut), tuple(whole))


@pytest.mark.parametrize("name", ["Hindsight", "PlainHindsight"])
def test_a_prefix_of_the_market_has_a_prefix_of_the_fills(market, name):
    _, whole = first_fill(market, name, 40)
    for bars in (41, 200, 599):
        _, cut = first_fill(market.head(bars), name, 40)
        kept = whole.fills[whole.fills["bar"] < bars]
        assert cut.fills.tobytes() == kept.tobytes()
        assert np.array_equal(cut.equity, whole.equity[:bars])


def test_looking_back_is_no_look_ahead(market):  # of a compiled rule: with its memory, in `test_state`
    configuration = configuration_from({"strategy": f"{PLANTED}:PlainHindsight", "rule": {"window": 30}})
    found = examine(configuration, market.head(200), cuts=3)
    assert found.acquitted
    assert found.minimum_period == 30


def test_who_reaches_behind_a_view_is_convicted(market):
    assert examine(configuration_from({"strategy": f"{PLANTED}:BehindTheView"}), market.head(200), cuts=1).differences


@pytest.mark.parametrize("name", ["TooFar", "PlainTooFar"])
@pytest.mark.parametrize("run", ["event", "sweep"])
def test_a_bar_before_the_window_is_an_error_that_names_file_and_line(market, name, run):
    configuration = configuration_from({"strategy": f"{PLANTED}:{name}", "rule": {"window": 7}})
    runs = {
        "event": lambda: run_backtest(configuration, market),
        "sweep": lambda: Evaluator(market, Heatmaps(None)).evaluate(configuration),
    }
    with pytest.raises(StrategyError) as raised:
        runs[run]()
    source = Path(hindsight.__file__).read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(source, 1) if "one bar too far" in text)
    assert "IndexError" in str(raised.value)
    assert f"hindsight.py, line {line})" in str(raised.value)


def test_a_compiled_rule_that_writes_what_it_sees_does_not_compile(market):
    @compiled_rule
    def writes(market, position, parameters):
        market.close[-1] = 1.0
        return keep()

    bars = model_bars(market)
    bars.setflags(write=False)
    with pytest.raises(Exception, match=r"(?i)cannot modify readonly|setitem"):
        asked(writes)(bars, np.zeros(600, dtype=SNAPSHOT), 5, 2, 3600.0, funding_terms(), *[np.zeros(1)] * 3)


def test_the_old_signature_is_told_how_to_write_the_new_one():
    with pytest.raises(
        ValueError, match=r"OldSignature.*decide\(market, position, parameters\), and begin with snapshot = "
    ):
        configuration_from({"strategy": f"{PLANTED}:OldSignature"})


class Odd:
    state_kind = None

    def __init__(self, decide=None, history=1):
        self.decide, self.history, self.__name__ = decide, history, "Odd"


@pytest.mark.parametrize("history", [0, -3, 2.5, float("nan"), "5", None])
def test_a_history_that_is_no_number_of_bars_is_refused(history):
    with pytest.raises(ValueError, match=r"Odd.history = .* must be a whole number of bars, 1 or more"):
        history_of(Odd(history=history), None)


def test_a_history_may_follow_from_the_parameters():
    assert history_of(Odd(history=lambda parameters: parameters["window"] + 1), {"window": 5.0}) == 6


@pytest.mark.parametrize("arguments", [lambda: None, lambda self, market, position, parameters: None])
def test_a_rule_of_other_arguments_is_refused(arguments):
    with pytest.raises(ValueError, match="write it as a static function decide"):
        check_rule(Odd(decide=arguments))


def test_a_rule_that_measures_its_window_trades_alike_compiled_in_plain_python_and_in_the_event_engine(market):
    found = []
    for name in ("Measuring", "PlainMeasuring"):
        configuration = configuration_from({"strategy": f"{MEASURING}:{name}", "rule": {"window": 12}})
        evaluation = Evaluator(market, Heatmaps(None)).evaluate(configuration)
        assert first_difference(configuration, market, evaluation) is None
        found.append(evaluation.fills)
    assert len(found[0]) > 30
    assert found[0].tobytes() == found[1].tobytes()


def test_a_rule_whose_history_is_a_function_is_compiled():
    assert is_compiled(load_strategy(f"{MEASURING}:Measuring"))


def test_a_measure_of_more_bars_than_the_rule_sees_names_the_rules_line(market):
    configuration = configuration_from({"strategy": f"{MEASURING}:TooMany"})
    with pytest.raises(
        StrategyError, match=r"IndexError: highest: the window does not hold so many .*measuring.py, line 2\d"
    ):
        Evaluator(market, Heatmaps(None)).evaluate(configuration)


def test_a_rule_that_sees_more_bars_than_there_are_is_refused(market):
    configuration = configuration_from({"strategy": f"{PLANTED}:PlainHindsight", "rule": {"window": 250}})
    with pytest.raises(
        ValueError, match=r"sees 250 bars and simulated-5 has 200: .* give more bars, or let it see fewer"
    ):
        checked_listing(configuration, market.head(200))
    checked_listing(configuration, market.head(250))
