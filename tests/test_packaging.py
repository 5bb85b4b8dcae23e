"""The wheel: what it holds, and that it runs from an empty folder and from a hostile one."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


def run(command, folder, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "NUMBA", "COV"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    built = run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, PROJECT], folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel; the dependencies are borrowed from the running one, so that no network is needed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    target = next((folder / "lib").glob("python*")) / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    done = run(pip, folder)
    assert done.returncode == 0, done.stderr
    # Only the packages, not the editable install that points at the checkout.
    borrowed = Path(sysconfig.get_paths()["purelib"])
    (target / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder


def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_our_four_folders_and_nothing_else(wheel):
    top = {name.split("/")[0] for name in names(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "indicators",
        "strategies",
        "datafeeds",
        "runs",
    }


def test_the_top_level_init_files_are_left_out(wheel):
    inside = names(wheel)
    for folder in ("indicators", "strategies", "datafeeds", "runs"):
        assert f"{folder}/__init__.py" not in inside
    assert "indicators/liquidation/venues.toml" in inside
    assert {"runs/reports/assets/review.js", "runs/reports/assets/review.css"} <= set(inside)
    assert "indicators/liquidation/__init__.py" in inside
    for asset in ("lightweight-charts.js", "LICENSE", "NOTICE", "heatmap/heatmap.css", "heatmap/1-unpacking.js"):
        assert f"runs/reports/assets/{asset}" in inside
    assert not [name for name in inside if name.startswith("test") or "/test" in name]


def test_it_runs_from_an_empty_folder(installed, tmp_path):
    for command in (
        [installed / "bin" / "liquidation-heatmap", "backtest"],
        [installed / "bin" / "python", "-m", "runs.backtest"],
    ):
        done = run([*command, "--help"], tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
        assert done.returncode == 0, done.stderr
        assert "--strategy" in done.stdout


def test_the_code_that_runs_is_the_wheels(installed, tmp_path):
    code = "import runs.backtest, indicators.liquidation.step as s; print(runs.backtest.__file__, s.__file__)"
    done = run([installed / "bin" / "python", "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(path.startswith(str(installed)) for path in done.stdout.split()), done.stdout


def test_a_run_works_from_the_wheel(installed, tmp_path):
    code = (
        "from datafeeds.simulated.market import simulate;"
        "simulate(1, bars=120).frame.drop(columns='open_interest_break').to_parquet('market.parquet')"
    )
    assert run([installed / "bin" / "python", "-c", code], tmp_path).returncode == 0
    script = [installed / "bin" / "liquidation-heatmap", "backtest", "--strategy", "magnet", "--data", "market.parquet"]
    done = run([*script, "--out", "out"], tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "tearsheet.html").exists()
    assert (tmp_path / "out" / "heatmap.html").exists()


def test_a_hostile_folder_hides_nothing_from_the_script(installed, tmp_path):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "__init__.py").write_text("raise SystemExit('hostile')\n")
    script = run([installed / "bin" / "liquidation-heatmap", "backtest", "--help"], tmp_path)
    assert script.returncode == 0, script.stderr
    isolated = run([installed / "bin" / "python", "-P", "-m", "runs.backtest", "--help"], tmp_path)
    assert isolated.returncode == 0, isolated.stderr
    # Documented: plain -m puts the current folder first, so there the hostile package wins.
    assert run([installed / "bin" / "python", "-m", "runs.backtest", "--help"], tmp_path).returncode != 0
