"""Whatever dies at whatever moment: after resuming, the rows are those of a sweep that nobody disturbed."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "tests.runs.sweeps.quick_sweep"]
MANY = [
    "--param", "min_distance=0.001:0.06:0.001", "--param", "stop_atr=1:5:0.1", "--confirm", "0", "--set", "symbol=BTCUSDT"
]  # fmt: skip


def lines(folder):
    """Return all written lines, sorted; a row that is there twice would show."""
    return sorted(line for path in (folder / "rows").iterdir() for line in path.read_bytes().splitlines(keepends=True))


def assert_same(folder, calm):
    assert lines(folder) == lines(calm)
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "trials.parquet"), pd.read_parquet(calm / "trials.parquet"))


def cycles(place, data, stop, count, seed):
    command = [
        sys.executable,
        str(Path(__file__).with_name("kill_cycles.py")),
        place,
        data,
        stop,
        str(count),
        str(seed),
    ]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120 + 30 * count
    )
    assert done.returncode == 0, done.stderr
    calm, *found = map(json.loads, done.stdout.splitlines())
    assert calm == {"calm": 0}
    assert len(found) == count
    for number, one in enumerate(found):
        assert one["again"] == 0, (number, one)
        assert_same(place / str(number), place / "calm")
    return found


@pytest.mark.parametrize("count", [2, pytest.param(70, marks=pytest.mark.slow)])
def test_a_sweep_killed_at_any_moment_and_resumed_has_the_rows_of_an_undisturbed_one(tmp_path, small_market, count):
    found = cycles(tmp_path, small_market, "SIGKILL", count, seed=count)
    assert all(one["first"] in (-signal.SIGKILL, 0) for one in found)
    assert any(one["first"] == -signal.SIGKILL for one in found)


@pytest.mark.parametrize("count", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_an_interrupted_sweep_ends_with_130_and_can_be_resumed(tmp_path, small_market, count):
    found = cycles(tmp_path, small_market, "SIGINT", count, seed=count)
    assert all(one["first"] in (130, 0) for one in found), found
    assert any(one["first"] == 130 for one in found)


def written(folder):
    return sum(path.stat().st_size for path in (folder / "rows").glob("*.rows"))


def wait_for(what, seconds=60.0):
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.01)


def workers(process):
    """Return the living worker processes of a sweep."""
    found = []
    for child in process.children():
        with contextlib.suppress(psutil.Error):  # gone meanwhile
            if "LokyProcess" in " ".join(child.cmdline()):
                found.append(child)
    return found


def kill_workers(folder, calm, data, count, moments):
    """Kill `count` workers of one sweep, each when a random part of the rows is there; return the exit code."""
    command = [*COMMAND, "--strategy", "magnet", "--data", str(data), *MANY, "--jobs", "2", "--out", str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        watched, killed = psutil.Process(process.pid), 0
        for part in sorted(moments.uniform(0.0, 0.8) for _ in range(count)):
            wait_for(lambda part=part: process.poll() is not None or written(folder) > part * written(calm))
            victims = workers(watched) if process.poll() is None else []
            if victims:
                moments.choice(victims).kill()
                killed += 1
                time.sleep(moments.uniform(0.0, 0.2))
        code, said = process.wait(timeout=300), process.stderr.read()
        assert (code, [line for line in said.splitlines() if not line.startswith(b"next: ")]) == (0, [])
    return killed


@pytest.fixture(scope="module")
def calm(tmp_path_factory, small_market):
    folder = tmp_path_factory.mktemp("calm") / "sweep"
    command = [*COMMAND, "--strategy", "magnet", "--data", str(small_market), *MANY, "--out", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(("runs", "kills"), [(1, 1), pytest.param(15, 2, marks=pytest.mark.slow)])
def test_killed_workers_are_replaced_and_nothing_is_lost_or_counted_twice(tmp_path, small_market, calm, runs, kills):
    moments, killed = random.Random(runs), 0
    for number in range(runs):
        killed += kill_workers(tmp_path / str(number), calm, small_market, kills, moments)
        assert_same(tmp_path / str(number), calm)
    assert killed


def test_workers_end_with_a_killed_parent_and_the_sweep_can_be_resumed_alone(tmp_path, small_market, calm):
    folder = tmp_path / "sweep"
    command = [
        *COMMAND,
        "--strategy",
        "magnet",
        "--data",
        str(small_market),
        *MANY,
        "--jobs",
        "2",
        "--out",
        str(folder),
    ]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: folder.exists() and written(folder) > 0)
        orphans = workers(psutil.Process(process.pid))
        process.kill()
    assert orphans
    assert psutil.wait_procs(orphans, timeout=10)[1] == []
    subprocess.run([*COMMAND, "--resume", str(folder)], cwd=PROJECT, check=True, capture_output=True)
    assert_same(folder, calm)
