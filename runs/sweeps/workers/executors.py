"""Who works: this process, or processes beside it, which may die at any moment and are replaced."""

import itertools
import os
import shutil
import signal
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from runs.sweeps.rows.row import Row, row_of
from runs.sweeps.workers.evaluate import Unit, WorkerContext, evaluate_unit, evaluator
from runs.sweeps.workers.retry import RetryQueue

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


_MARKET = "market.parquet"


class Executor(Protocol):
    """Workers; `size` says how many."""

    @property
    def size(self) -> int:
        """How many there are now."""

    def run(self, units: Iterable[Unit]) -> Iterator[list[Row]]:
        """Yield the rows of all units, a unit at a time, in any order."""

    def close(self) -> None:
        """Let the workers go, at once."""


class InProcess:
    """The work done in this process."""

    size = 1

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    def run(self, units: Iterable[Unit]) -> Iterator[list[Row]]:
        """Yield rows unit by unit."""
        for unit in units:
            yield evaluate_unit(unit, self._context)

    def close(self) -> None:
        """Do nothing."""


class ProcessPool:
    """`jobs` processes of joblib's loky. Each gets the context once, when it starts.

    Rows come back through files in `scratch`, and the pipe that all workers share carries their names alone: what fits a pipe's
    atomic write arrives whole or not at all, but of a longer message a killed worker can leave half, and then the reader waits for
    the rest forever (seen).
    """

    def __init__(self, context: WorkerContext, jobs: int, scratch: Path) -> None:
        self._context, self.size, self._scratch = context, jobs, scratch
        self._executor: Any = None

    def run(self, units: Iterable[Unit]) -> Iterator[list[Row]]:
        """Yield rows as units are finished; a unit whose worker died is done again."""
        queue = RetryQueue(self._submit, self._collect, self.close, self._nudge, 2 * self.size, self._context)
        yield from queue.run(units)

    def close(self) -> None:
        """Kill the workers: what they hold is in no row, and will be done again."""
        if self._executor is not None:
            with suppress(OSError):
                self._executor.shutdown(wait=True, kill_workers=True)
            self._executor = None
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _submit(self, unit: Unit) -> Any:
        if self._executor is None:
            self._executor = self._engage()
        with _interrupts_ignored():  # a worker that starts now must leave Ctrl-C to us
            return self._executor.submit(_in_this_context, unit)

    def _nudge(self) -> None:
        """Break an executor whose manager reads what a dead worker will never finish (seen): without writers it reads an end."""
        held = list((self._executor._processes or {}).values()) if self._executor is not None else []
        if any(process.exitcode is not None for process in held):
            for process in held:
                if process.exitcode is None:
                    with suppress(OSError):
                        os.kill(process.pid, signal.SIGKILL)
            with suppress(OSError):
                self._executor._result_queue._writer.close()

    def _collect(self, name: str) -> list[Row]:
        path = self._scratch / name
        rows = [row_of(line, self._context.objective) for line in path.read_bytes().splitlines(keepends=True)]
        path.unlink()
        return rows

    def _engage(self) -> Any:
        from joblib.externals.loky.process_executor import ProcessPoolExecutor

        shutil.rmtree(self._scratch, ignore_errors=True)  # a killed sweep's
        self._scratch.mkdir()
        # What a process gets at its start must fit a pipe: of one that is killed before it has read all, the writer never hears.
        market = self._context.market
        market.frame.to_parquet(self._scratch / _MARKET)
        context = replace(self._context, market=replace(market, frame=market.frame.iloc[:0]))
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given", category=UserWarning)
        return ProcessPoolExecutor(
            max_workers=self.size,
            initializer=_begin,
            initargs=(context, self._scratch, os.getpid()),
            env=_ONE_THREAD,
        )


class _interrupts_ignored:  # noqa: N801 - used like a function
    """SIGINT ignored for the moment, in the main thread; processes started meanwhile ignore it for good."""

    def __enter__(self) -> None:
        here = threading.current_thread() is threading.main_thread()
        self._previous = signal.signal(signal.SIGINT, signal.SIG_IGN) if here else None

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)


_given: list[tuple[WorkerContext, Path]] = []
_numbers = itertools.count()


def _begin(context: WorkerContext, scratch: Path, parent: int) -> None:
    """Set a worker process up: it gets the context, leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    market = replace(context.market, frame=pd.read_parquet(scratch / _MARKET))
    context = replace(context, market=market)
    _given[:] = [(context, scratch)]
    evaluator(context)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _in_this_context(unit: Unit) -> str:
    """Evaluate a unit, and return the name of the file that holds its rows."""
    context, scratch = _given[0]
    name = f"{os.getpid()}-{next(_numbers)}"
    (scratch / name).write_bytes(b"".join(row.line for row in evaluate_unit(unit, context)))
    return name
