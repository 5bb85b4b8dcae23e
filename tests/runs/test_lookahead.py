"""The detector convicts planted leaks, names the bar, and acquits the honest."""

import json
from pathlib import Path

import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs.commandline.command import InputError
from runs.engines.configuration import configuration_from
from runs.lookahead import examine, main, poisoned
from strategies.registry import BUILT_IN

LEAKS = ("ReadsTheNextClose", "ReadsTheNextCloseUnguarded", "NormalisesByTheWholeSeries", "CentresItsWindow")


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent / "planted")


@pytest.fixture(scope="module")
def market():
    return simulate(8, bars=300)


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_convicted_with_its_bar(name, market):
    found = examine(configuration_from({"strategy": f"leaks:{name}"}), market, cuts=4).differences
    assert found, name
    for difference in found:
        assert 0 <= difference.bar < 300
        assert f"first differs at bar {difference.bar} (" in difference.sentence()
    checks = {difference.check.split(",")[0] for difference in found}
    assert "modes" in checks
    assert "poison" in checks


def test_reading_the_next_close_is_caught_at_its_first_use(market):
    found = examine(configuration_from({"strategy": "leaks:ReadsTheNextClose"}), market, cuts=1).differences
    closes = market.frame["close"].to_numpy()
    first_rise = next(bar for bar in range(299) if closes[bar + 1] > closes[bar])
    assert min(difference.bar for difference in found if "streaming" in difference.check) == first_rise


@pytest.mark.parametrize("name", [*BUILT_IN, "leaks:Honest"])
def test_the_honest_are_acquitted(name, market):
    assert examine(configuration_from({"strategy": name}), market, cuts=3).differences == []


def test_indicators_on_lines_are_watched_and_acquitted(market, time_limit):
    time_limit(120)
    assert examine(configuration_from({"strategy": "leaks:HonestOnLines"}), market, cuts=3).differences == []


@pytest.mark.parametrize(
    ("name", "rule", "bars"),
    [
        ("RaisesInInit", {}, 0),
        ("RaisesAtABar", {"bar": 0}, 0),
        ("RaisesAtABar", {"bar": 250}, 250),
        ("RaisesInAnIndicator", {"bar": 250}, 250),
        ("RaisesInWholeArrays", {}, 0),
        ("RaisesAtTheEnd", {}, 300),
    ],
)
def test_a_strategy_that_raises_of_itself_is_told_its_error(name, rule, bars, market):
    with pytest.raises(
        InputError, match=rf"after {bars} of 300 bars: ValueError: typo at .*; --debug shows where"
    ) as told:
        examine(configuration_from({"strategy": f"faulty:{name}", "rule": rule}), market, cuts=3)
    assert "typo" in str(told.value.__cause__)


def test_an_error_that_only_prefixes_meet_is_a_leak(market):
    found = examine(configuration_from({"strategy": "faulty:KnowsTheLength"}), market, cuts=1).differences
    shown = {difference.check.split(",")[0]: (difference.bar, difference.theirs) for difference in found}
    assert shown == {"modes": (0, "ValueError: too short"), "prefix": (0, "ValueError: too short")}


@pytest.mark.parametrize("name", ["FailsAtTheEndOfShortRuns", "FailsOnAJump"])
def test_an_error_after_the_bars_compared_is_no_leak(name, market):
    assert examine(configuration_from({"strategy": f"faulty:{name}"}), market, cuts=4).differences == []


def test_prefixes_shorter_than_the_minimum_period_are_left_out(market):
    examination = examine(configuration_from({"strategy": "faulty:Slow", "rule": {"period": 200}}), market, cuts=6)
    assert (examination.differences, examination.cuts, examination.minimum_period) == ([], 6, 200)


@pytest.mark.parametrize(("period", "cuts"), [(297, 2), (298, 1), (299, 0), (300, 0)])
def test_too_few_prefixes_are_told(period, cuts, market, tmp_path, capsys):
    market.frame.drop(columns="open_interest_break").to_parquet(tmp_path / "market.parquet")
    given = ["--data", str(tmp_path / "market.parquet"), "--set", f"period={period}", "--cuts", "3"]
    assert main(["--strategy", "faulty:Slow", *given]) == 0
    told = capsys.readouterr()
    assert (
        f"note: {cuts} of 3 prefixes and poisoned futures: faulty:Slow decides nothing before bar {period} of 300"
        in told.err
    )
    assert f"{cuts} prefixes, {cuts} poisoned futures" in told.out


def test_a_minimum_period_beyond_the_market_is_refused(market):
    with pytest.raises(InputError, match=r"nothing before bar 301 .* has 300 bars"):
        examine(configuration_from({"strategy": "faulty:Slow", "rule": {"period": 301}}), market, cuts=1)


def test_the_command_tells_a_strategys_error_in_one_line(capsys):
    assert main(["--strategy", "faulty:RaisesInInit", "--start", "2024-01-01", "--end", "2024-01-10"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: strategy faulty:RaisesInInit raises after 0 of ")


def test_poison_leaves_the_past_alone_and_changes_the_future(market):
    bad, cut = poisoned(market, 100, 1), 100
    pd.testing.assert_frame_equal(bad.frame.iloc[:cut], market.frame.iloc[:cut])
    assert (bad.frame["close"].iloc[cut:] != market.frame["close"].iloc[cut:]).all()
    assert (bad.frame["high"] >= bad.frame["low"]).all()
    assert len(market.head(cut)) == cut


def test_the_command_exits_1_on_a_leak_and_prints_where(tmp_path, capsys):
    path = tmp_path / "market.parquet"
    simulate(8, bars=200).frame.drop(columns="open_interest_break").to_parquet(path)
    assert main(["--strategy", "leaks:CentresItsWindow", "--data", str(path), "--cuts", "2"]) == 1
    assert "LOOK-AHEAD in leaks:CentresItsWindow" in capsys.readouterr().out
    assert main(["--strategy", "leaks:Honest", "--data", str(path), "--cuts", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"strategy": "leaks:Honest", "cuts": 2, "look_ahead": []}


def test_bad_usage_gets_one_line(capsys):
    assert main(["--strategy", "magnte"]) == 2
    assert capsys.readouterr().err == "error: unknown strategy 'magnte': did you mean 'magnet'?\n"
