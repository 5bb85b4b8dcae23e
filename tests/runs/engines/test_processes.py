"""A process beside another leaves Ctrl-C to its parent, and ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]

CHILD = """
import os, signal, time
from runs.engines.processes import belong_to
belong_to(os.getppid())
os.kill(os.getpid(), signal.SIGINT)
print("lives on", flush=True)
time.sleep(100)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_it_ignores_ctrl_c_and_does_not_outlive_a_killed_parent(time_limit):
    time_limit(60)
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD], cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"lives on\n"
        os.kill(parent.pid, signal.SIGKILL)
        assert parent.stdout.read() == b"", "what the child holds open is closed when it ends"
