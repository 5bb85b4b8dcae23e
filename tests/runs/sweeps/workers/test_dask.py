"""A Dask cluster of two workers on this machine: the same rows, also when a worker dies, and clear words when it cannot be used."""

import dataclasses
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runs.engines.event import load_market
from runs.engines.snapshot_cache import heatmaps_folder
from runs.sweep import main
from runs.sweeps.folder import sweep_record
from runs.sweeps.plan import plan_from
from runs.sweeps.run import worker_context
from runs.sweeps.workers.dask import Cluster, ClusterError, check_address

PROJECT = Path(__file__).resolve().parents[4]
PARAMS = ["--param", "min_distance=0.001:0.06:0.001", "--param", "stop_atr=1:5:0.2", "--param", "magnet_ratio=1.5,2,3"]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def dask(place, *arguments):
    """Start one of Dask's own commands in a process."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "DASK_TEMPORARY_DIRECTORY": str(place)}
    command = [sys.executable, "-m", "dask", *arguments]
    return subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Return the address of a scheduler, and its two workers' processes."""
    place, address = tmp_path_factory.mktemp("dask"), f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    scheduler = dask(place, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    workers = [
        dask(place, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        for _ in range(2)
    ]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def swept(market, out, *more):
    return main(["--strategy", "magnet", "--data", str(market), *PARAMS, "--out", str(out), "--confirm", "0", *more])


def rows(folder):
    return sorted(line for path in (folder / "rows").iterdir() for line in path.read_bytes().splitlines())


def context(market):
    settings = {
        "configuration": {"strategy": "magnet", "data": str(market)},
        "space": ["min_distance=0.01,0.02"],
        "search": {},
    }
    plan = plan_from(settings)
    loaded = load_market(plan.configuration)
    return worker_context(plan, sweep_record(plan, loaded), loaded, heatmaps_folder())


@pytest.mark.slow
def test_a_cluster_gives_the_rows_of_one_process_and_loses_none_when_a_worker_dies(cluster, small_market, tmp_path):
    address, workers = cluster
    limit = time.monotonic() + 60
    assert swept(small_market, tmp_path / "one") == 0
    while swept(small_market, tmp_path / "two", "--cluster", address) == 2:  # until the workers are there
        assert time.monotonic() < limit
    assert rows(tmp_path / "two") == rows(tmp_path / "one")

    watcher = subprocess.Popen(
        [sys.executable, "-c", _KILL_WHEN_BEGUN, str(tmp_path / "three" / "rows"), str(workers[0].pid)]
    )
    assert swept(small_market, tmp_path / "three", "--cluster", address) == 0
    assert watcher.wait(timeout=10) == 0
    assert workers[0].wait(timeout=10) == -9
    assert rows(tmp_path / "three") == rows(tmp_path / "one")


_KILL_WHEN_BEGUN = """
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
while not any(path.stat().st_size for path in folder.glob("*.rows")):
    time.sleep(0.005)
os.kill(int(sys.argv[2]), 9)
"""


def test_workers_with_other_code_are_refused(cluster, small_market):
    other = dataclasses.replace(context(small_market), code="0123456789abcdef")
    executor = Cluster(other, cluster[0])
    try:
        with pytest.raises(ClusterError, match=r"a worker runs code \w{16}, this sweep code 0123456789abcdef: install"):
            list(executor.run([()]))
    finally:
        executor.close()


def test_an_unreachable_scheduler_is_one_line_within_seconds_and_leaves_nothing(small_market, tmp_path, capsys):
    begin = time.monotonic()
    assert swept(small_market, tmp_path / "a", "--cluster", f"tcp://127.0.0.1:{free_port()}") == 2
    assert time.monotonic() - begin < 20
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "tcp://127.8.9.1:1", "tcp://[::1]:1", "tcp://localhost:1", "tls://10.0.0.1:8786"]
)
def test_loopback_and_tls_are_accepted(address):
    check_address(address, insecure=False)


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tcp://scheduler:8786", "tcp://localhost.evil.example:1"])
def test_an_open_network_needs_to_be_asked_for(address):
    with pytest.raises(ValueError, match="use tls://"):
        check_address(address, insecure=False)
    check_address(address, insecure=True)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8786", "http://127.0.0.1:1", "tcp://", "tcp://h", "tcp://h:x", "tls://:1"]
)
def test_what_is_no_address_is_refused_even_if_insecure(address):
    with pytest.raises(ValueError, match="write it as tls://host:port"):
        check_address(address, insecure=True)
