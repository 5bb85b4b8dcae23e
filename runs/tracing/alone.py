"""Each run in a process of its own: what a class, a module or a random generator keeps cannot reach from one to another."""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from runs.tracing.trace import NOTHING, Failure, Task, Trace, failure_of, trace
from strategies.errors import is_code

_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
"""Processes come from one that has imported our code and never a strategy; fork would hand on what this one has imported."""


def traces(tasks: Sequence[Task]) -> list[Trace]:
    """Return the trace of each task, made by as many processes at a time as there are processors."""
    context: Any = multiprocessing.get_context(_METHOD)
    if _METHOD == "forkserver":
        _start_server()
    found = [NOTHING] * len(tasks)
    waiting = deque(enumerate(tasks))
    running: dict[Any, tuple[int, Any]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                number, task = waiting.popleft()
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(theirs, task), daemon=True)
                process.start()
                theirs.close()
                running[ours] = number, process
            for answer in wait(list(running)):
                number, process = running.pop(answer)
                found[number] = _received(answer, process)
    finally:
        for _, process in running.values():
            process.terminate()
    return found


def _start_server() -> None:
    """Start the process that all others come from, with our code in it: it is found where this process finds it."""
    forkserver.set_forkserver_preload(["runs.tracing.warm"])
    before = dict(os.environ)
    os.environ.update(
        PYTHONPATH=os.pathsep.join(sys.path), PYTHONSAFEPATH="1"
    )  # nothing of the current folder's instead
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _received(answer: Any, process: Any) -> Trace:
    try:
        return answer.recv()
    except EOFError:
        process.join()
        ended = f"its process ended with exit code {process.exitcode}"
        return replace(NOTHING, error=Failure("ProcessEnded", ended))
    finally:
        answer.close()


def _work(answer: Connection, task: Task) -> None:
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - what it prints, it would print in every run
    np.random.seed()  # noqa: NPY002 - a fork inherits numpy's; equal numbers there would hide that they are not seeded
    opened: dict[str, None] = {}
    _watch_files(opened)
    try:
        found = trace(task)
    except Exception as error:  # the strategy's module fails here, though not where it was first imported
        found = replace(NOTHING, error=failure_of(error))
    answer.send(replace(found, opened=tuple(opened)))
    answer.close()


def _watch_files(opened: dict[str, None]) -> None:
    """Note the files that are read from now on, but for code and what lies beside it."""

    def heard(event: str, details: tuple[Any, ...]) -> None:
        if (
            event == "open"
            and isinstance(details[0], str)
            and details[2] & os.O_ACCMODE == os.O_RDONLY
            and not is_code(details[0])
        ):
            opened[details[0]] = None

    sys.addaudithook(heard)
