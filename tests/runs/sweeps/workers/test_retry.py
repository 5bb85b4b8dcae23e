"""Units on workers that die: every combination gets its row, and only the one that kills gets the blame."""

import random
from concurrent.futures import BrokenExecutor, Future
from types import SimpleNamespace

import numpy as np
import pytest

from runs.sweeps.rows.row import Row, decode, encode
from runs.sweeps.space.candidates import Combination
from runs.sweeps.workers.retry import RetryQueue

CONTEXT = SimpleNamespace(failed=lambda combination, error: encode(combination, error, {}, np.zeros(0), "sharpe"))


class Executor:
    """Breaks by a rule: then all futures fail, and every submission, until somebody replaces it."""

    def __init__(self, breaks, seed):
        self.breaks, self.random, self.broken, self.open, self.replaced = breaks, random.Random(seed), False, [], 0

    def submit(self, unit):
        if self.broken:
            raise BrokenExecutor
        future = Future()
        self.open.append((unit, future))
        if self.random.random() < 0.7 or len(self.open) > 2:
            self.work()
        return future

    def work(self):
        unit, future = self.open.pop(self.random.randrange(len(self.open)))
        if self.breaks(unit, self.random):
            self.broken = True
            for other in [future, *(future for _, future in self.open)]:
                other.set_exception(BrokenExecutor())
            self.open.clear()
        else:
            future.set_result([Row(c.key, 0.0, b"done") for c in unit])

    def dismiss(self):
        self.broken, self.open, self.replaced = False, [], self.replaced + 1


@pytest.fixture(autouse=True)
def working_wait(monkeypatch):
    def wait(pending, timeout, return_when):
        executor = working_wait.executor
        while not any(future.done() for future in pending):
            executor.work()
        return {future for future in pending if future.done()}, set()

    monkeypatch.setattr("runs.sweeps.workers.retry.wait", wait)


def finished(breaks, seed, size=7, count=100):
    combinations = [Combination(number, f"key{number}", ()) for number in range(count)]
    units = [tuple(combinations[at : at + size]) for at in range(0, count, size)]
    executor = working_wait.executor = Executor(breaks, seed)
    rows = [
        row
        for rows in RetryQueue(executor.submit, list, executor.dismiss, lambda: None, 4, CONTEXT).run(units)
        for row in rows
    ]
    return rows, executor


def test_deaths_by_chance_cost_no_row():
    deaths = 0
    for seed in range(20):
        rows, executor = finished(lambda unit, chance: chance.random() < 0.1, seed)
        deaths += executor.replaced
        assert {row.key for row in rows} == {f"key{number}" for number in range(100)}
        assert all(row.line == b"done" for row in rows)
    assert deaths > 20


@pytest.mark.parametrize("seed", range(20))
def test_who_kills_gets_an_error_row_and_nobody_else(seed):
    killers = {"key13", "key57"}
    rows, _ = finished(lambda unit, chance: any(c.key in killers for c in unit), seed)
    assert {row.key for row in rows} == {f"key{number}" for number in range(100)}
    blamed = [row for row in rows if row.line != b"done"]
    assert {row.key for row in blamed} == killers
    assert all("its worker died" in decode(row.line)["error"] for row in blamed)


def test_without_deaths_every_unit_is_done_once():
    rows, executor = finished(lambda unit, chance: False, 1)
    assert len(rows) == 100
    assert executor.replaced == 0
