"""What `runs.new` writes works as it stands; and a rule that does not compile says why, once, and runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import runs.backtest
import runs.lookahead
import runs.sweep
from datafeeds.simulated.market import simulate
from runs.engines.evaluator import is_compiled
from runs.new import files_of, main
from strategies.registry import load_strategy
from strategies.uncompiled import compile_problem

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=400).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


def test_what_is_written_passes_its_test_and_the_check_for_look_ahead_and_can_be_run_and_swept(
    folder, data, capsys, no_tearsheet
):
    assert main(["first_rule"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["wrote first_rule.py", "wrote test_first_rule.py"]
    assert err.endswith("-m runs.backtest --strategy first_rule:FirstRule\n")
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_first_rule.py"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    named = ["--strategy", "first_rule:FirstRule", "--data", data]
    assert runs.backtest.main([*named, "--out", "out"]) == 0
    assert (folder / "out" / "trades.csv").read_text().count("\n") > 1, "it trades"
    assert runs.lookahead.main([*named, "--cuts", "1"]) == 0
    swept = ["--param", "window=12,24", "--param", "stop_atr=2:4:2", "--out", "swept", "--confirm", "1", "--jobs", "1"]
    assert runs.sweep.main([*named, *swept]) == 0
    assert is_compiled(load_strategy("first_rule:FirstRule"))


def test_the_sweep_that_it_names_is_the_one_in_its_text():
    text = files_of("my_rule")["my_rule.py"]
    assert "-m runs.sweep --strategy my_rule:MyRule --param window=24,48,96 --param stop_atr=2:4:1\n" in text
    assert "NAME" not in text.replace("NAME=VALUE", "")
    assert "CLASS" not in text


@pytest.mark.parametrize("name", ["my-rule", "class", "1st", "_", "a.b", "../x", "übung", ""])
def test_a_name_that_is_none_is_one_line_and_writes_nothing(name, folder, capsys):
    assert main([name]) == 2
    assert capsys.readouterr().err.startswith(f"error: {name!r} is no name of a module")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("there", ["mine.py", "test_mine.py"])
def test_a_file_that_is_there_is_left_alone_and_nothing_is_written(there, folder, capsys):
    (folder / there).write_text("mine")
    assert main(["mine"]) == 2
    assert capsys.readouterr().err == f"error: {there} is there already: name another, or remove it\n"
    assert [path.read_text() for path in folder.iterdir()] == ["mine"]


def test_a_name_that_would_be_another_module_is_refused(folder, capsys):
    assert main(["json"]) == 2
    assert "json: a module of that name is installed" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_line(folder, capsys, monkeypatch):
    opened = Path.open

    def refuse(path, *arguments, **details):
        if path.name.startswith("test_"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **details)

    monkeypatch.setattr(Path, "open", refuse)
    assert main(["mine"]) == 2
    assert "cannot be written (Permission denied)" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


HEAD = """
from dataclasses import dataclass
from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import parameter
from strategies.base import PerpetualStrategy
from strategies.intent import close, enter, keep, target_exposure

@dataclass(frozen=True)
class P:
    size: float = parameter(0.5, unit="x", source="planted")

@compiled_rule
def helper(market):
    return HELPER

class S(PerpetualStrategy):
    parameters_kind = P
    @staticmethod
    @compiled_rule
    def decide(market, position, parameters):
        BODY
"""
# What numba cannot compile, its line in the file, and what is said of it.
UNCOMPILED = {
    "list": ("return target_exposure(parameters.size if [1.0, market.close[-1]][-1:] else 0.0)", "1.0", 21, "creates a list"),
    "text": ("return target_exposure(float(f'{parameters.size}'))", "1.0", 18, ""),  # numba does not say where
    "types": ("x = 1.0 if market.close[-1] > 0 else 'a'\n        return keep() if x == 'a' else close()", "1.0", 21, "unify"),
    "index": ("return target_exposure(0.0 * market.close[-int(1)] + {0: parameters.size}[0])", "1.0", 21, ""),
    "helper": ("return target_exposure(helper(market))", "len([0.5])", 14, "creates a list"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNCOMPILED)
def test_a_rule_that_does_not_compile_is_told_with_its_line(case, folder):
    body, helper, line, told = UNCOMPILED[case]
    (folder / f"odd_{case}.py").write_text(HEAD.replace("BODY", body).replace("HELPER", helper))
    problem = compile_problem(load_strategy(f"odd_{case}:S"))
    assert problem.startswith(f"{folder / f'odd_{case}.py'}, line {line}: ")
    assert told in problem
    assert not is_compiled(load_strategy(f"odd_{case}:S"))


def test_a_rule_that_does_not_compile_is_told_of_once_and_runs(folder, data, capsys, no_tearsheet):
    body = "return target_exposure([parameters.size][0])"
    (folder / "odd_one.py").write_text(HEAD.replace("BODY", body).replace("HELPER", "1.0"))
    assert runs.backtest.main(["--strategy", "odd_one:S", "--data", data, "--out", "out"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "does not compile" in line]
    assert len(notes) == 1
    assert "odd_one.py, line 21: it creates a list" in notes[0]


@pytest.mark.parametrize(
    ("body", "told"),
    [("return target_exposure(market.snapshot[-1].clsoe)", "AttributeError: unknown field 'clsoe': did you mean 'close'?"),
     ("return target_exposure(undefined)", "NameError: name 'undefined' is not defined")],
)  # fmt: skip
def test_a_name_that_is_not_known_is_told_with_its_line_and_ends_the_command(body, told, folder, data, capsys):
    name = "odd_" + told.split(":")[0].lower()
    (folder / f"{name}.py").write_text(HEAD.replace("BODY", body).replace("HELPER", "1.0"))
    assert runs.backtest.main(["--strategy", f"{name}:S", "--data", data, "--out", "out"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any("does not compile" in one and f"{name}.py, line 21: " in one for one in lines)
    assert lines[-1].startswith(f"error: strategy {name}:S raises {told} ({folder / name}.py, line 21)")
