"""What every command keeps to: streams, colours, --debug, --dry-run, --json, completion, examples, the next command.

A new command joins the tables below; without its entry the first test fails.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

import runs.console
from datafeeds.simulated.market import simulate
from runs.commandline import compiling
from runs.console import COMMANDS, main
from tests.runs.reviews.forging import real_run

PROJECT = Path(__file__).resolve().parents[2]
GUIDE = (PROJECT / "docs" / "howto" / "commands.md").read_text(encoding="utf-8")
VARIABLE = "_LIQUIDATION_HEATMAP_COMPLETE"

PARAM = ("--param", "retest_tolerance=0.005,0.01")
SPANS = ("--train", "5d", "--test", "2d", "--purge", "1h", "--embargo", "1h")

# A run of the command that works and costs little; DATA is a small market file, RESULTS a folder with a run.
WORKS = {
    "backtest": ["--strategy", "overlay", "--data", "DATA", "--out", "out", "--overwrite"],
    "analyze": ["--data", "DATA"],
    "sweep": ["--strategy", "wipe", "--data", "DATA", *PARAM, "--out", "swept", "--confirm", "1"],
    "walkforward": ["--strategy", "wipe", "--data", "DATA", *PARAM, *SPANS, "--out", "walk", "--overwrite"],
    "review": ["RESULTS"],
    "download": ["--list", "--catalog", "catalog"],
    "stress": ["--data", "DATA", "--out", "stressed", "--overwrite"],
    "validate": ["--data", "DATA", "--out", "claims", "--overwrite"],
    "new": ["my_rule"],
    "lookahead": ["--strategy", "wipe", "--data", "DATA", "--cuts", "1"],
    "benchmark": ["--bars", "1000", "--rounds", "1"],
}
COMPILE = set(WORKS) - {"review", "download", "new"}
PAGED = {"backtest", "stress", "sweep", "walkforward", "validate", "review"}
# A mistake of the user's, one that click finds and one that we find.
FAILS = {
    "backtest": ["--strategy", "magnte"],
    "analyze": ["--data", "nothing.parquet"],
    "sweep": ["--strategy", "wipe", "--param", "nearset=1,2"],
    "walkforward": ["--strategy", "wipe", "--param", "nearset=1,2"],
    "review": ["nowhere"],
    "download": ["--venue", "nowhere", "--symbol", "X", "--start", "2024-01-01", "--dry-run"],
    "stress": ["--data", "nothing.parquet"],
    "validate": ["--data", "nothing.parquet"],
    "new": ["my-rule"],
    "lookahead": ["--strategy", "magnte"],
    "benchmark": ["--data", "nothing.parquet"],
}
# Long work, and how to have it told instead of done.
LONG = {
    "backtest": ["--strategy", "magnet", "--data", "DATA"],
    "validate": ["--data", "DATA"],
    "sweep": ["--strategy", "wipe", "--data", "DATA", *PARAM],
    "walkforward": ["--strategy", "wipe", "--data", "DATA", *PARAM, *SPANS],
    "download": ["--venue", "bybit", "--symbol", "BTC/USDT:USDT", "--start", "2024-01-01", "--end", "2024-03-01"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=300).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    real_run(folder / "first")
    return str(folder)


@pytest.fixture
def run(data, results, tmp_path, monkeypatch, capsys, no_tearsheet):
    """Return a function that runs a command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(name, *arguments):
        stands_for = {"DATA": data, "RESULTS": results}
        code = main([name, *(stands_for.get(word, word) for word in arguments)])
        return code, *capsys.readouterr()

    return call


def test_every_command_is_held_to_the_conventions():
    assert set(WORKS) == set(FAILS) == set(COMMANDS)
    offered = {name for name in COMMANDS if "--dry-run" in options_of(name)}
    assert offered == set(LONG)


def options_of(name):
    command = runs.console.command.get_command(None, name)
    return [option for parameter in command.params for option in parameter.opts]


@pytest.mark.parametrize("name", COMMANDS)
def test_stdout_has_results_with_all_pages_and_stderr_notes_and_the_next_command_without_colour(
    name, run, monkeypatch, results, tmp_path
):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(compiling, "is_kept", lambda _: False)  # as on a first run
    code, out, err = run(name, *WORKS[name])
    assert code == 0, err
    assert out
    assert not re.search(r"\x1b\[[\d;]*(3|4|9|10)\d", out), "a colour in spite of NO_COLOR"
    lines = [re.sub(r"\x1b\[[\d;?]*\w|\r", "", line) for line in err.splitlines()]
    told = [line for line in lines if line.startswith(("note: ", "next: "))]
    assert "note: " not in out
    assert "next: " not in out
    assert re.match(rf"next: {re.escape(sys.executable)} -m runs\.(\w+)( |$)", told[-1])
    assert told[-1].split("runs.")[1].split()[0] in COMMANDS
    assert sum(line.startswith("next: ") for line in told) == 1
    assert sum(line.startswith("note: compiling the map") for line in told) == (name in COMPILE)
    pages = [line.removeprefix("Pages: ").split(", ") for line in out.splitlines() if line.startswith("Pages: ")]
    assert len(pages) == (name in PAGED)
    if pages:
        top = Path(results) if name == "review" else next(path for path in tmp_path.iterdir() if path.is_dir())
        assert {tmp_path / page for page in pages[0]} == set(top.glob("*.html"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dumb_terminal_gets_no_escapes_and_json_nothing_but_json(name, run, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    code, out, err = run(name, *WORKS[name], "--json")
    assert code == 0
    json.loads(out)
    assert "\x1b" not in out + err
    assert "next: " not in err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_mistake_is_one_line_and_debug_shows_where(name, run):
    code, out, err = run(name, *FAILS[name])
    assert (code, out) == (2, "")
    assert re.fullmatch(r"error: [^\n]+\n", err)
    code, out, traced = run(name, *FAILS[name], "--debug")
    assert (code, out) == (2, "")
    assert "Traceback (most recent call last)" in traced
    assert traced.endswith(err)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_one_line_and_debug_shows_where(name, run):
    code, out, err = run(name, "--no-such-option")
    assert (code, out) == (2, "")
    assert err.startswith("error: No such option")
    assert err.count("\n") == 1
    assert "Traceback" in run(name, "--no-such-option", "--debug")[2]


@pytest.mark.parametrize("name", LONG)
def test_a_dry_run_tells_all_and_does_nothing(name, run, tmp_path):
    code, out, err = run(name, *LONG[name], "--dry-run")
    assert (code, err) == (0, "")
    plan = json.loads(out)
    assert plan["dry_run"] is True
    assert plan["bars"] >= 300
    assert plan["runs"] >= 1
    assert plan["estimated_seconds"] > 0.0
    assert plan["configuration"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_debug(name, run):
    code, out, _ = run(name, "--help")
    assert code == 0
    assert re.search(rf"Example: python\s+-m\s+runs\.{name}", out)
    assert "--debug" in out
    assert "--json" in out


def completions(words, incomplete):
    completer = BashComplete(runs.console.command, {}, "liquidation-heatmap", VARIABLE)
    return [item.value for item in completer.get_completions(words, incomplete)]


def test_the_guide_names_every_command_once():
    assert sorted(re.findall(r"^\| `(\w+)` \|", GUIDE, flags=re.MULTILINE)) == sorted(COMMANDS)


def test_names_of_commands_are_completed():
    assert completions([], "") == list(COMMANDS)
    assert completions([], "back") == ["backtest"]


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_every_command_are_completed(name):
    assert set(completions([name], "--")) >= {"--debug", "--json", "--help"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_of_the_guide_sets_completion_up(shell):
    environment = os.environ | {VARIABLE: f"{shell}_source"}
    code = "import sys; sys.argv = ['liquidation-heatmap']; from runs.console import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert f"{shell}_complete" in done.stdout
    assert f"{VARIABLE}={shell}_source liquidation-heatmap" in GUIDE


def test_neither_help_nor_completion_of_names_loads_a_command():
    code = "import sys; from runs.console import main; main(['--help']); print(sorted({'backtrader', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
