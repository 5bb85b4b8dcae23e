"""A sweep from Python: the command's rows and verdict, and nothing printed or written unasked."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import InputError
from runs.outcome.writing import FolderError
from runs.sweep import main, sweep
from strategies.magnet import Magnet

GRID = {"min_distance": [0.01, 0.02, 0.06], "magnet_ratio": "1.5,3"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("market") / "small.parquet"
    simulate(7, bars=500).frame.drop(columns="open_interest_break").to_parquet(path)
    return path


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path_factory, tmp_path):
    monkeypatch.setenv("LIQUIDATION_HEATMAP_CACHE", str(tmp_path_factory.getbasetemp() / "heatmaps"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def found(data):
    return sweep(open_market(str(data)), grid=GRID, confirm=1)


def same(one, other):
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.usefixtures("no_tearsheet")
def test_rows_and_verdict_are_the_commands_and_memory_or_a_folder_make_no_difference(data, found, tmp_path, capfd):
    kept = sweep(data, grid=GRID, confirm=1, folder="kept", best_runs=1)
    again = sweep(data, grid=GRID, confirm=1, folder="kept", best_runs=1)
    assert capfd.readouterr() == ("", "")
    params = ["--param", "min_distance=0.01,0.02,0.06", "--param", "magnet_ratio=1.5,3"]
    assert main(["--strategy", "magnet", "--data", str(data), *params, "--confirm", "1", "--out", "ours"]) == 0
    table = pd.read_parquet("ours/trials.parquet")
    for one in (found, kept, again):
        same(one.trials, table)
        assert one.record["confirmation"]["equal"] == 1
    summary = json.loads((tmp_path / "ours" / "summary.json").read_text())
    assert found.verdict == summary["verdict"]["verdict"]
    written = {key: value for key, value in summary.items() if key != "runs"}
    assert json.dumps(found.summary, sort_keys=True) == json.dumps(written, sort_keys=True)
    assert found.best["number"] == summary["best"]["number"]
    assert len(list((tmp_path / "kept" / "rows").iterdir())) == 2  # two sessions; the second had nothing to do
    assert sum(path.stat().st_size > 0 for path in (tmp_path / "kept" / "rows").iterdir()) == 1


@pytest.mark.usefixtures("no_tearsheet")
def test_two_processes_find_the_same_and_nothing_is_written_or_said_unasked(data, found, tmp_path, capfd):
    same(sweep(open_market(str(data)), grid=GRID, confirm=0, jobs=2).trials, found.trials)
    found.to_html()
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert found.to_html("page.html") is None
    assert found.verdict in (tmp_path / "page.html").read_text().lower()
    saved = found.save("saved")
    names = {path.name for path in saved.iterdir()} - {".lock"}
    assert names == {"sweep.json", "trials.parquet", "summary.json", "sweep.html"} | {
        f"best-{place}" for place, _ in enumerate(found.runs, 1)
    }
    with pytest.raises(FolderError, match="holds an earlier sweep"):
        found.save("saved")


def test_a_trial_gives_its_configuration_and_the_best_its_run(found):
    assert found.configuration(4).rule["min_distance"] == 0.02
    assert found.configuration(4).model.magnet_ratio == 3.0
    number, run = next(iter(found.runs.items()))
    assert number == found.best["number"]
    assert run.metrics["sharpe"] == pytest.approx(found.best["sharpe"], rel=1e-9)
    with pytest.raises(ValueError, match="there is no trial 6"):
        found.configuration(6)
    with pytest.raises(ValueError, match="must be below max_distance"):
        found.configuration(2)


def test_what_it_is_takes_one_line_and_outside_names_stay_text(data, found):
    title = f"magnet on {open_market(str(data)).name}, 500 bars 2024-01-01..2024-01-21"
    assert repr(found).startswith(f"Sweep({title}: 6 combinations, 2 failed, best sharpe ")
    assert len(repr(found)) < 200
    assert (
        "&lt;b&gt;"
        in sweep(replace(open_market(str(data)), name="<b>"), grid={"stop_atr": [2]}, confirm=0)._repr_html_()
    )
    assert found.plot().get_title() == title


def test_what_is_not_varied_is_set_by_name_or_by_object(data):
    market = open_market(str(data))
    settings = {"grid": {"stop_atr": [2]}, "confirm": 0, "costs": {"taker_fee_bps": 1}, "min_distance": 0.01}
    one = sweep(market, model={"magnet_ratio": 3.0}, **settings)
    other = sweep(market, model=ModelParameters(magnet_ratio=3.0), **settings)
    same(one.trials, other.trials)
    configuration = one.configuration(0)
    assert (configuration.model.magnet_ratio, configuration.costs.taker_fee_bps) == (3.0, 1.0)
    assert (configuration.rule["min_distance"], configuration.rule["stop_atr"]) == (0.01, 2.0)


def test_a_table_and_a_class_are_swept_as_the_market_and_the_name():
    times = pd.date_range("2024-01-01", periods=200, freq="h", name="Date")
    close = pd.Series(100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, 200))), times)
    frame = pd.DataFrame({"Open": close, "High": 1.01 * close, "Low": 0.99 * close, "Close": close, "Volume": 9.0})
    one = sweep(frame, grid={"stop_atr": np.array([1.0, 3.0])}, confirm=1)
    assert one.record["confirmation"]["equal"] == 1
    other = sweep(frame, Magnet, grid={"stop_atr": "1,3"}, confirm=0)
    columns = [name for name in one.trials if name != "key"]  # the strategy's name is part of it
    same(one.trials[columns], other.trials[columns])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"grid": {}}, "nothing to sweep"),
        ({"grid": {"min_distanc": [1]}}, "did you mean 'min_distance'"),
        ({"grid": {"stop_atr": 3}}, "write its values as a list"),
        ({"grid": {"stop_atr": []}}, "no values"),
        ({"grid": GRID, "search": "genetic"}, "genetic"),
        ({"grid": GRID, "search": "random"}, "needs --trials"),
        ({"grid": GRID, "objective": "sharp"}, "did you mean 'sharpe'"),
        ({"grid": GRID, "strategy": "magnt"}, "did you mean 'magnet'"),
        ({"grid": GRID, "stop_art": 3}, "did you mean 'stop_atr'"),
        ({"grid": GRID, "jobs": 0}, "at least one process"),
        (
            {"grid": {"min_distance": [0.5]}},
            "no combination gave a result; the first: min_distance = 0.5 must be below",
        ),
    ],
)
def test_bad_input_raises_the_commands_sentence(data, settings, said):
    with pytest.raises(InputError, match=said):
        sweep(open_market(str(data)), **settings)
