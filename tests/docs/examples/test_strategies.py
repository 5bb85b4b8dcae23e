"""Every strategy of the shelf runs, sees no future, and does in a sweep what it does in the event engine."""

import re

import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator, is_compiled
from runs.engines.event import run_backtest
from runs.engines.parity import first_difference
from runs.engines.snapshot_cache import Heatmaps
from runs.lookahead import examine
from runs.perpetual.accounting import FUNDING
from runs.sweep import sweep
from runs.tracing.poison import poisoned
from tests.docs.examples.plain_twins import COMPILED, MODULES, SHELF

SWEPT = {
    "ClusterBreakout": {"trail_atr": [2.0, 5.0]},
    "Crash": {"larger": [1, 9]},
    "FundingFade": {"bars": [8, 24]},
    "GridAroundLevel": {"step": [0.004, 0.01]},
    "MagnetWithTrend": {"trend_bars": [24, 96]},
    "StopBeyondCluster": {"stop_atr": [1.5, 3.0]},
    "StopByRange": {"stop_atr": [1.5, 3.0]},
    "VolatilityTarget": {"yearly_volatility": [0.2, 0.4]},
    "WashOut": {"larger": [1, 9]},
}
TWINS = ("Crash", "StopByRange")  # the same code as the other class of their file, but for a constant
EVERY = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in TWINS else name for name in COMPILED]
)
PLAIN = "tests.docs.examples.plain_twins"
PLAIN_BACKTRADER = "docs.examples.strategies.plain_backtrader:PlainBacktrader"


@pytest.fixture(scope="module")
def hours():
    return simulate(5, bars=500)


@pytest.fixture(scope="module")
def market(hours):
    long = simulate(5, bars=360, bar_seconds=28_800)  # a forecast needs 61 to 91 days
    return lambda name: long if name == "VolatilityTarget" else hours


def test_each_file_is_short_and_says_what_it_claims_on_what_evidence_beside_whom_and_at_what_cost():
    assert len(MODULES) >= 9
    for name, module in MODULES.items():
        assert len((SHELF / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 60, name
        said = re.findall(r"^(\w+): ", module.__doc__, flags=re.MULTILINE)
        assert [word for word in said if word in ("Claim", "Evidence", "Competitor", "Costs")] == [
            "Claim", "Evidence", "Competitor", "Costs",
        ], name  # fmt: skip


def test_each_compiled_strategy_is_swept():
    assert list(COMPILED) == sorted(SWEPT)
    assert all(is_compiled(kind) for kind in COMPILED.values())


@EVERY
def test_a_sweeps_trials_are_the_event_engines_with_the_rule_in_plain_python(name, market):
    fills, evaluator = 0, Evaluator(market(name), Heatmaps(None))
    (parameter, values), module = next(iter(SWEPT[name].items())), COMPILED[name].__module__
    found = sweep(market(name), f"{module}:{name}", grid=SWEPT[name], confirm=0)
    finals = dict(zip(found.trials[f"rule.{parameter}"], found.trials["final_equity_quote"], strict=True))
    for value in values:
        ours, theirs = (
            configuration_from({"strategy": f"{place}:{name}", "rule": {parameter: value}}) for place in (module, PLAIN)
        )
        evaluation = evaluator.evaluate(ours)
        assert first_difference(theirs, market(name), evaluation) is None
        assert finals[value] == evaluation.equity[-1]
        fills += (evaluation.fills["kind"] != FUNDING).sum()
    assert fills > 8


def until(orders, bars):
    """Return the orders sent at closes before a bar. Fills would not do: what knows the next bar fills in it, at the cut."""
    return [order for order in orders if order[0] < bars]


@EVERY
def test_no_rule_trades_on_a_future_that_is_cut_or_poisoned(name, market):
    configuration, whole = configuration_from({"strategy": f"{COMPILED[name].__module__}:{name}"}), market(name)
    journal = run_backtest(configuration, whole).orders
    for bars in (260, 277, 331):  # the longest window is 240 bars
        for cut in (whole.head(bars), poisoned(whole, bars, seed=bars)):
            assert until(run_backtest(configuration, cut).orders, bars) == until(journal, bars)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*COMPILED, "PlainBacktrader"])
def test_the_look_ahead_check_acquits_every_strategy(name, market):
    module = COMPILED[name].__module__ if name in COMPILED else PLAIN_BACKTRADER.split(":")[0]
    assert examine(configuration_from({"strategy": f"{module}:{name}"}), market(name), cuts=2).acquitted


def test_the_plain_backtrader_strategy_trades_and_sees_no_future(hours):
    configuration = configuration_from({"strategy": PLAIN_BACKTRADER})
    assert len(run_backtest(configuration, hours).fills) > 8
    assert examine(configuration, hours, cuts=1).acquitted


def test_several_timeframes_trade_the_same_where_what_follows_is_cut_or_poisoned(hours):
    whole = MODULES["several_timeframes"].run(hours).broker
    assert len(whole.fills) > 8
    assert not leaks_of_several_timeframes(hours)


def leaks_of_several_timeframes(hours):
    """Return the bars at which a cut or poisoned future changes the orders before.

    At the end of its data backtrader hands over the day as it stands: a cut says nothing of its own last close.
    """
    run, found = MODULES["several_timeframes"].run, []
    journal = run(hours).broker.journal
    for bars in (*range(200, 206), 431):
        for seen, last in ((hours.head(bars), bars - 1), (poisoned(hours, bars, seed=bars), bars)):
            if until(run(seen).broker.journal, last) != until(journal, last):
                found.append(bars)
    return found


def test_a_look_at_the_next_hour_alone_is_found(hours, monkeypatch):
    module = MODULES["several_timeframes"]

    class Knowing(module.SeveralTimeframes):
        def next(self):
            closes = self.data.p.market.frame["close"].to_numpy()
            wanted = closes[min(len(self.data), len(closes) - 1)] > self.data.close[0]
            if wanted != bool(self.position):
                self.buy(size=self.p.size) if wanted else self.close()

    monkeypatch.setattr(module, "SeveralTimeframes", Knowing)
    assert leaks_of_several_timeframes(hours)
