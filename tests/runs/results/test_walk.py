"""A walk from Python: the command's windows and verdict, and nothing printed or written unasked."""

import json

import pandas as pd
import pytest

from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from runs.commandline.command import InputError
from runs.outcome.writing import FolderError
from runs.walkforward import main, walk_forward

LENGTHS = {"train": "10d", "test": "5d", "embargo": "1d"}
GRID = {"rule.min_distance": "0.002,0.01", "stop_atr": [1.0, 3.0]}
ARGUMENTS = ["--param", "rule.min_distance=0.002,0.01", "--param", "stop_atr=1.0,3.0", "--train", "10d", "--test", "5d"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("market") / "small.parquet"
    simulate(5, bars=700).frame.drop(columns="open_interest_break").to_parquet(path)
    return path


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path_factory, tmp_path):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(tmp_path_factory.getbasetemp() / "heatmaps"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def walked(data):
    return walk_forward(open_market(str(data)), grid=GRID, **LENGTHS)


@pytest.mark.usefixtures("no_tearsheet")
def test_figures_are_the_commands_and_nothing_is_said_or_written_unasked(data, walked, tmp_path, capfd):
    assert walked.summary["confirmation"]["equal"] == len(walked.windows) == 3
    walked.to_html()
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    saved = walked.save("saved")
    with pytest.raises(FolderError, match="holds an earlier run"):
        walked.save("saved")
    ours = tmp_path / "ours"
    assert main(["--strategy", "magnet", "--data", str(data), *ARGUMENTS, "--embargo", "1d", "--out", str(ours)]) == 0
    for path in ours.iterdir():
        if path.name != "walk.json":  # where the data came from
            assert path.read_bytes() == (saved / path.name).read_bytes(), path.name
    summary = json.loads((ours / "summary.json").read_text())
    assert walked.verdict == summary["verdict"]
    assert (ours / "walk.html").read_text() == walked.to_html()


def test_the_joined_orders_are_those_that_the_fills_name(walked):
    orders, fills = walked.joined.orders.reset_index(), walked.joined.fills.reset_index()
    asked = fills[fills["order"] >= 0].merge(orders, left_on="order", right_index=True, suffixes=("", "_sent"))
    assert len(asked) == (fills["order"] >= 0).sum() > 10
    assert (asked["size"] == asked["size_sent"]).all()
    assert (asked["kind"] == asked["kind_sent"].str.lower()).all()
    assert (asked["time"] > asked["time_sent"]).all()


def test_the_joined_account_is_not_examined_or_saved_as_if_one_run_repeated_it(walked, tmp_path):
    assert not walked.joined.sensitivity["examined"]
    with pytest.raises(FolderError, match="save the walk"):
        walked.joined.save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_windows_equity_and_trades_agree_with_the_summary(walked):
    rows = walked.summary["windows"]
    for row, (number, window) in zip(rows, walked.windows.iterrows(), strict=True):
        chosen = None if pd.isna(window["combination"]) else window["combination"]
        assert (row["number"], row["combination"]) == (number, chosen)
        assert pd.Timestamp(row["test"]["first_bar"]).tz_localize(None) == window["test_from"]
        assert row["chosen"] == {label: window[label] for label in ("rule.min_distance", "rule.stop_atr")}
        assert row["out_of_sample"]["total_return_fraction"] == window["total_return_fraction_out"]
    assert walked.equity.iloc[-1] == walked.metrics["final_equity_quote"]
    assert len(walked.equity) == sum(row["test"]["bars"] for row in rows)
    assert walked.trades["window"].between(1, len(rows)).all()
    assert len(walked.trades) == walked.windows["trades_out"].sum() == walked.metrics["trades"]


def test_what_it_is_takes_one_line(data, walked):
    name = open_market(str(data)).name
    assert repr(walked).startswith(f"WalkForward(magnet on {name}, 360 bars 2024-01-14..2024-01-28: 3 windows, return ")
    assert len(repr(walked)) < 200
    assert walked._repr_html_().count("<tr>") == 1 + len(walked.windows)
    assert walked.plot().get_lines()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"train": "400d"}, "no window fits"),
        ({"test": "soon"}, "--test 'soon'"),
        ({"choose": "worst"}, "--choose worst"),
        ({"search": "model", "trials": 2}, "--search model"),
        ({"grid": {"starting_cash": [1, 2]}}, "--param starting_cash"),
        (
            {"grid": {"min_distance": [0.5]}},
            "no combination gave a result; the first: min_distance = 0.5 must be below",
        ),
    ],
)
def test_bad_input_raises_the_commands_sentence(data, settings, said):
    with pytest.raises(InputError, match=said):
        walk_forward(open_market(str(data)), **{"grid": GRID, **LENGTHS, **settings})
