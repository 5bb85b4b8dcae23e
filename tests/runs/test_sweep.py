"""The command: rows, table and exit codes, and one line for every bad input."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import load_market, run_backtest
from runs.outcome.metrics import run_metrics
from runs.sweep import main
from runs.sweeps.folder import occupied
from runs.sweeps.rows.objective import METRICS

SMALL = ["--param", "min_distance=0.01,0.02,0.06", "--param", "magnet_ratio=1.5,3"]


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    path = tmp_path_factory.mktemp("market") / "small.parquet"
    simulate(7).frame.iloc[:500].drop(columns="open_interest_break").to_parquet(path)
    return str(path)


@pytest.fixture(autouse=True)
def own_heatmaps(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(tmp_path_factory.getbasetemp() / "heatmaps"))


def swept(market, out, *more, params=SMALL):
    return main(["--strategy", "magnet", "--data", market, *params, "--out", str(out), "--confirm", "0", *more])


def rows(folder):
    return sorted(line for path in (folder / "rows").iterdir() for line in path.read_bytes().splitlines())


def test_every_combination_is_a_row_with_the_figures_of_its_backtest(market, tmp_path, capsys):
    assert main(["--strategy", "magnet", "--data", market, *SMALL, "--out", str(tmp_path / "a"), "--confirm", "3"]) == 0
    assert "agrees with the best 3, trade for trade" in " ".join(capsys.readouterr().out.split())
    trials = pd.read_parquet(tmp_path / "a" / "trials.parquet")
    product = list(itertools.product([1.5, 3.0], [0.01, 0.02, 0.06]))
    assert list(zip(trials["model.magnet_ratio"], trials["rule.min_distance"], strict=True)) == product
    assert list(trials["number"]) == list(range(6))
    assert list(trials["status"]) == ["ok", "ok", "error"] * 2
    assert trials["error"][2] == "min_distance = 0.06 must be below max_distance = 0.05"
    assert len(trials["daily_returns"][2]) == 0
    assert trials["sharpe"][2] != trials["sharpe"][2]
    configuration = configuration_from(
        {"strategy": "magnet", "data": market, "rule": {"min_distance": 0.02}, "model": {"magnet_ratio": 3.0}}
    )
    figures = run_metrics(run_backtest(configuration, load_market(configuration)))
    flat = figures["performance"] | figures["trading"] | figures["money"] | figures["exposure"]
    flat["constant_exposure_return_fraction"] = figures["constant_exposure"]["total_return_fraction"]
    for name in METRICS:
        np.testing.assert_allclose(trials[name][4], flat[name], rtol=1e-9, err_msg=name)


def test_processes_a_rerun_and_a_resumed_sweep_give_identical_rows(market, tmp_path):
    assert swept(market, tmp_path / "one") == 0
    assert swept(market, tmp_path / "again") == 0
    assert swept(market, tmp_path / "two", "--jobs", "2") == 0
    before = rows(tmp_path / "one")
    assert before == rows(tmp_path / "again") == rows(tmp_path / "two")
    assert main(["--resume", str(tmp_path / "one"), "--confirm", "0"]) == 0
    assert rows(tmp_path / "one") == before


def test_entries_that_are_not_opened_are_counted_in_each_row_and_told(market, tmp_path, capsys):
    size, folder = (
        ("--set", "max_leverage=50", "--set", "risk_fraction=1", "--set", "costs.leverage=50"),
        tmp_path / "a",
    )
    assert swept(market, folder, *size, params=["--param", "starting_cash=10,1000,1e9"]) == 0
    trials = pd.read_parquet(folder / "trials.parquet").set_index("costs.starting_cash")
    assert (trials["entries_below_one_step"] > 0).tolist() == [True, False, False]
    assert (trials["entries_refused_for_leverage"] > 0).tolist() == [False, False, True]
    assert (trials["entries_refused"] == trials["entries_refused_for_leverage"]).all()
    assert trials["trades"][1e9] == 0
    assert "In 2 combinations not all entries were opened" in " ".join(capsys.readouterr().out.split())
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["counts"]["with_entries_not_opened"] == 2
    page = (folder / "sweep.html").read_text()
    assert ">2</data> not all entries were opened" in page
    assert "entries below one step" in page
    assert "entries refused for margin" not in page


@pytest.mark.parametrize("objective", ["calmar", "max_drawdown_fraction"])
def test_an_old_name_of_a_figure_is_answered_with_the_new_one(objective, market, tmp_path, capsys):
    assert main(["--strategy", "magnet", "--data", market, *SMALL, "--objective", objective]) == 2
    new = {"calmar": "bar_calmar", "max_drawdown_fraction": "max_bar_drawdown_fraction"}[objective]
    assert f"objective '{objective}' is now called '{new}'" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["random", "model"])
def test_a_search_gives_the_same_rows_whoever_works_and_however_often_it_stops(market, tmp_path, method):
    params = [
        "--param",
        "min_distance=0.001:0.03:0.001",
        "--param",
        "stop_atr=1:5:0.5",
        "--param",
        "max_leverage=1,2,3",
    ]
    more = ["--search", method, "--trials", "40", "--seed", "5"]
    assert swept(market, tmp_path / "one", *more, params=params) == 0
    assert swept(market, tmp_path / "two", *more, "--jobs", "2", params=params) == 0
    whole = rows(tmp_path / "one")
    assert len(whole) == 40
    assert rows(tmp_path / "two") == whole
    (path,) = (tmp_path / "two" / "rows").iterdir()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:21])[:-5])
    assert main(["--resume", str(tmp_path / "two"), "--confirm", "0"]) == 0
    assert rows(tmp_path / "two") == whole


def test_a_difference_in_the_event_engine_ends_with_one_line_and_code_1(market, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("runs.sweeps.run.first_difference", lambda *_: "trade 3 differs: this, not that")
    assert main(["--strategy", "magnet", "--data", market, *SMALL, "--out", str(tmp_path / "a")]) == 1
    assert "differs in the event engine: trade 3 differs: this, not that\n" in capsys.readouterr().err
    facts = json.loads((tmp_path / "a" / "sweep.json").read_text())
    assert facts["confirmation"]["difference"] == "trade 3 differs: this, not that"
    assert facts["confirmation"]["equal"] == 0


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(market, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["--strategy", "magnet", "--data", market, *SMALL, "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["dry_run"], plan["runs"], plan["bars"]) == (True, 6, 500)
    assert {axis["parameter"]: axis["count"] for axis in plan["space"]} == {
        "model.magnet_ratio": 2,
        "rule.min_distance": 3,
    }
    assert list(tmp_path.iterdir()) == []


def test_json_is_the_summary_and_nothing_else(market, tmp_path, capsys):
    assert swept(market, tmp_path / "a", "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["folder"] == str(tmp_path / "a")
    assert summary["confirmation"]["asked"] == 0


BAD = {
    "no strategy": ([], "no strategy named"),
    "nothing to sweep": (["--strategy", "magnet"], "nothing to sweep"),
    "unknown strategy": (["--strategy", "magnt", *SMALL], "did you mean 'magnet'"),
    "unknown parameter": (["--strategy", "magnet", "--param", "min_distanc=1,2"], "did you mean 'min_distance'"),
    "empty": (["--strategy", "magnet", "--param", "min_distance="], "no values"),
    "reversed": (["--strategy", "magnet", "--param", "min_distance=2:1:0.1"], "reversed"),
    "not a number": (["--strategy", "magnet", "--param", "min_distance=nan"], "no finite number"),
    "too large": (
        ["--strategy", "magnet", "--param", "min_distance=0:1:0.000000001"],
        "the grid has 1,000,000,001 combinations",
    ),
    "twice": (["--strategy", "magnet", "--param", "min_distance=1,2", "--param", "rule.min_distance=3"], "given twice"),
    "no trials": (["--strategy", "magnet", *SMALL, "--search", "random"], "needs --trials"),
    "grid with trials": (["--strategy", "magnet", *SMALL, "--trials", "3"], "--trials needs --search"),
    "too many trials": (["--strategy", "magnet", *SMALL, "--search", "random", "--trials", "7"], "no more than 6"),
    "objective": (["--strategy", "magnet", *SMALL, "--objective", "sharp"], "did you mean 'sharpe'"),
    "search": (["--strategy", "magnet", *SMALL, "--search", "genetic"], "genetic"),
    "jobs": (["--strategy", "magnet", *SMALL, "--jobs", "0"], "jobs"),
    "data": (["--strategy", "magnet", *SMALL, "--data", "nowhere.parquet"], "nowhere.parquet"),
    "both folders": (["--resume", "a", "--out", "b"], "--resume names the folder already"),
    "no sweep": (["--resume", "nowhere"], "holds no sweep"),
    "jobs on a cluster": (
        ["--strategy", "magnet", *SMALL, "--jobs", "2", "--cluster", "tcp://127.0.0.1:1"],
        "--jobs is for",
    ),
    "open cluster": (["--strategy", "magnet", *SMALL, "--cluster", "tcp://10.0.0.1:8786"], "without TLS"),
    "other cluster": (["--strategy", "magnet", *SMALL, "--cluster", "http://127.0.0.1:8786"], "tls://host:port"),
    "no port": (["--strategy", "magnet", *SMALL, "--cluster", "tcp://127.0.0.1"], "tls://host:port"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_code_2_and_leaves_nothing(case, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, why = BAD[case]
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert why in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_where_no_combination_is_valid_the_first_reason_is_said(market, tmp_path, capsys):
    assert swept(market, tmp_path / "a", params=["--param", "min_distance=0.5,0.6"]) == 2
    assert "no combination gave a result; the first: min_distance = 0.5 must be below" in capsys.readouterr().err


def test_taken_folders_are_refused(market, tmp_path, capsys):
    assert swept(market, tmp_path / "a") == 0
    capsys.readouterr()
    assert swept(market, tmp_path / "a") == 2
    assert "holds an earlier sweep; name a new folder, or go on with it by --resume" in capsys.readouterr().err
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "letter.txt").write_text("dear")
    assert swept(market, tmp_path / "b") == 2
    assert "holds other files" in capsys.readouterr().err
    assert swept(market, tmp_path / "b" / "letter.txt") == 2
    assert "is a file" in capsys.readouterr().err


def edit(folder, **changes):
    path = folder / "sweep.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_folder_of_other_code_data_or_configuration_is_not_resumed(market, tmp_path, capsys):
    folder = tmp_path / "a"
    assert swept(market, folder) == 0
    resume, original = ["--resume", str(folder), "--confirm", "0"], (folder / "sweep.json").read_text()
    facts = json.loads(original)
    cases = [
        (lambda: edit(folder, code="0123456789abcdef"), [], 'code differs: "0123456789abcdef" there'),
        (lambda: edit(folder, data=facts["data"] | {"fingerprint": "77"}), [], 'data.fingerprint differs: "77" there'),
        (lambda: edit(folder, format=0), [], "was written by another version"),
        (lambda: (folder / "sweep.json").write_text("{"), [], "holds no sweep"),
        (lambda: None, ["--set", "taker_fee_bps=1"], "configuration.costs.taker_fee_bps differs: null there, 1.0 here"),
        (lambda: None, ["--param", "min_distance=0.01"], "space differs"),
        (lambda: None, ["--search", "random", "--trials", "3"], 'search.method differs: "grid" there, "random" here'),
        (lambda: None, ["--objective", "bar_calmar"], 'objective differs: "sharpe" there, "bar_calmar" here'),
    ]
    for change, more, why in cases:
        (folder / "sweep.json").write_text(original)
        change()
        capsys.readouterr()
        assert main([*resume, *more]) == 2
        said = capsys.readouterr().err
        assert why in said
        assert said.count("\n") == 1


def test_two_sweeps_cannot_work_in_one_folder(market, tmp_path, capsys):
    folder = tmp_path / "a"
    assert swept(market, folder) == 0
    with occupied(folder, {}, new=False):
        assert main(["--resume", str(folder)]) == 2
    assert "another sweep is at work there" in capsys.readouterr().err


def test_help_begins_with_what_it_does_and_ends_with_examples(capsys):
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "Example: python -m runs.sweep --strategy magnet --param magnet_ratio=1.5,2,3" in said
