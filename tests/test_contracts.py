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


@pytest.mark.parametrize(
    ("where", "planted"),
    [
        ("indicators/liquidation", "import pandas"),
        ("indicators/liquidation", "from backtrader import Indicator"),
        ("indicators/liquidation", "from indicators import heatmap"),
        ("indicators", "import strategies.sizing"),
        ("indicators", "from datafeeds.errors import MarketError"),
        ("strategies", "from runs import engine"),
        ("strategies", "import datafeeds.schema"),
        ("datafeeds", "from indicators.liquidation.bar import empty_bars"),
        ("datafeeds", "import runs.engines.configuration"),
    ],
)
def test_a_forbidden_import_is_convicted_even_inside_a_function(copy, where, planted):
    module = copy / where / "planted.py"
    module.write_text(f"def late():\n    {planted}\n", encoding="utf-8")
    try:
        done = lint(copy)
    finally:
        module.unlink()
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{where.replace('/', '.')}.planted" in done.stdout
