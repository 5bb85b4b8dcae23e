"""What a backtest is asked beside itself: how it fares where its fills are doubted, and in which process it is asked."""

import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.event import run_backtest
from runs.engines.examination import examine
from runs.engines.sensitivity import DOUBTS, sensitivity
from runs.engines.snapshot_cache import Heatmaps


@pytest.fixture(scope="module")
def market():
    return simulate(8, bars=1500)


def restless(price_tick=None, **costs):
    return configuration_from({
        "strategy": "tests.runs.planted.restless:Restless", "costs": {"leverage": 5.0} | costs,
        "instrument": {"price_tick": price_tick},
    })  # fmt: skip


def doubted(market, **costs):
    settings = restless(**costs)
    return sensitivity(Evaluator(market, Heatmaps(None)).prepared(settings))


def test_each_doubt_is_the_event_engine_with_its_parameter(market):
    large = {"starting_cash": 3e7, "price_tick": 50.0}  # a tenth of the volume is less than it wants, a tick is much
    found = doubted(market, **large)
    every = dict(DOUBTS.values())
    for name, costs in (*((name, dict([doubt])) for name, doubt in DOUBTS.items()), ("all", every)):
        run = run_backtest(restless(**large, **costs), market)
        assert found["cases"][name]["total_return_fraction"] == pytest.approx(run.equity[-1] / 3e7 - 1.0, rel=1e-9)
        assert found["cases"][name]["entries_refused_for_volume"] == run.account["refused_volume"][0]
    earned = [case["total_return_fraction"] for case in found["cases"].values()]
    assert len({found["total_return_fraction"], *earned}) == 5, "every doubt changes something here"
    assert f"All of it: {earned[-1] * 100.0:+.1f} %." in found["sentence"]


def test_a_doubt_that_a_run_has_stronger_by_itself_stays_as_it_is(market):
    own = doubted(market, limit_through_ticks=20.0, impact=3.0, max_volume_share=0.01)
    assert {case["total_return_fraction"] for case in own["cases"].values()} == {own["total_return_fraction"]}


def test_a_rule_that_is_not_compiled_is_not_examined(market):
    found = examine(configuration_from({"strategy": "tests.runs.planted.patient:Patient"}), market)
    for name in ("irrelevant_changes", "sensitivity"):
        assert found[name]["examined"] is False
        assert found[name]["sentence"].endswith("are not examined: the rule is not compiled.")
