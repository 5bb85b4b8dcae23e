"""What a second process works out is what this one would have; where it dies, this one goes on."""

import tempfile

import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.examination import examine
from runs.reports import beside
from runs.reports.beside import Beside, worked_out_beside
from runs.reports.tearsheet import draw


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(beside, "_MIN_BARS", 0)


@pytest.mark.slow
@pytest.mark.usefixtures("always")
def test_a_second_process_says_and_draws_the_same_and_its_death_costs_the_examination_alone(monkeypatch, tmp_path):
    market, settings = simulate(8, bars=1500), configuration_from({"strategy": "magnet"})
    monkeypatch.chdir(tmp_path)  # where no package of ours lies
    with worked_out_beside(settings, market) as answer:
        assert answer() == Beside(examine(settings, market), draw(run_backtest(settings, market)))
    with monkeypatch.context() as patch:  # without a temporary folder it is asked here
        patch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        with worked_out_beside(settings, market) as answer:
            assert answer() == Beside(examine(settings, market))
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    with worked_out_beside(settings, market) as answer:
        said = answer()
    assert said.drawing is None
    assert said.examined["sensitivity"]["sentence"].endswith("not examined: the second process ended with code 1.")


@pytest.mark.usefixtures("always")
def test_a_rule_that_is_not_compiled_has_no_second_process(monkeypatch):
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    settings = configuration_from({"strategy": "tests.runs.planted.patient:Patient"})
    with worked_out_beside(settings, simulate(8, bars=100)) as answer:
        assert answer().examined["sensitivity"]["sentence"].endswith("the rule is not compiled.")
