"""Killed at any moment and resumed, a download leaves the same bytes as one that was never killed."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.datafeeds.loopback.background import BackgroundVenue
from tests.datafeeds.loopback.truth import make_truth

HOURS = 1300  # OKX sends a hundred rows a page, so that there is much to interrupt


def start(url: str, root: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "runs.download", "--venue", "okx", "--symbol", "BTC/USDT:USDT", "--start", "2024-06-01",
               "--end", "2024-08-30", "--catalog", str(root), "--url", url]  # fmt: skip
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, [line for line in errors.splitlines() if not line.startswith("next: ")]) == (0, [])


def content(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.parquet"))}


@pytest.mark.parametrize("count", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_a_download_killed_at_any_moment_and_resumed_has_the_bytes_of_one_that_was_not(count, tmp_path):
    random_moment = random.Random(count)
    with BackgroundVenue("okx", make_truth(9, hours=HOURS, whole_sizes=True)) as server:
        finish(start(server.url, tmp_path / "whole"))
        requests, whole = len(server.asked), content(tmp_path / "whole")
        assert len(whole) >= 8
        torn = 0
        for cycle in range(count):
            root, before = tmp_path / str(cycle), len(server.asked)
            process = start(server.url, root)
            until = before + random_moment.randrange(2, requests)
            while len(server.asked) < until and process.poll() is None:
                time.sleep(0.001)
            time.sleep(random_moment.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            torn += content(root) != whole
            finish(start(server.url, root))
            assert content(root) == whole
    assert torn > count // 2  # most kills came before the end
