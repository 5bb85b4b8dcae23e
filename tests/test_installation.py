"""The installed software among strangers: folders and distributions that use the same generic names."""

import sys
import sysconfig
import textwrap
import venv
import zipfile
from pathlib import Path
from subprocess import run

import pytest

PROJECT = Path(__file__).resolve().parents[1]
FOLDERS = ("indicators", "strategies", "datafeeds", "runs")
STRATEGY = """
    import backtrader as bt


    class Mine(bt.Strategy):
        def next(self):
            pass
"""


def succeed(command, folder, **environment):
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder)} | environment
    done = run([str(part) for part in command], cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment with our wheel, whose dependencies are those of the running one; needs no network."""
    folder = tmp_path_factory.mktemp("installation")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, PROJECT]
    succeed(build, folder)
    venv.create(folder / "env", with_pip=False, symlinks=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    install(folder / "env", next(folder.glob("*.whl")))
    write_market(folder / "env" / "bin" / "python", folder)
    return folder / "env"


def install(environment, wheel):
    pytest.importorskip("pip", reason="this environment was made without pip")
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--quiet"]
    succeed([*pip, "--no-deps", "--no-index", wheel], wheel.parent)


def write_market(python, folder):
    code = (
        "from datafeeds.simulated.market import simulate;"
        "simulate(1, bars=150).frame.drop(columns='open_interest_break').to_parquet('market.parquet')"
    )
    succeed([python, "-c", code], folder)


def backtest(environment, folder, strategy):
    """Run the console script in a folder; what it compiles is kept beside the environment, to be compiled once."""
    script = [environment / "bin" / "liquidation-heatmap", "backtest", "--strategy", strategy, "--out", "out"]
    data = environment.parent / "market.parquet"
    succeed([*script, "--data", data], folder, NUMBA_CACHE_DIR=str(environment.parent / "compiled"))
    assert (folder / "out" / "run.json").exists()


def test_a_whole_run_ignores_hostile_folders_of_all_our_names(environment, tmp_path):
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('hostile {name}')\n", encoding="utf-8")
    backtest(environment, tmp_path, "magnet")


def test_a_users_plain_strategies_folder_adds_to_ours_and_hides_nothing(environment, tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(textwrap.dedent(STRATEGY), encoding="utf-8")
    (tmp_path / "strategies" / "magnet.py").write_text("raise SystemExit('hostile')\n", encoding="utf-8")
    backtest(environment, tmp_path, "strategies.mine:Mine")


def test_another_distribution_of_the_same_names_comes_and_goes_without_harm(environment, tmp_path):
    stranger = tmp_path / "stranger-1.0-py3-none-any.whl"
    with zipfile.ZipFile(stranger, "w") as archive:
        for name in FOLDERS:
            archive.writestr(f"{name}/__init__.py", "call = 1\n")
        archive.writestr("stranger-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
        archive.writestr(
            "stranger-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("stranger-1.0.dist-info/RECORD", "")
    install(environment, stranger)
    python, script = environment / "bin" / "python", environment / "bin" / "liquidation-heatmap"
    assert succeed([python, "-P", "-c", "import runs; print(runs.call)"], tmp_path) == "1\n", "theirs is theirs"
    assert "--strategy" in succeed([script, "backtest", "--help"], tmp_path), "ours works beside it"
    succeed([sys.executable, "-m", "pip", "--python", python, "uninstall", "--quiet", "--yes", "stranger"], tmp_path)
    assert "--strategy" in succeed([script, "backtest", "--help"], tmp_path), "ours works after it"


def test_usage_names_what_was_typed(environment, tmp_path):
    script, python = environment / "bin" / "liquidation-heatmap", environment / "bin" / "python"
    for command in ("backtest", "lookahead", "benchmark"):
        text = succeed([script, command, "--help"], tmp_path)
        assert text.startswith(f"Usage: liquidation-heatmap {command} "), text
        text = succeed([python, "-P", "-m", f"runs.{command}", "--help"], tmp_path)
        assert text.startswith(f"Usage: python -m runs.{command} "), text


def test_the_scripts_help_loads_no_heavy_library(tmp_path):
    code = (
        "import sys; from runs.console import main; main(['--help']);"
        "print(sorted({'numba', 'pandas', 'backtrader', 'pyarrow', 'matplotlib'} & set(sys.modules)))"
    )
    assert succeed([sys.executable, "-P", "-c", code], tmp_path, PYTHONPATH=str(PROJECT)).endswith("\n[]\n")
