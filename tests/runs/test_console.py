"""The console script's subcommands are the command modules of `runs`."""

import importlib
from pathlib import Path

from runs.console import COMMANDS, main

RUNS = Path(__file__).resolve().parents[2] / "runs"


def test_every_module_with_a_main_is_a_subcommand_and_conversely():
    with_main = {p.stem for p in RUNS.glob("*.py") if "\ndef main(" in p.read_text(encoding="utf-8")} - {"console"}
    assert with_main == set(COMMANDS)
    for name in COMMANDS:
        assert callable(importlib.import_module(f"runs.{name}").main)


def test_help_lists_the_commands(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


def test_an_unknown_command_gets_one_line(capsys):
    assert main(["backtset"]) == 2
    assert capsys.readouterr().err == "error: unknown command 'backtset': did you mean 'backtest'?\n"


def test_help_of_every_command_shows_an_example(capsys):
    for name in COMMANDS:
        assert main([name, "--help"]) == 0
        assert "Example:" in capsys.readouterr().out
