"""Who works: this process, or processes beside it, which may die at any moment and are replaced."""

import itertools
import os
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.commandline.command import InputError
from runs.engines.processes import belong_to
from runs.sweeps.workers.market_files import laid_down, taken_up
from runs.sweeps.workers.retry import RetryQueue
from runs.sweeps.workers.work import Context, Unit

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

_SCRATCH = ".units"


class Executor(Protocol):
    """Workers; `size` says how many."""

    @property
    def size(self) -> int:
        """How many there are now."""

    def run(self, units: Iterable[Unit]) -> Iterator[list[Any]]:
        """Yield the rows of all units, a unit at a time, in any order."""

    def close(self) -> None:
        """Let the workers go, at once."""


class InProcess:
    """The work done in this process."""

    size = 1

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, units: Iterable[Unit]) -> Iterator[list[Any]]:
        """Yield rows unit by unit."""
        for unit in units:
            yield self._context.evaluate(unit)

    def close(self) -> None:
        """Do nothing."""


class ProcessPool:
    """`jobs` processes of joblib's loky. Each gets the context once, when it starts.

    Without a folder for `scratch` it is a temporary one; either way it is gone with the workers.

    Rows come back through files in `scratch`, and the pipe that all workers share carries their names alone: what fits a pipe's
    atomic write arrives whole or not at all, but of a longer message a killed worker can leave half, and then the reader waits for
    the rest forever (seen).
    """

    def __init__(self, context: Context, jobs: int, scratch: Path | None) -> None:
        self._context, self.size, self._named = context, jobs, scratch
        self._scratch: Path | None = None
        self._executor: Any = None

    def run(self, units: Iterable[Unit]) -> Iterator[list[Any]]:
        """Yield rows as units are finished; a unit whose worker died is done again."""
        queue = RetryQueue(self._submit, self._collect, self.close, self._nudge, 2 * self.size, self._context)
        yield from queue.run(units)

    def close(self) -> None:
        """Kill the workers: what they hold is in no row, and will be done again."""
        if self._executor is not None:
            with suppress(OSError):
                self._executor.shutdown(wait=True, kill_workers=True)
            self._executor = None
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

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

    def _collect(self, name: str) -> list[Any]:
        path = (self._scratch or Path()) / name
        rows = [self._context.row(line) for line in path.read_bytes().splitlines(keepends=True)]
        path.unlink()
        return rows

    def _engage(self) -> Any:
        from joblib.externals.loky.process_executor import ProcessPoolExecutor

        scratch = self._scratch = self._new_scratch()
        # What a process gets at its start must fit a pipe: of one that is killed before it has read all, the writer never hears.
        context = _on(self._context, laid_down(self._context.market, scratch))
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given", category=UserWarning)
        return ProcessPoolExecutor(
            max_workers=self.size,
            initializer=_begin,
            initargs=(context, scratch, os.getpid()),
            env=_ONE_THREAD,
        )

    def _new_scratch(self) -> Path:
        if self._named is None:
            return Path(tempfile.mkdtemp(prefix="liquidation-heatmap-"))
        shutil.rmtree(self._named, ignore_errors=True)  # of a run that was killed
        self._named.mkdir()
        return self._named


def local_executor(context: Context, jobs: int, folder: Path | None) -> Executor:
    """Return `jobs` workers on this machine, one being this process; `folder` holds their scratch, None is a temporary one."""
    if jobs < 1:
        raise InputError(f"--jobs {jobs}: at least one process works")
    if jobs == 1:
        return InProcess(context)
    return ProcessPool(context, jobs, folder.absolute() / _SCRATCH if folder is not None else None)


class _interrupts_ignored:  # noqa: N801 - used like a function
    """SIGINT ignored for the moment, in the main thread; processes started meanwhile ignore it for good."""

    def __enter__(self) -> None:
        here = threading.current_thread() is threading.main_thread()
        self._previous = signal.signal(signal.SIGINT, signal.SIG_IGN) if here else None

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)


_given: list[tuple[Context, Path]] = []
_numbers = itertools.count()


def _begin(context: Context, scratch: Path, parent: int) -> None:
    """Set a worker process up: it gets the context, leaves Ctrl-C to its parent, and ends with it."""
    belong_to(parent)
    context = _on(context, taken_up(context.market, scratch))
    _given[:] = [(context, scratch)]
    context.prepare()


def _on(context: Context, market: Market | Universe) -> Context:
    """Return a context on something else."""
    return replace(context, market=market)  # type: ignore[type-var]


def _in_this_context(unit: Unit) -> str:
    """Evaluate a unit, and return the name of the file that holds its rows."""
    context, scratch = _given[0]
    name = f"{os.getpid()}-{next(_numbers)}"
    (scratch / name).write_bytes(b"".join(row.line for row in context.evaluate(unit)))
    return name
