"""A user's strategy that raises ends a command in one line that says where, and --debug shows the rest."""

import pytest

from runs.backtest import main

CASES = {
    "init": ("class S(bt.Strategy):\n    def __init__(self):\n        1 / 0", "ZeroDivisionError: division by zero", 5),
    "next": ("class S(bt.Strategy):\n    def next(self):\n        self.nothing", "AttributeError: ", 5),
    "stop": ("class S(bt.Strategy):\n    def stop(self):\n        raise KeyError('a')", "KeyError: 'a'", 5),
    "broker": (
        "class S(bt.Strategy):\n    def next(self):\n        self.buy(exectype=bt.Order.StopTrailLimit, size=1)",
        "ValueError: PerpetualBroker knows no StopTrailLimit orders",
        5,
    ),
    "import": ("class S(bt.Strategy):\n    x = undefined", "NameError: name 'undefined' is not defined", 4),
    "syntax": ("class S(bt.Strategy:\n    pass", "SyntaxError: ", 3),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("debug", [False, True])
def test_an_error_of_the_users_ends_in_one_line_with_its_place(case, debug, tmp_path, monkeypatch, capsys):
    text, told, line = CASES[case]
    name = f"errs_{case}_{debug}"
    (tmp_path / f"{name}.py").write_text(f"import backtrader as bt\n\n{text}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    given = ["--strategy", f"{name}:S", "--end", "2024-01-20", "--out", str(tmp_path / "out")]
    assert main([*given, *(["--debug"] if debug else [])]) == 2
    lines = capsys.readouterr().err.splitlines()
    last = lines[-1]
    assert last.startswith(f"error: strategy {name}:S raises {told}"), last
    assert f"{name}.py, line {line})" in last
    assert any("Traceback" in one for one in lines) == debug
    assert sum(one.startswith("error") for one in lines) == 1
    assert not (tmp_path / "out").exists()
