"""Who does what next when workers may die: every unit is finished, or blamed after it has seen too many deaths."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, wait
from typing import Any

from runs.sweeps.workers.work import Context, Unit

_STRIKES = 3
"""Deaths of workers that a unit may witness before it is done alone, a combination at a time (assumption)."""

_MAX_STRIKES = 5
"""Deaths that a combination may witness, the last ones alone, before it is a row with an error (assumption)."""

_PATIENCE_SECONDS = 3.0
"""How long nothing may come until the workers are looked after (assumption)."""

_Task = tuple[Unit, int]


class RetryQueue:
    """Units on an executor that breaks when a worker dies.

    A broken executor does not say whose fault it was: all units under way are done again on a new one. What has seen
    `_STRIKES` deaths is done alone, so that a combination that kills its worker takes no other along.
    """

    def __init__(
        self,
        submit: Callable[[Unit], Any],
        collect: Callable[[Any], list[Any]],
        dismiss: Callable[[], None],
        nudge: Callable[[], None],
        at_once: int,
        context: Context,
    ) -> None:
        """Take the verbs of an executor.

        Parameters
        ----------
        submit
            Hands a unit over, and returns its future.
        collect
            Makes rows of a future's result.
        dismiss
            Drops the executor when it is broken; the next `submit` makes another.
        nudge
            Called now and then while nothing comes: breaks an executor that has not noticed a death.
        at_once, context
            Most units under way; and what failed rows are made with.
        """
        self._submit, self._collect, self._dismiss = submit, collect, dismiss
        self._nudge, self._at_once, self._context = nudge, at_once, context
        self._again: deque[_Task] = deque()
        self._alone: deque[_Task] = deque()
        self._pending: dict[Any, _Task] = {}

    def run(self, units: Iterable[Unit]) -> Iterator[list[Any]]:
        """Yield the rows of all units, a unit at a time, as they are finished."""
        fresh = iter(units)
        while True:
            self._fill(fresh)
            if not self._pending:
                return
            done, _ = wait(self._pending, timeout=_PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
            if not done:
                self._nudge()
                continue
            lost = []
            for future in done:
                task = self._pending.pop(future)
                try:
                    yield self._collect(future.result())
                except (BrokenExecutor, CancelledError):
                    lost.append(task)
            if lost:
                yield from self._after_death(lost)

    def _fill(self, fresh: Iterator[Unit]) -> None:
        while len(self._pending) < self._at_once:
            task = self._again.popleft() if self._again else next(((unit, 0) for unit in fresh), None)
            if task is None and not self._pending and self._alone:
                task = self._alone.popleft()
            if task is None or not self._hand_over(task) or (len(task[0]) == 1 and task[1] >= _STRIKES):
                return

    def _hand_over(self, task: _Task) -> bool:
        for _ in range(2):
            try:
                self._pending[self._submit(task[0])] = task
                return True
            except BrokenExecutor:  # a worker died while nobody looked
                if self._pending:  # they will say so themselves
                    break
                self._dismiss()
        if not self._pending:
            raise RuntimeError("no worker can be started")
        self._again.appendleft(task)
        return False

    def _after_death(self, lost: list[_Task]) -> Iterator[list[Any]]:
        lost += self._pending.values()
        self._pending.clear()
        self._dismiss()
        for unit, strikes in lost:
            if strikes + 1 >= _MAX_STRIKES:
                yield [self._context.failed(unit[0], f"its worker died {strikes + 1} times")]
            elif strikes + 1 >= _STRIKES:
                self._alone.extend(((combination,), strikes + 1) for combination in unit)
            else:
                self._again.append((unit, strikes + 1))
