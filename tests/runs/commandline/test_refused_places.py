"""What a system refuses is one line and exit code 2, wherever it is met; a defect of ours keeps its traceback."""

import errno
import importlib
import os

import click
import pytest

from datafeeds.simulated.market import simulate
from runs.commandline.command import run_command

LONG = "a" * 256
"""No file system takes a name of more than 255 bytes."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=100).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


@pytest.mark.parametrize(
    "arguments",
    [
        "backtest --strategy magnet --data LONG", "backtest --strategy magnet --data binance:LONG:1h",
        "backtest --strategy magnet --data DATA --config LONG.toml", "backtest --strategy magnet --data DATA --mapping LONG.toml",
        "backtest --strategy magnet --data DATA --set venue=LONG.toml", "backtest --strategy LONG --data DATA",
        "backtest --strategy magnet --data binance:BTC/USDT:USDT:1h --catalog LONG", "analyze --data LONG.csv",
        "sweep --resume LONG --strategy magnet", "stress --data LONG.parquet", "validate --data LONG.parquet",
        "validate --data DATA --positions LONG.csv", "lookahead --strategy magnet --data LONG.csv", "review LONG", "new LONG",
        "download --list --catalog LONG", "download --import LONG.csv --venue binance --symbol BTC/USDT:USDT --catalog c",
    ],
)  # fmt: skip
def test_a_name_that_no_file_system_takes_is_one_line(arguments, data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name, *given = arguments.replace("LONG", LONG).replace("DATA", data).split()
    assert importlib.import_module(f"runs.{name}").main(given) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(("error: ", "Usage: "))
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def raising(number):
    @click.command()
    def command():
        raise OSError(number, os.strerror(number), "place")

    return command


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_refusal_that_nobody_foresaw_is_one_line(number, capsys):
    assert run_command(raising(number), []) == 2
    assert capsys.readouterr().err == f"error: place: {os.strerror(number)}\n"


def test_a_file_of_ours_that_is_missing_is_a_defect():
    with pytest.raises(FileNotFoundError):
        run_command(raising(errno.ENOENT), [])
