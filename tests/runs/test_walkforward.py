"""The command: a complete folder whose page says what its summary says, and one line for what cannot be."""

import json
import re
import shlex
from html.parser import HTMLParser

import pandas as pd
import pyarrow.parquet as pq
import pytest

from datafeeds.simulated.market import simulate
from runs.reports.walk import walk_page
from runs.walkforward import main

FILES = ["equity.parquet", "fills.csv", "summary.json", "tearsheet.html", "trades.csv", "walk.html", "walk.json"]
PARAMETERS = ("--param", "rule.min_distance=0.002,0.01", "--param", "stop_atr=1,3")
SPANS = ("--train", "20d", "--test", "10d", "--embargo", "1d")
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=1000).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


def walk(data, folder, *arguments):
    environment = pytest.MonkeyPatch()
    environment.setenv("LIQUIDATION_HEATMAP_CACHE", str(folder.parent / "heatmaps"))
    try:
        assert (
            main(["--strategy", "magnet", "--data", data, *PARAMETERS, *SPANS, "--out", str(folder), *arguments]) == 0
        )
    finally:
        environment.undo()
    return folder


@pytest.fixture(scope="module")
def walked(data, tmp_path_factory):
    return walk(data, tmp_path_factory.mktemp("walk") / "first", "--confirm", "1")


def test_another_walk_on_two_processes_leaves_the_same_bytes(walked, data):
    again = walk(data, walked.parent / "again", "--confirm", "1", "--jobs", "2")
    for name in FILES:
        assert (again / name).read_bytes() == (walked / name).read_bytes(), name


@pytest.mark.usefixtures("no_tearsheet")
def test_the_record_repeats_the_walk(walked, data, monkeypatch):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(walked.parent / "heatmaps"))
    asked = shlex.split(read(walked, "walk.json")["reproduce"])
    assert asked[:3] == ["python", "-m", "runs.walkforward"]
    place = asked.index("--config") + 1
    asked[place] = str(walked / asked[place])
    again = walked.parent / "repeated"
    assert main([*asked[3:], "--confirm", "1", "--out", str(again)]) == 0
    assert (again / "summary.json").read_bytes() == (walked / "summary.json").read_bytes()


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_the_folder_is_whole_and_its_parts_agree(walked):
    assert sorted(path.name for path in walked.iterdir()) == FILES
    facts, summary = read(walked, "walk.json"), read(walked, "summary.json")
    assert facts["windows"] == len(summary["windows"]) == (1000 - 480 - 72) // 240
    assert summary["confirmation"] == {"asked": 1, "equal": 1, "window": None, "difference": None}
    equity = pq.read_table(walked / "equity.parquet").to_pandas()
    money = summary["out_of_sample"]["money"]
    assert equity["equity"].iloc[-1] == money["final_equity_quote"]
    assert len(equity) == sum(row["test"]["bars"] for row in summary["windows"])
    trades = pd.read_csv(walked / "trades.csv")
    assert (
        len(trades)
        == summary["out_of_sample"]["trading"]["trades"]
        == sum(row["out_of_sample"]["trades"] for row in summary["windows"])
    )
    assert trades["net_pnl"].sum() == pytest.approx(money["final_equity_quote"] - money["starting_cash_quote"])
    assert money["reconciliation_error"] < 1e-12
    fills = pd.read_csv(walked / "fills.csv")
    for name, column in (("fees_quote", "fee"), ("funding_paid_quote", "funding"), ("realised_quote", "realised")):
        assert fills[column].sum() == pytest.approx(money[name], rel=1e-9)
    assert fills["wallet_after"].iloc[-1] == money["final_equity_quote"]
    assert set(trades["entry_time"]) <= set(fills["time"])


class Numbers(HTMLParser):
    """Gathers the exact values of a page."""

    def __init__(self):
        super().__init__()
        self.values = []

    def handle_starttag(self, tag, attrs):
        if tag == "data":
            self.values.append(float(dict(attrs)["value"]))


def test_the_pages_numbers_are_the_summarys(walked):
    summary, page = read(walked, "summary.json"), Numbers()
    page.feed((walked / "walk.html").read_text(encoding="utf-8"))
    joined = summary["out_of_sample"]
    names = ("total_return_fraction", "annual_growth_fraction", "annual_volatility_fraction", "sharpe", "sortino",
             "max_bar_drawdown_fraction", "max_daily_drawdown_fraction")  # fmt: skip
    sides = ("performance", "constant_exposure", "perpetual_held", "buy_and_hold")
    expected = [joined[side].get(name) for name in names for side in sides]
    expected += [
        summary[name] for name in ("in_sample_sharpe_mean", "efficiency", "probabilistic_sharpe", "parameter_changes")
    ]
    for row in summary["windows"]:
        outside = row["out_of_sample"]
        expected += [row["in_sample"]["sharpe"], outside["sharpe"], outside["total_return_fraction"]]
        expected += [outside["max_bar_drawdown_fraction"], outside["trades"], *row["chosen"].values()]
    assert page.values == [value for value in expected if value is not None]


def test_the_protocols_numbers_are_those_of_the_record(walked):
    facts, summary = read(walked, "walk.json"), read(walked, "summary.json")
    protocol = (
        (walked / "walk.html").read_text(encoding="utf-8").split("<h2>Protocol</h2>")[1].split("<p>The choice")[0]
    )
    without_sources = re.sub(r"\([^)]*\)", "", protocol)
    shown = [int(text.replace(",", "")) for text in re.findall(r"(?<![\w.])\d[\d,]*(?=[ ,;])", without_sources)]
    lengths = facts["lengths"]
    gap = [lengths["purge"] + lengths["embargo"], lengths["purge"], lengths["embargo"]]
    expected = [facts["combinations"], lengths["train"], lengths["test"], lengths["step"], *gap, summary["unused_bars"]]
    assert shown == expected


def test_the_verdict_leads_and_says_what_the_figures_say(walked):
    summary, page = read(walked, "summary.json"), (walked / "walk.html").read_text(encoding="utf-8")
    sentence = summary["sentence"]
    assert page.index(sentence.split(". ")[0]) < page.index("<section>")
    assert f"{summary['out_of_sample']['performance']['total_return_fraction']:+.1%}" in sentence
    chance = summary["probabilistic_sharpe"]
    assert sentence.startswith(summary["verdict"].capitalize())
    assert f"above zero with probability {chance:.1%}, and 95% is asked." in sentence
    assert summary["verdict"] == ("told from luck" if chance >= 0.95 else "not told from luck")


def test_text_from_outside_stays_text(walked):
    facts, summary = read(walked, "walk.json"), read(walked, "summary.json")
    facts["data"]["name"] = facts["objective"] = facts["lengths"]["purge_source"] = facts["space"][0]["parameter"] = (
        EVIL
    )
    summary["sentence"] = EVIL
    for row in summary["windows"]:
        row["chosen"][EVIL] = EVIL
    curves = {"first_day": EVIL, "last_day": EVIL, "lines": [{"name": EVIL, "days": [0, 1], "worth": [1.0, 2.0]}] * 2}
    page = walk_page(facts, summary, curves)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=['\"]https?:", page)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--train", "400d"), "no window fits"),
        (("--test", "10m"), "shorter than a bar"),
        (("--step", "1d"), "two tests would share bars"),
        (("--purge", "soon"), "--purge 'soon'"),
        (("--param", "min_distanec=1,2"), "min_distance"),
        (("--param", "stop_atr=5"), "given twice"),
        (("--objective", "sharp"), "sharpe"),
        (("--param", "starting_cash=1,2"), "--param starting_cash"),
        (("--search", "random", "--trials", "2", "--choose", "region"), "--choose region"),
    ],
)
def test_what_cannot_be_walked_gets_one_line(data, tmp_path, capsys, arguments, said):
    out = tmp_path / "walk"
    spans = [part for pair in zip(SPANS[::2], SPANS[1::2], strict=True) if pair[0] not in arguments for part in pair]
    code = main(["--strategy", "magnet", "--data", data, *PARAMETERS, *spans, "--out", str(out), *arguments])
    error = capsys.readouterr().err
    assert (code, error.count("\n"), said in error) == (2, 1, True), error
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_that_cannot_begin_at_a_later_bar_is_refused(data, capsys):
    strategy = ("--strategy", "tests.runs.planted.patient:Patient", "--param", "bars=2,3")
    assert main([*strategy, "--data", data, *SPANS]) == 2
    error = capsys.readouterr().err
    assert (error.count("\n"), "PerpetualStrategy" in error) == (1, True)


def test_a_walk_needs_a_parameter_and_a_strategy(data, capsys):
    assert main(["--strategy", "magnet", "--data", data]) == 2
    assert main(["--data", data, *PARAMETERS]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_a_dry_run_shows_windows_and_writes_nothing(data, tmp_path, capsys):
    out = tmp_path / "walk"
    arguments = ["--strategy", "magnet", "--data", data, *PARAMETERS, *SPANS, "--dry-run", "--out", str(out)]
    assert main(arguments) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["lengths"]["purge"], plan["lengths"]["purge_source"]) == (48, "rule.time_limit_hours")
    assert len(plan["ranges"]) == 1
    assert not out.exists()


def test_an_earlier_walk_is_not_overwritten_unasked(walked, data, capsys):
    arguments = ["--strategy", "magnet", "--data", data, *PARAMETERS, *SPANS, "--out", str(walked)]
    assert main(arguments) == 2
    assert "holds an earlier run" in capsys.readouterr().err


@pytest.mark.usefixtures("no_tearsheet")
def test_a_full_disk_gets_one_line_and_leaves_nothing(walked, data, tmp_path, monkeypatch, capsys):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("runs.outcome.writing.write_flushed", full)
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(walked.parent / "heatmaps"))
    out = ("--out", str(tmp_path / "walk"))
    assert main(["--strategy", "magnet", "--data", data, *PARAMETERS, *SPANS, "--confirm", "0", *out]) == 2
    error = capsys.readouterr().err
    assert (error.count("\n"), "No space left" in error) == (1, True)
    assert list(tmp_path.iterdir()) == []
