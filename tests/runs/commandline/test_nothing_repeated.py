"""No option is repeated without a word; hints can be typed as they stand; a configuration reads TOML's own dates."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

import click
import pytest

import runs.console
from indicators.liquidation.parameter_fields import unknown
from indicators.liquidation.parameters import ModelParameters
from runs.commandline.command import Command, suggest
from runs.commandline.options import market_again
from runs.console import COMMANDS, main
from runs.engines.configuration import (
    changed_assignments,
    configuration_from,
    model_parameters,
    parameter_home,
    read_settings,
)

ONE_MARKET = ("analyze", "stress", "benchmark")
DOCUMENTED = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"


def refused(capsys, *words):
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: [^\n]+\n", err)
    return err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_repetition(name):
    command = runs.console.command.get_command(None, name)
    assert isinstance(command, Command)
    for option in command.params:
        if not isinstance(option, click.Option) or option.multiple or option.is_eager:
            continue
        words = [option.opts[-1], *(() if option.is_flag else ("1",))] * 2
        with pytest.raises(click.UsageError, match=f"^{option.opts[-1]} is given 2 times, and this command takes one"):
            command.make_context(name, words)


@pytest.mark.parametrize("name", ONE_MARKET)
def test_a_second_market_is_an_error_where_one_is_taken(name, capsys):
    err = refused(capsys, name, "--data", "a.parquet", "--data", "b.parquet")
    assert (
        "--data is given 2 times, and this command takes one; runs.backtest trades several markets, runs.validate pools them"
        in err
    )


def test_validation_pools_markets_but_not_one_with_itself():
    command = runs.console.command.get_command(None, "validate")
    assert command.make_context("validate", ["--data", "a", "--data", "b"]).params["data"] == ("a", "b")
    with pytest.raises(click.UsageError, match="--data a is given twice"):
        command.make_context("validate", ["--data", "a", "--data", "a"])


@pytest.mark.parametrize("other", ["stop_atr=3", "rule.stop_atr=4", "stop_atr=2"])
def test_a_parameter_is_set_once(other, capsys):
    err = refused(capsys, "backtest", "--strategy", "magnet", "--set", "stop_atr=2", "--set", other)
    assert re.search(r"--set stop_atr(=2)? is given twice", err)


def test_a_parameter_of_the_model_is_set_once():
    with pytest.raises(ValueError, match="--set bin_width is given twice"):
        model_parameters(("bin_width=0.01", "model.bin_width=0.02"))


def test_help_wins_over_repetition(capsys):
    assert main(["backtest", "--data", "a", "--data", "b", "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_a_hint_can_be_typed_as_it_stands(capsys, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/a path/python3")
    market = {"data": None, "catalog": "my data"}
    suggest("backtest", {**market_again(market, 0), "set": ("a=1", "b=x y"), "layers": False, "serve": True}, "folder")
    words = shlex.split(capsys.readouterr().err)
    assert words[:4] == ["next:", "/a path/python3", "-m", "runs.backtest"]
    assert words[4:] == ["folder", "--catalog", "my data", "--seed", "0", "--set", "a=1", "--set", "b=x y", "--serve"]


def test_changed_parameters_of_the_model_read_back_the_same():
    changed = ModelParameters(half_life_hours=(48.0,), half_life_shares=(1.0,), liquidation_price_spread=0.123)
    texts = changed_assignments(changed)
    assert len(texts) == 2
    assert model_parameters(tuple(texts)) == changed
    assert changed_assignments(ModelParameters()) == []


def test_an_unknown_parameter_names_the_three_nearest():
    with pytest.raises(ValueError, match="unknown parameter 'zzz'") as raised:
        parameter_home("magnet", "zzz", "--set")
    found = re.search(r"nearest of (\d+) are (.+)$", str(raised.value))
    assert int(found[1]) > 40
    assert len(found[2].split(", ")) == 3
    assert unknown("venue", "zzz", ["okx", "bybit"]) == "unknown venue 'zzz': known are bybit, okx"


def test_the_dates_of_toml_are_read_as_their_text(tmp_path):
    text = 'strategy = "magnet"\nstart = {}\nend = {}\n'
    (tmp_path / "dates.toml").write_text(text.format("2024-01-02", "2024-01-05T12:00:00Z"))
    (tmp_path / "texts.toml").write_text(text.format('"2024-01-02"', '"2024-01-05T12:00:00+00:00"'))
    dates, texts = (read_settings(tmp_path / name) for name in ("dates.toml", "texts.toml"))
    assert configuration_from(dates) == configuration_from(texts)


def test_the_documented_configuration_is_read_whole(tmp_path):
    (tmp_path / "run.toml").write_text(re.search(r"```toml\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)[1])
    written = tomllib.loads((tmp_path / "run.toml").read_text())
    configuration = configuration_from(read_settings(tmp_path / "run.toml")).as_dict()
    assert (configuration["start"], configuration["end"]) == ("2023-01-01", "2024-01-01T12:00:00")
    for group in ("rule", "model", "sizing", "trading", "costs"):
        for name, value in written[group].items():
            assert configuration[group][name] == (tuple(value) if isinstance(value, list) else value)
