"""Who may import whom, and what importing the core costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
FOLDERS = ("indicators", "strategies", "datafeeds", "runs")
CORE = sorted(p.stem for p in (PROJECT / "indicators" / "liquidation").glob("*.py") if p.stem != "__init__")
COMMANDS = (
    "analyze", "backtest", "benchmark", "console", "download", "lookahead", "new", "review", "stress", "sweep", "validate",
    "walkforward",
)  # fmt: skip
ROOMS = (
    "analysis", "benchmarks", "commandline", "downloads", "engines", "outcome", "perpetual", "reports", "results", "reviews",
    "statistics", "stress_test", "sweeps", "tracing", "validation", "venues", "walks",
)  # fmt: skip
COMPILED = [
    *(f"indicators.liquidation.{name}" for name in CORE),
    "runs.perpetual.accounting",
    "runs.perpetual.filling",
    "runs.perpetual.own_liquidation",
    "runs.perpetual.matching",
    "runs.perpetual.costs",
    "runs.engines.compiled",
]


def test_importing_the_core_loads_neither_backtrader_nor_pandas():
    code = (
        f"import sys, {', '.join(COMPILED)}; print(sorted({{'backtrader', 'pandas', 'matplotlib'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_commands_stand_alone_at_the_top_of_runs_over_rooms_of_known_names():
    inside = [path for path in (PROJECT / "runs").iterdir() if path.name not in ("__init__.py", "__pycache__")]
    assert sorted(path.stem for path in inside if path.is_file()) == sorted(COMMANDS)
    assert sorted(path.name for path in inside if path.is_dir()) == sorted(ROOMS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_top_level_init_files_hold_a_docstring_only(folder):
    tree = ast.parse((PROJECT / folder / "__init__.py").read_text(encoding="utf-8"))
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("path", sorted(p for f in FOLDERS for p in (PROJECT / f).rglob("*.py")), ids=lambda p: p.stem)
def test_no_pickle_no_eval(path):
    if path.stem == "checked_cache":
        pytest.skip("numba's own format of compiled code: read only from a private folder, each file by its digest")
    names = {node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
    assert not names & {"eval", "exec", "pickle", "__import__"}


def test_importing_a_command_does_not_load_quantstats():
    code = "import sys, runs.backtest; print('quantstats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
