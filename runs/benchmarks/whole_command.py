"""What the whole of `runs.backtest --strategy magnet` takes, from start to pages: time, processor time and memory."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from datafeeds.schema import Market

_BYTES_A_UNIT = 1 if sys.platform == "darwin" else 1024  # of the kernel's largest resident size


def measure_command(market: Market) -> dict[str, float]:
    """Run the command once on a market, as somebody would who types it.

    Returns
    -------
    dict
        ``seconds``; ``processor_seconds`` of both of its processes; ``peak_memory_gb``, of the larger of them, 1e9 bytes.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "market.parquet"
        market.frame.drop(columns="open_interest_break", errors="ignore").to_parquet(data)
        given = ["--strategy", "magnet", "--data", str(data), "--out", str(Path(folder) / "out")]
        begin = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - a command of our own
            [sys.executable, "-P", "-m", "runs.backtest", *given],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"runs.backtest ended with code {process.returncode}")
    return {
        "seconds": seconds,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_memory_gb": usage.ru_maxrss * _BYTES_A_UNIT / 1e9,
    }
