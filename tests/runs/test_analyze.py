"""The command `analyze`: forms that say the same, one line for bad input, nothing half-written."""

import dataclasses
import json
import math
import re
import sys

import pytest

from datafeeds.catalog.importing import import_market
from datafeeds.catalog.store import Catalog
from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analyze import main
from runs.backtest import main as backtest
from runs.reports.heatmap.page import heatmap_page


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=300).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


def refused(capsys, *arguments):
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--at", "noon"], "cannot read the time"),
        (["--at", "1999-01-01"], "before the first close"),
        (["--at", "2099-01-01"], "beyond the data"),
        (["--html", "--json"], "both want stdout"),
        (["--html", "--out", "report.md"], "with --html a folder, or a page"),
        (["--html", "--out", "heatmap.html"], "of another name than heatmap.html"),
        (["--set", "liquidation_price_spread=2"], "outside [0.01, 0.5]"),
        (["--set", "liquidation_price_spred=0.2"], "did you mean 'liquidation_price_spread'"),
        (["--level", "0"], "is not in the range"),
        (["--out", "report.pdf"], "a file ends in .md, .html, .json, .txt"),
    ],
)
def test_bad_usage_gets_one_line_and_leaves_nothing(capsys, data, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(capsys, "--data", data, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_holds_all_forms_and_they_are_those_of_stdout(capsys, data, tmp_path):
    assert main(["--data", data, "--out", str(tmp_path / "all")]) == 0
    told = capsys.readouterr()
    assert told.out == f"Report at {tmp_path / 'all'}\n"
    assert sorted(p.name for p in (tmp_path / "all").iterdir()) == [
        "analysis.html", "analysis.json", "analysis.md", "analysis.txt",
    ]  # fmt: skip
    for form in ("json", "html"):
        assert main(["--data", data, f"--{form}"]) == 0
        assert capsys.readouterr().out == (tmp_path / "all" / f"analysis.{form}").read_text(encoding="utf-8")
    assert main(["--data", data, "--out", str(tmp_path / "one.md")]) == 0
    assert (tmp_path / "one.md").read_bytes() == (tmp_path / "all" / "analysis.md").read_bytes()


def test_html_adds_the_heatmap_up_to_that_bar_beside_the_report(capsys, data, tmp_path):
    frame = simulate(5, bars=300).frame
    named = [
        "--data",
        data,
        "--at",
        frame["ts"].iloc[200].isoformat(),
        "--set",
        "liquidation_price_spread=0.2",
        "--html",
    ]
    for place, page in ((tmp_path / "all", tmp_path / "all/analysis.html"), (tmp_path / "r" / "one.html",) * 2):
        assert main([*named, "--out", str(place)]) == 0
        heatmap = page.parent / "heatmap.html"
        assert capsys.readouterr().out == f"Report at {place}\nHeatmap at {heatmap}\n"
        assert "<a href='heatmap.html'>" in page.read_text(encoding="utf-8")
        market = open_market(data)
        cut = dataclasses.replace(market, frame=market.frame.iloc[:200].reset_index(drop=True))
        assert heatmap.read_text(encoding="utf-8") == heatmap_page(cut, ModelParameters(liquidation_price_spread=0.2))


def test_a_heatmap_in_the_way_keeps_the_report_from_being_written(capsys, data, tmp_path):
    (tmp_path / "heatmap.html").write_text("mine")
    named = ["--data", data, "--html", "--out", str(tmp_path / "report.html")]
    assert "heatmap.html: exists" in refused(capsys, *named)
    assert [path.name for path in tmp_path.iterdir()] == ["heatmap.html"]
    assert main([*named, "--overwrite"]) == 0
    assert (tmp_path / "heatmap.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_what_is_there_is_replaced_only_when_asked(capsys, data, tmp_path):
    for place in (tmp_path / "report.json", tmp_path / "folder"):
        assert main(["--data", data, "--out", str(place)]) == 0
        capsys.readouterr()
        assert "--overwrite" in refused(capsys, "--data", data, "--out", str(place))
        assert main(["--data", data, "--out", str(place), "--overwrite"]) == 0
    assert not list(tmp_path.glob(".*")), "nothing half-written"


def test_layers_are_made_only_when_asked_for(capsys, data, tmp_path):
    for folder, asked in (("plain", []), ("layered", ["--layers"])):
        assert main(["--data", data, "--html", "--out", str(tmp_path / folder), *asked]) == 0
        texts = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / folder).iterdir()}
        record = json.loads(texts["analysis.json"])
        assert ("leverage" in record) == ("id='layer'" in texts["heatmap.html"]) == bool(asked)
        for form in ("analysis.md", "analysis.txt", "analysis.html"):
            assert ("Key levels by leverage" in texts[form]) == bool(asked)
    assert [math.fsum(fractions) for fractions in record["leverage"]["clusters"]] == pytest.approx(
        [1.0] * len(record["clusters"])
    )


def test_json_is_the_record_of_the_asked_bar(capsys, data):
    frame = simulate(5, bars=300).frame
    at = frame["ts"].iloc[200].isoformat()
    assert main(["--data", data, "--at", at, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["data"]["bars"] == 200
    assert record["at"]["price_quote"] == frame["close"].iloc[199]
    assert record["at"]["bar_close"] == at.replace("+00:00", "Z")


def test_the_terminal_report_goes_to_stdout_and_the_next_command_to_stderr(capsys, data, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--data", data]) == 0
    out, err = capsys.readouterr()
    assert "Map by price level" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert re.fullmatch(rf"next: {re.escape(sys.executable)} -m runs\.validate --data \S+\n", err)


@pytest.mark.usefixtures("no_tearsheet")
def test_a_runs_report_is_that_of_its_last_bar(capsys, data, tmp_path):
    assert backtest(["--strategy", "wipe", "--data", data, "--out", str(tmp_path / "run")]) == 0
    suggested = capsys.readouterr().err.splitlines()[-1]
    assert suggested == f"next: {sys.executable} -m runs.analyze --data {data}"
    assert main([*suggested.split()[4:], "--out", str(tmp_path / "report.md")]) == 0
    run, ours = ((tmp_path / name).read_text(encoding="utf-8") for name in ("run/report.md", "report.md"))
    assert run.split("## Caveats")[0] == ours.split("## Caveats")[0]


def test_several_exchanges_are_one_market_and_the_report_tells_their_shares(capsys, tmp_path):
    market = simulate(5, bars=300)
    for venue, factor in (("binance", 1.0), ("okx", 0.25)):
        sizes = ["volume", "taker_buy_volume", "open_interest", "liquidated_long", "liquidated_short"]
        frame = market.frame.assign(**{name: market.frame[name] * factor for name in sizes})
        import_market(Catalog(tmp_path), dataclasses.replace(market, frame=frame), venue, "BTC/USDT:USDT")
    named = ["--data", "binance+okx:BTC/USDT:USDT:1h", "--catalog", str(tmp_path), "--json"]
    assert main(named) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["venue"] for row in record["exchanges"]["venues"]] == ["binance", "okx"]
    assert record["exchanges"]["venues"][0]["open_interest_fraction"] == pytest.approx(0.8)
    assert any(line.startswith("sizes are sums over binance and okx") for line in record["data"]["caveats"])
    cut = str(market.times[200])
    assert main([*named, "--at", cut]) == 0
    early = json.loads(capsys.readouterr().out)
    assert main([*named, "--end", cut]) == 0
    assert json.loads(capsys.readouterr().out) == early
