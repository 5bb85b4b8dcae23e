"""The detector convicts planted leaks, names the bar, and acquits the honest."""

import dataclasses
import importlib
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs import lookahead
from runs.commandline.command import InputError
from runs.engines.configuration import configuration_from
from runs.lookahead import Examination, examine, main
from runs.tracing.comparing import Difference
from runs.tracing.cuts import cut_points
from runs.tracing.poison import poisoned
from runs.tracing.trace import Trace
from strategies.registry import BUILT_IN

LEAKS = ("ReadsTheNextClose", "ReadsTheNextCloseUnguarded", "NormalisesByTheWholeSeries", "CentresItsWindow")
KEPT = (
    "KeepsOnTheClass", "KeepsInTheModule", "KeepsByLength", "ReadsTheFeedsArray", "KnowsTheEnd", "ReadsTheLineAtTheStart",
    "ReadsTheUnfinishedBar", "ReadsTheMarketOfTheFeed", "KnowsCompiledRows",
)  # fmt: skip


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


@pytest.mark.parametrize("name", KEPT)
def test_a_leak_beside_the_lines_or_kept_between_runs_is_convicted_by_what_it_cannot_know(name, market):
    found = examine(configuration_from({"strategy": f"kept_leaks:{name}"}), market, cuts=4).differences
    assert {difference.check.split(",")[0] for difference in found} & {"prefix", "poison"}, name


def test_what_this_process_has_kept_reaches_no_run(market, monkeypatch):
    kept = importlib.import_module("kept_leaks").KeepsOnTheClass
    monkeypatch.setattr(kept, "kept", market.frame["close"].tolist())
    assert examine(configuration_from({"strategy": "kept_leaks:KeepsOnTheClass"}), market, cuts=2).differences


@pytest.mark.parametrize("orders", [[], [(bar, "Market", 1.0, 1.0, 0.0) for bar in (700, 4000, 8500)]])
def test_cuts_are_spread_lie_after_orders_and_a_third_in_the_last_5_percent(orders):
    run = Trace([], np.zeros((8760, 2)), orders, 24, None)
    points = cut_points(run, 8760, 6, 1)
    assert points == sorted(set(points))
    assert points[0] >= 24
    assert points[3] < 8760 * 0.95 <= points[4]
    assert points[5] < 8760
    assert {order[0] + 1 for order in orders} <= set(points)


@pytest.mark.slow
def test_a_year_of_hours_is_checked_in_half_a_minute():
    year = simulate(8, bars=8760)
    began = time.monotonic()
    assert examine(configuration_from({"strategy": "magnet"}), year, cuts=6).acquitted
    assert time.monotonic() - began < 30.0


@pytest.mark.parametrize("first", [0, 288, 295])
def test_a_leak_in_the_last_bars_alone_is_convicted_there(first, market):
    settings = {"strategy": "kept_leaks:LeaksLate", "rule": {"first": first}}
    found = examine(configuration_from(settings), market, cuts=6).differences
    assert min(difference.bar for difference in found if "modes" not in difference.check) >= first


HONEST = ("leaks:Honest", "kept_leaks:Seeded", "kept_leaks:SeededAtImport", "kept_leaks:Remembers", "kept_leaks:Talks")


@pytest.mark.parametrize("name", [*BUILT_IN, *HONEST])
def test_the_honest_are_acquitted(name, market, capfd):
    examination = examine(configuration_from({"strategy": name}), market, cuts=3)
    assert (examination.differences, examination.modes, examination.opened) == ([], [], ())
    assert examination.acquitted
    assert capfd.readouterr().out == ""


def test_arithmetic_in_another_order_is_no_leak(market):
    examination = examine(configuration_from({"strategy": "kept_leaks:RoundsByMode"}), market, cuts=2)
    assert examination.differences == []
    assert {difference.what for difference in examination.modes} == {"Rounds.mean"}
    assert examination.acquitted


def test_what_streaming_cannot_run_is_neither_convicted_nor_acquitted(market):
    examination = examine(configuration_from({"strategy": "kept_leaks:CalculatesAtTheStart"}), market, cuts=4)
    assert examination.differences == []
    assert [difference.check for difference in examination.modes] == ["modes, streaming"]
    assert not examination.acquitted


@pytest.mark.parametrize("name", ["Unseeded", "ReadsTheClock"])
def test_a_run_that_differs_from_itself_is_called_so_and_no_look_ahead(name, market):
    with pytest.raises(InputError, match=r"is non-deterministic: two equal runs differ first at bar \d+ .*; seed its"):
        examine(configuration_from({"strategy": f"kept_leaks:{name}"}), market, cuts=2)


def test_chance_that_shows_in_one_run_alone_convicts_nobody(market, monkeypatch):
    real, count = lookahead.traces, iter(range(1000))

    def rarely(tasks):
        runs = real(tasks)
        for i, run in enumerate(runs):
            if next(count) == 5:
                runs[i] = dataclasses.replace(run, values=run.values + 1.0)
        return runs

    monkeypatch.setattr(lookahead, "traces", rarely)
    with pytest.raises(InputError, match="non-deterministic"):
        examine(configuration_from({"strategy": "leaks:Honest"}), market, cuts=2)


def test_a_file_that_a_strategy_reads_is_named_and_not_seen_through(market, tmp_path, capsys):
    held, path = tmp_path / "closes.txt", tmp_path / "market.parquet"
    held.write_text("\n".join(map(repr, market.frame["close"].tolist())), encoding="utf-8")
    market.frame.drop(columns="open_interest_break").to_parquet(path)
    given = ["--strategy", "kept_leaks:ReadsAFile", "--data", str(path), "--set", f"path={held}", "--cuts", "2"]
    assert main(given) == 0
    told = capsys.readouterr()
    assert f"note: kept_leaks:ReadsAFile reads {held} by itself" in told.err
    assert "Not seen: what a strategy reads by itself" in told.out


def test_a_strategy_that_ends_its_process_is_told_so(market):
    with pytest.raises(
        InputError, match=r"raises at bar 99 \(.* UTC\) of 300: SystemExit: 3 \(.*kept_leaks.py, line \d+\)"
    ):
        examine(configuration_from({"strategy": "kept_leaks:EndsItsProcess"}), market, cuts=2)


def test_indicators_on_lines_are_watched_and_acquitted(market, time_limit):
    time_limit(120)
    assert examine(configuration_from({"strategy": "leaks:HonestOnLines"}), market, cuts=3).differences == []


@pytest.mark.parametrize(
    ("name", "rule", "when"),
    [
        ("RaisesInInit", {}, "before its first bar"),
        ("RaisesAtABar", {"bar": 0}, r"at bar 0 \(.* UTC\) of 300"),
        ("RaisesAtABar", {"bar": 250}, r"at bar 250 \(.* UTC\) of 300"),
        ("RaisesInAnIndicator", {"bar": 250}, r"at bar 250 \(.* UTC\) of 300"),
        ("RaisesInWholeArrays", {}, r"at bar 0 \(.* UTC\) of 300"),
        ("RaisesAtTheEnd", {}, "after its last bar, 299"),
    ],
)
def test_a_strategy_that_raises_of_itself_is_told_its_error_its_bar_and_its_line(name, rule, when, market):
    told = rf"raises {when}: ValueError: typo at .* \(.*faulty.py, line \d+\); --debug shows more"
    with pytest.raises(InputError, match=told) as raised:
        examine(configuration_from({"strategy": f"faulty:{name}", "rule": rule}), market, cuts=3)
    assert "Traceback" in "".join(raised.value.__notes__)


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


@pytest.mark.parametrize(("period", "cuts"), [(297, 3), (298, 2), (299, 1), (300, 0)])
def test_too_few_prefixes_are_told(period, cuts, market, tmp_path, capsys):
    market.frame.drop(columns="open_interest_break").to_parquet(tmp_path / "market.parquet")
    given = ["--data", str(tmp_path / "market.parquet"), "--set", f"period={period}", "--cuts", "3"]
    assert main(["--strategy", "faulty:Slow", *given]) == 0
    told = capsys.readouterr()
    fewer = f"note: {cuts} of 3 prefixes and poisoned futures: faulty:Slow decides nothing before bar {period} of 300"
    assert (fewer in told.err) == (cuts < 3)
    assert f"{cuts} prefixes, {cuts} poisoned futures" in told.out


def test_a_minimum_period_beyond_the_market_is_refused(market):
    with pytest.raises(InputError, match=r"nothing before bar 301 .* has 300 bars"):
        examine(configuration_from({"strategy": "faulty:Slow", "rule": {"period": 301}}), market, cuts=1)


def test_the_command_tells_a_strategys_error_in_one_line(capsys):
    assert main(["--strategy", "faulty:RaisesInInit", "--start", "2024-01-01", "--end", "2024-01-10"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: strategy faulty:RaisesInInit raises before its first bar: ")


def test_poison_leaves_the_past_alone_and_changes_the_future(market):
    bad, cut = poisoned(market, 100, 1), 100
    pd.testing.assert_frame_equal(bad.frame.iloc[:cut], market.frame.iloc[:cut])
    assert (bad.frame["close"].iloc[cut:] != market.frame["close"].iloc[cut:]).all()
    assert (bad.frame["high"] >= bad.frame["low"]).all()
    assert len(market.head(cut)) == cut
    came = market.frame["close"].iloc[cut] > market.frame["close"].iloc[cut - 1]
    assert (bad.frame["close"].iloc[cut] > bad.frame["close"].iloc[cut - 1]) != came
    paid = market.frame["funding_rate"].iloc[cut:]
    settled = paid.notna() & (paid != 0.0)
    assert (bad.frame["funding_rate"].iloc[cut:][settled] * paid[settled] < 0.0).all()


def test_the_command_exits_1_on_a_leak_and_prints_where(tmp_path, capsys):
    path = tmp_path / "market.parquet"
    simulate(8, bars=200).frame.drop(columns="open_interest_break").to_parquet(path)
    assert main(["--strategy", "leaks:CentresItsWindow", "--data", str(path), "--cuts", "2"]) == 1
    told = capsys.readouterr()
    assert "LOOK-AHEAD in leaks:CentresItsWindow" in told.out
    assert "next:" not in told.err
    assert main(["--strategy", "leaks:Honest", "--data", str(path), "--cuts", "2", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert "file" in shown.pop("not_seen")
    assert shown == {"strategy": "leaks:Honest", "cuts": 2, "look_ahead": [], "engine_modes": []}


def test_markets_are_examined_in_turn_until_one_has_a_finding(tmp_path, capsys, monkeypatch):
    files, asked = [], []
    for seed, name in enumerate("abc"):
        path = tmp_path / f"{name}.parquet"
        simulate(seed, bars=120).frame.drop(columns="open_interest_break").to_parquet(path)
        files += ["--data", str(path)]

    def examined(configuration, market, cuts):
        asked.append(market.name[-1])
        assert configuration.data == str(tmp_path / f"{market.name[-1]}.parquet")
        look = Difference("prefix, 60 bars", 50, "2024-01-03T02:00", "equity", "1", "2")
        return Examination([look] if market.name.endswith("b") else [], [], cuts, 1, ())

    monkeypatch.setattr(lookahead, "examine", examined)
    assert main(["--strategy", "wipe", "--set", "symbol=BTCUSDT", *files]) == 1
    told = capsys.readouterr().out
    assert asked == ["a", "b"]
    assert told.index("no look-ahead found in wipe") < told.index("LOOK-AHEAD in wipe") < told.index("2 of 3 markets")
    assert main(["--strategy", "wipe", "--set", "symbol=BTCUSDT", *files[:2], *files[4:], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [each["look_ahead"] for each in shown["markets"]] == [[], []]


def test_bad_usage_gets_one_line(capsys):
    assert main(["--strategy", "magnte"]) == 2
    assert capsys.readouterr().err == "error: unknown strategy 'magnte': did you mean 'magnet'?\n"
