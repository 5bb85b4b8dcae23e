"""A backtest from Python: the command's figures, nothing printed, nothing written but what is asked for."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from datafeeds.errors import MarketError
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.backtest import backtest, main
from runs.commandline.command import InputError
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.outcome.writing import FolderError, jsonable
from runs.perpetual.costs import CostParameters
from runs.results.backtest import Result
from strategies.magnet import Magnet

pytestmark = pytest.mark.usefixtures("no_tearsheet")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return simulate(3, bars=1500).frame.drop(columns="open_interest_break").set_index("ts").rename(columns=str.title)


@pytest.fixture(scope="module")
def result(frame) -> Result:
    return backtest(frame, magnet_ratio=3.0, costs={"leverage": 5.0})


def folder_of_the_command(frame: pd.DataFrame, tmp_path: Path) -> Path:
    frame.rename(columns=str.lower).reset_index().to_parquet(tmp_path / "data.parquet")
    words = (
        f"--data {tmp_path}/data.parquet --set magnet_ratio=3 --set leverage=5 --strategy magnet --out {tmp_path}/run"
    )
    assert main(words.split()) == 0
    return tmp_path / "run"


def test_bars_made_in_three_lines_can_be_traded():
    times = pd.date_range("2024-01-01", periods=500, freq="h")
    close = 100.0 + 10.0 * np.sin(np.arange(500) / 9.0)
    bars = pd.DataFrame(
        {"Open": close, "High": close + 1, "Low": close - 1, "Close": close, "Volume": 9.0}, index=times
    )
    assert len(backtest(bars).equity) == 500


def test_door_and_command_say_the_same(frame, result, tmp_path):
    command = folder_of_the_command(frame, tmp_path)
    door = result.save(tmp_path / "door")
    theirs, ours = (json.loads((folder / "metrics.json").read_text()) for folder in (command, door))
    for metrics in (theirs, ours):  # what the market is called is all that may differ
        metrics["data"].pop("name")
    assert ours == theirs
    assert (door / "trades.csv").read_bytes() == (command / "trades.csv").read_bytes()
    assert (door / "equity.parquet").read_bytes() == (command / "equity.parquet").read_bytes()
    assert {path.name for path in door.iterdir()} == {path.name for path in command.iterdir()}


def test_a_run_without_backtrader_is_the_event_engines(frame, result):
    run = run_backtest(result.run.configuration, result.run.market)
    assert np.array_equal(run.equity, result.run.equity)
    assert np.array_equal(run.fills, result.run.fills)
    assert np.array_equal(run.clusters, result.run.clusters)
    assert len(result.orders) == len(run.orders or ())
    assert jsonable(Result(run).record) == jsonable(result.record)


def test_tables_hold_the_ledger_by_time(result):
    run = result.run
    assert result.equity.iloc[-1] == run.account["wallet"][0] or run.position[-1] != 0.0
    assert list(result.equity.index) == list(pd.DatetimeIndex(run.times))
    assert (result.fills.index == pd.DatetimeIndex(run.times)[run.fills["bar"]]).all()
    assert set(result.fills["kind"]) <= {"market", "limit", "stop", "liquidation", "funding"}
    assert result.metrics["trades"] == len(result.trades)
    assert result.metrics["total_return_fraction"] == pytest.approx(
        result.equity.iloc[-1] / run.account["start"][0] - 1.0
    )
    assert result.snapshots["magnet"].equals(result.heatmap.snapshots["magnet"])


def test_an_order_sent_before_the_first_close_has_no_time(frame):
    orders = backtest(frame, "tests.runs.planted.large:Early").orders
    assert orders["bar"].tolist() == [-1, 0]
    assert orders.index.isna().tolist() == [True, False]
    assert orders.index[1] == frame.index[0].tz_localize(None)


def test_parameters_may_be_objects_or_names_and_the_strategy_its_class(frame, result):
    same = backtest(frame, Magnet, magnet_ratio=3.0, costs=CostParameters(leverage=5.0), model=ModelParameters())
    assert np.array_equal(same.run.fills, result.run.fills)


def test_a_result_is_one_short_line(result):
    assert re.fullmatch(
        r"Result\(magnet on data, 1,500 bars 2024-01-01\.\.2024-03-03: return [+-][\d.]+ %, Sharpe -?[\d.]+, \d+ trades, "
        r"drawdown by bar -[\d.]+ %\)",
        repr(result),
    )


def test_what_a_notebook_shows_is_small_and_runs_no_script(frame):
    from datafeeds.markets import read

    shown = backtest(read(frame, name="<script>alert(1)</script>\n"))._repr_html_()
    assert "<script" not in shown
    assert len(shown) < 3000


def test_nothing_is_printed_or_written_unless_asked(frame, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    result = backtest(frame)
    repr(result), result._repr_html_(), result.record, result.orders, result.clusters(), result.to_html()
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert result.to_html(tmp_path / "map.html") is None
    assert (tmp_path / "map.html").read_text() == result.to_html()


def test_a_picture_is_drawn_where_one_wants_it(result):
    axes = pyplot.figure().add_subplot()
    assert result.plot(axes) is axes
    assert axes.lines[0].get_ydata()[-1] == result.equity.iloc[-1]
    pyplot.close("all")


def test_the_first_use_of_a_folder_is_kept(result, tmp_path):
    folder = result.save(tmp_path / "run")
    with pytest.raises(FolderError, match="earlier run"):
        result.save(folder)
    assert result.save(folder, overwrite=True) == folder


def test_a_run_in_memory_says_that_it_cannot_be_repeated_from_its_folder(result, tmp_path, capsys):
    folder = result.save(tmp_path / "run")
    assert main(["--config", str(folder / "run.json"), "--out", str(tmp_path / "again")]) == 2
    assert "in memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"strategy": "magnit"}, "did you mean 'magnet'"),
        ({"magnet_ration": 3}, "did you mean 'magnet_ratio'"),
        ({"costs": {"leverage": -1.0}}, "leverage = -1 must be at least 1"),
        ({"costs": {"leverage": 5000.0}}, "leverage"),
        ({"model": {"bin_with": 0.1}}, "did you mean 'bin_width'"),
    ],
)
def test_bad_input_is_the_commands_one_sentence(frame, asked, said, capsys, tmp_path):
    with pytest.raises(InputError, match=said) as caught:
        backtest(frame, **asked)
    frame.rename(columns=str.lower).reset_index().to_parquet(tmp_path / "data.parquet")
    groups = ("costs", "model")
    named = {key: value for group in groups for key, value in asked.get(group, {}).items()}
    named |= {key: value for key, value in asked.items() if key not in (*groups, "strategy")}
    words = ["--data", str(tmp_path / "data.parquet"), "--strategy", asked.get("strategy", "magnet")]
    assert main(words + [word for key, value in named.items() for word in ("--set", f"{key}={value}")]) == 2
    assert capsys.readouterr().err == f"error: {caught.value}\n"


def test_a_bad_table_is_a_market_error(frame):
    with pytest.raises(MarketError, match="missing column close"):
        backtest(frame.drop(columns="Close"))


def test_a_figure_without_a_trade_is_a_dash(frame):
    idle = backtest(frame, magnet_ratio=1000)
    assert "Sharpe -, 0 trades" in repr(idle)


def test_the_configuration_is_the_commands(result):
    wanted = configuration_from({"strategy": "magnet", "model": {"magnet_ratio": 3}, "costs": {"leverage": 5}})
    ours = result.run.configuration
    assert (ours.rule, ours.model, ours.costs) == (wanted.rule, wanted.model, wanted.costs)
