"""The import contracts convict: each forbidden import, planted in a copy of the project, breaks `lint-imports`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contracts")
    for name in ("runs", "strategies", "indicators", "datafeeds"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


def lint(folder):
    command = [sys.executable, "-c", LINT, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_tree_keeps_its_contracts(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout


PLANTED = [
    ("indicators/liquidation", "import pandas"),
    ("indicators/liquidation", "from backtrader import Indicator"),
    ("indicators/liquidation", "from indicators import heatmap"),
    ("indicators", "import strategies.sizing"),
    ("indicators", "from datafeeds.errors import MarketError"),
    ("strategies", "from runs.engines import event"),
    ("strategies", "import datafeeds.schema"),
    ("datafeeds", "from indicators.liquidation.bar import empty_bars"),
    ("datafeeds", "import runs.engines.configuration"),
    ("runs/perpetual", "from runs.engines.result import EngineResult"),
    ("runs/statistics", "import runs.perpetual.costs"),
    ("runs/engines", "from runs.outcome import metrics"),
    ("runs/outcome", "import runs.reports.page"),
    ("runs/reports", "import runs.reviews.entry"),
    ("runs/sweeps/rows", "import runs.walks.windows"),
    ("runs/commandline", "from runs import backtest"),
    ("runs", "import datafeeds.schema"),
]


def test_forbidden_imports_are_convicted_each_even_inside_a_function(copy):
    modules = [copy / where / f"planted{number}.py" for number, (where, _) in enumerate(PLANTED)]
    for module, (_, planted) in zip(modules, PLANTED, strict=True):
        module.write_text(f"def late():\n    {planted}\n", encoding="utf-8")
    try:
        done = lint(copy)
    finally:
        for module in modules:
            module.unlink()
    assert done.returncode == 1, done.stdout + done.stderr
    for number, (where, planted) in enumerate(PLANTED):
        assert f"{where.replace('/', '.')}.planted{number}\n" in done.stdout.replace(" ", "\n"), (where, planted)


def test_a_command_that_imports_another_is_convicted(copy):
    command = copy / "runs" / "sweep.py"
    before = command.read_text(encoding="utf-8")
    command.write_text(before + "\n\ndef late():\n    import runs.backtest\n", encoding="utf-8")
    try:
        done = lint(copy)
    finally:
        command.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert "runs.sweep -> runs.backtest" in done.stdout
