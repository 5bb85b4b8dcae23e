"""Start sweeps and stop them by a signal at random moments, from one process that has everything loaded; print what became of them.

Run by `test_kills.py` as ``python kill_cycles.py FOLDER DATA SIGNAL CYCLES SEED``. A forked child needs no imports of its own, so
that a hundred of these cost little.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from runs.sweeps.folder import MARKER
from runs.sweeps.rows.log import read_rows
from tests.runs.sweeps.quick_sweep import main

PARAMS = ["--param", "min_distance=0.002:0.06:0.002", "--param", "stop_atr=1:5:0.5", "--param", "magnet_ratio=1.5,2"]


def start(arguments: list[str]) -> int:
    """Run the command in a fork, silent; return the fork's number."""
    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os._exit(main(arguments))
    return child


def ended(child: int) -> int:
    """Wait for a fork; return its exit code, negative if a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def cycle(folder: Path, new: list[str], stop: signal.Signals, delay: float) -> dict[str, object]:
    """Start, stop after `delay` seconds, look, and go on to the end."""
    shutil.rmtree(folder, ignore_errors=True)
    child = start([*new, "--out", str(folder)])
    time.sleep(delay)
    os.kill(child, stop)
    first = ended(child)
    marked = (folder / MARKER).exists()
    rows = len(list(read_rows(folder))) if marked else 0
    again = ended(start(["--resume", str(folder)] if marked else [*new, "--out", str(folder)]))
    return {"first": first, "again": again, "rows": rows}


def run(place: Path, data: str, stop: signal.Signals, cycles: int, seed: int) -> None:
    """Print one line of JSON a cycle; the undisturbed sweep is in ``calm``, the cycles' in ``0``, ``1`` ...

    Each cycle's moment is drawn from its own part of the run, so that few cycles meet early and late ones.
    """
    new = ["--strategy", "magnet", "--data", data, *PARAMS, "--confirm", "0"]
    ended(start([*new, "--out", str(place / "first")]))  # compiles what is not yet compiled
    begin = time.perf_counter()
    print(json.dumps({"calm": ended(start([*new, "--out", str(place / "calm")]))}))
    seconds = time.perf_counter() - begin
    moments = random.Random(seed)
    for number in range(cycles):
        print(json.dumps(cycle(place / str(number), new, stop, seconds * (number + moments.random()) / cycles)))


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], signal.Signals[sys.argv[3]], int(sys.argv[4]), int(sys.argv[5]))
