"""The detector convicts planted leaks, names the bar, and acquits the honest."""

import json
from pathlib import Path

import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs.config import configuration_from
from runs.engine import first_bars
from runs.lookahead import examine, main, poisoned
from strategies.registry import BUILT_IN

LEAKS = ("ReadsTheNextClose", "NormalisesByTheWholeSeries", "CentresItsWindow")


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent / "planted")


@pytest.fixture(scope="module")
def market():
    return simulate(8, bars=300)


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_convicted_with_its_bar(name, market):
    found = examine(configuration_from({"strategy": f"leaks:{name}"}), market, cuts=4)
    assert found, name
    for difference in found:
        assert 0 <= difference.bar < 300
        assert f"first differs at bar {difference.bar} (" in difference.sentence()
    checks = {difference.check.split(",")[0] for difference in found}
    assert "modes" in checks
    assert "poison" in checks


def test_reading_the_next_close_is_caught_at_its_first_use(market):
    found = examine(configuration_from({"strategy": "leaks:ReadsTheNextClose"}), market, cuts=1)
    closes = market.frame["close"].to_numpy()
    first_rise = next(bar for bar in range(299) if closes[bar + 1] > closes[bar])
    assert min(difference.bar for difference in found if "streaming" in difference.check) == first_rise


@pytest.mark.parametrize("name", [*BUILT_IN, "leaks:Honest"])
def test_the_honest_are_acquitted(name, market):
    assert examine(configuration_from({"strategy": name}), market, cuts=3) == []


def test_indicators_on_lines_are_watched_and_acquitted(market, time_limit):
    time_limit(120)
    assert examine(configuration_from({"strategy": "leaks:HonestOnLines"}), market, cuts=3) == []


def test_poison_leaves_the_past_alone_and_changes_the_future(market):
    bad, cut = poisoned(market, 100, 1), 100
    pd.testing.assert_frame_equal(bad.frame.iloc[:cut], market.frame.iloc[:cut])
    assert (bad.frame["close"].iloc[cut:] != market.frame["close"].iloc[cut:]).all()
    assert (bad.frame["high"] >= bad.frame["low"]).all()
    assert len(first_bars(market, cut)) == cut


def test_the_command_exits_1_on_a_leak_and_prints_where(tmp_path, capsys):
    path = tmp_path / "market.parquet"
    simulate(8, bars=200).frame.drop(columns="open_interest_break").to_parquet(path)
    assert main(["--strategy", "leaks:CentresItsWindow", "--data", str(path), "--cuts", "2"]) == 1
    assert "LOOK-AHEAD in leaks:CentresItsWindow" in capsys.readouterr().out
    assert main(["--strategy", "leaks:Honest", "--data", str(path), "--cuts", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"strategy": "leaks:Honest", "look_ahead": []}


def test_bad_usage_gets_one_line(capsys):
    assert main(["--strategy", "magnte"]) == 2
    assert capsys.readouterr().err == "error: unknown strategy 'magnte': did you mean 'magnet'?\n"
