"""The installed software among strangers: folders and distributions that use the same generic names."""

import sys
import textwrap
import zipfile

from tests.installing import PROJECT, backtest, install, succeed

FOLDERS = ("indicators", "strategies", "datafeeds", "runs")
STRATEGY = """
    import backtrader as bt


    class Mine(bt.Strategy):
        def next(self):
            pass
"""


def test_a_whole_run_ignores_hostile_folders_of_all_our_names(installed, tmp_path):
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('hostile {name}')\n", encoding="utf-8")
    backtest(installed, tmp_path, "magnet")


def test_a_users_plain_strategies_folder_adds_to_ours_and_hides_nothing(installed, tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(textwrap.dedent(STRATEGY), encoding="utf-8")
    (tmp_path / "strategies" / "magnet.py").write_text("raise SystemExit('hostile')\n", encoding="utf-8")
    backtest(installed, tmp_path, "strategies.mine:Mine")


def test_another_distribution_of_the_same_names_comes_and_goes_without_harm(installed, tmp_path):
    stranger = tmp_path / "stranger-1.0-py3-none-any.whl"
    with zipfile.ZipFile(stranger, "w") as archive:
        for name in FOLDERS:
            archive.writestr(f"{name}/__init__.py", "call = 1\n")
        archive.writestr("stranger-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
        archive.writestr(
            "stranger-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("stranger-1.0.dist-info/RECORD", "")
    install(installed, stranger)
    python, script = installed / "bin" / "python", installed / "bin" / "liquidation-heatmap"
    assert succeed([python, "-P", "-c", "import runs; print(runs.call)"], tmp_path) == "1\n", "theirs is theirs"
    assert "--strategy" in succeed([script, "backtest", "--help"], tmp_path), "ours works beside it"
    succeed([sys.executable, "-m", "pip", "--python", python, "uninstall", "--quiet", "--yes", "stranger"], tmp_path)
    assert "--strategy" in succeed([script, "backtest", "--help"], tmp_path), "ours works after it"


def test_usage_names_what_was_typed(installed, tmp_path):
    script, python = installed / "bin" / "liquidation-heatmap", installed / "bin" / "python"
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
