"""The wheel in an environment of its own, for the tests of what a user installs."""

import sys
import sysconfig
import venv
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest

PROJECT = Path(__file__).resolve().parents[1]


def start(command: list, folder: Path, **environment: str) -> CompletedProcess:
    """Run a command in a folder, with nothing of this process's environment."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder)} | environment
    return run([str(part) for part in command], cwd=folder, env=clean, capture_output=True, text=True, check=False)


def succeed(command: list, folder: Path, **environment: str) -> str:
    """Run a command as `start` does, expect success, and return what it said."""
    done = start(command, folder, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(environment: Path, wheel: Path) -> None:
    """Put a wheel into an environment, without its dependencies."""
    pytest.importorskip("pip", reason="this environment was made without pip")
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--quiet"]
    succeed([*pip, "--no-deps", "--no-index", wheel], wheel.parent)


def backtest(environment: Path, folder: Path, strategy: str) -> None:
    """Run the console script in a folder; what it compiles is kept beside the environment, to be compiled once."""
    script = [environment / "bin" / "liquidation-heatmap", "backtest", "--strategy", strategy, "--out", "out"]
    data = environment.parent / "market.parquet"
    succeed([*script, "--data", data], folder, NUMBA_CACHE_DIR=str(environment.parent / "compiled"))
    assert (folder / "out" / "run.json").exists()


def build(folder: Path) -> Path:
    """Build the wheel in a folder."""
    succeed([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, PROJECT], folder)
    return next(folder.glob("*.whl"))


def install_alone(wheel: Path) -> Path:
    """Return a new environment beside the wheel, whose dependencies are those of the running one; needs no network."""
    environment = wheel.parent / "env"
    venv.create(environment, with_pip=False, symlinks=True)
    (site,) = (environment / "lib").glob("python*/site-packages")
    # Only the packages, not the editable install that points at the checkout.
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    install(environment, wheel)
    code = (
        "from datafeeds.simulated.market import simulate;"
        "simulate(1, bars=150).frame.drop(columns='open_interest_break').to_parquet('market.parquet')"
    )
    python, compiled = environment / "bin" / "python", wheel.parent / "compiled"
    succeed([python, "-c", code], wheel.parent, NUMBA_CACHE_DIR=str(compiled))
    return environment
