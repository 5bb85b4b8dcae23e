"""A sweep's rows as arrays: what was tried, what each trial earned day by day, and which came first."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from datafeeds.universe.markets import Universe
from runs.engines.configuration import PARAMETER_GROUPS
from runs.sweeps.rows.objective import score
from runs.sweeps.workers.across import UniverseEvaluator

_GROUPS = tuple(f"{group}." for group in PARAMETER_GROUPS)


@dataclass(frozen=True)
class Swept:
    """A sweep when all its rows are there.

    Attributes
    ----------
    record
        Content of ``sweep.json``.
    trials
        One row a combination (`runs.sweeps.rows.table.trials_table`).
    days
        (t,) datetime64[D] of the daily returns.
    market, across
        What was traded; and what evaluated it, where it is a universe.
    """

    record: dict[str, Any]
    trials: pd.DataFrame
    days: np.ndarray
    market: Market | Universe
    across: UniverseEvaluator | None = None

    def results(self) -> "SweepResults":
        """Return the rows as arrays."""
        return read_results(self.trials, self.days, str(self.record["objective"]))


@dataclass(frozen=True)
class SweepResults:
    """The trials of a sweep.

    Attributes
    ----------
    table
        (n,) rows of the trials that were evaluated, by ascending number; without their daily returns.
    failed
        Rows of the others, with their `error`.
    returns
        (t, n) daily returns.
    days
        (t,) datetime64[D].
    objective
        The metric that was looked for.
    """

    table: pd.DataFrame
    failed: pd.DataFrame
    returns: np.ndarray
    days: np.ndarray
    objective: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names ``group.name`` of what was swept."""
        return tuple(str(name) for name in self.table.columns if str(name).startswith(_GROUPS))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the trials' metrics, without those of single markets."""
        plain = ("number", "key", "status", "error", *self.parameters)
        names = (str(name) for name in self.table.columns if name not in plain)
        return tuple(name for name in names if " of " not in name)

    @cached_property
    def scores(self) -> np.ndarray:
        """(n,) the objective so that more is better; -inf where it is not defined."""
        return np.array([score(self.objective, float(value)) for value in self.table[self.objective]], dtype=np.float64)

    @cached_property
    def order(self) -> np.ndarray:
        """(n,) indices in the table, best first; equal ones by number."""
        return np.argsort(-self.scores, kind="stable")

    @cached_property
    def varies(self) -> np.ndarray:
        """(n,) whether a trial's returns differ from day to day; one that never traded has none to judge."""
        return np.ptp(self.returns, axis=0) > 0.0 if len(self.returns) else np.zeros(len(self.table), dtype=bool)

    def best_distinct(self, most: int) -> list[int]:
        """Return indices in the table, best first, at most `most`, without those that earned exactly what a better one did."""
        seen: set[bytes] = set()
        indices: list[int] = []
        for index in self.order:
            earned = self.returns[:, index].tobytes()
            if len(indices) < most and earned not in seen:
                indices.append(int(index))
                seen.add(earned)
        return indices

    @cached_property
    def duplicates(self) -> int:
        """How many trials earned exactly what an earlier one did: their parameters made no difference."""
        return len(self.table) - len({column.tobytes() for column in np.ascontiguousarray(self.returns.T)})


def read_results(trials: pd.DataFrame, days: np.ndarray, objective: str) -> SweepResults:
    """Return the rows of a sweep as arrays.

    Parameters
    ----------
    trials
        One row a combination: ``number``, ``key``, ``status`` ("ok" or "error"), ``error``, a column ``group.name`` for each
        swept parameter, one for each metric, and ``daily_returns``, a list of as many as there are days.
    days
        (t,) datetime64[D].
    objective
        One of the metrics.

    Raises
    ------
    ValueError
        If a trial has another number of days.
    """
    done = trials[trials["status"] == "ok"].sort_values("number").reset_index(drop=True)
    rows = [np.asarray(values, dtype=np.float64) for values in done["daily_returns"]]
    for number, values in zip(done["number"], rows, strict=True):
        if values.shape != (len(days),):
            raise ValueError(f"trial {number} has {values.size} daily returns, and the sweep has {len(days)} days")
    returns = np.stack(rows, axis=1) if rows else np.zeros((len(days), 0))
    failed = trials[trials["status"] != "ok"].sort_values("number").reset_index(drop=True)
    return SweepResults(done.drop(columns="daily_returns"), failed, returns, days, objective)


def plain(value: Any) -> Any:
    """Return a cell as JSON can hold it: numpy's scalars as Python's, other things as text."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
