"""Positions of accounts as choices among cells: which snapshots count, and what each row weighs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from runs.validation.dataset import Dataset
from runs.validation.measures.cells import Panel, cell_numbers

MIN_USD = 1000.0
"""Positions at or below this are no one's risk, and many."""

HOURS_APART = 3
"""Least time between two snapshots that count: nearer ones say the same twice."""


class Rows(NamedTuple):
    """Positions in cells.

    Attributes
    ----------
    situation, cell
        (n,) which coin in which snapshot (a row of the maps), and the cell of the liquidation price.
    coin, account, day
        (n,) whose it is, and the UTC day.
    weight
        (n,) one over the rows of that account and coin in the same half of the snapshots.
    """

    situation: np.ndarray
    cell: np.ndarray
    coin: np.ndarray
    account: np.ndarray
    day: np.ndarray
    weight: np.ndarray

    def where(self, chosen: np.ndarray) -> "Rows":
        """Return the rows of a mask (n,)."""
        return Rows(*(column[chosen] for column in self))

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return self.block_counts[0]

    @property
    def block_counts(self) -> tuple[int, int]:
        """How many accounts and days there are."""
        return len(np.unique(self.account)), len(np.unique(self.day))

    @property
    def blocks(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) numbers from 0 of each row's account and day, without a gap."""
        account, day = (np.unique(column, return_inverse=True)[1] for column in (self.account, self.day))
        return account, day


SITUATION = np.dtype([("time", "datetime64[ns]"), ("coin", np.int64), ("bar", np.int64), ("moved", np.float64)])
"""A coin in a snapshot: its instant, the dataset, the last bar that had closed, log of the mark over that bar's close."""


@dataclass(frozen=True)
class PositionSample:
    """Positions of several coins in the cells of a panel.

    Attributes
    ----------
    panel
        The cells.
    situations
        (s,) of `SITUATION`.
    later
        (s,) whether the snapshot lies in the later half.
    earlier_rows, later_rows, new_rows
        The positions of each half, and those of the later one whose account has none in the earlier.
    """

    panel: Panel
    situations: np.ndarray
    later: np.ndarray
    earlier_rows: Rows
    later_rows: Rows
    new_rows: Rows


def spaced(times: np.ndarray, apart: np.timedelta64) -> np.ndarray:
    """Return those of (t,) ascending times that lie at least `apart` after the last one returned.

    Examples
    --------
    >>> hours = np.array([0, 2, 3, 5, 6], dtype="datetime64[h]")
    >>> spaced(hours, np.timedelta64(3, "h")).astype(int).tolist()
    [0, 3, 6]
    """
    kept: list[np.datetime64] = []
    for time in times:
        if not kept or time - kept[-1] >= apart:
            kept.append(time)
    return np.array(kept, dtype=times.dtype)


def last_closed(dataset: Dataset, times: np.ndarray) -> np.ndarray:
    """Return the bar (t,) that had closed last at each time; -1 before the first close, and once the next one is missing."""
    bar_length = np.timedelta64(dataset.bar_seconds, "s")
    closes = dataset.market.times + bar_length
    bars = np.searchsorted(closes, times, side="right") - 1
    return np.where((bars >= 0) & (times - closes[bars] < bar_length), bars, -1)


def position_sample(datasets: Sequence[Dataset], panel: Panel) -> PositionSample:
    """Return the positions of the datasets' coins; those without positions take no part.

    Notes
    -----
    Snapshots that count and their halves are the same for all coins. The mark is the median of a coin's rows in a snapshot.
    """
    known = [_situations(dataset, coin) for coin, dataset in enumerate(datasets)]
    times = spaced(np.unique(np.concatenate([each["time"] for each in known])), np.timedelta64(HOURS_APART, "h"))
    situations = np.concatenate([each[np.isin(each["time"], times)] for each in known])
    later = situations["time"] >= times[len(times) // 2] if len(times) else np.zeros(0, dtype=bool)
    rows = [_rows(dataset, situations, coin, panel) for coin, dataset in enumerate(datasets)]
    every = Rows(*(np.concatenate(columns) for columns in zip(*rows, strict=True)))
    is_later = later[every.situation]
    earlier_rows, later_rows = (_weighed(every.where(half)) for half in (~is_later, is_later))
    new = ~np.isin(later_rows.account, earlier_rows.account)
    return PositionSample(panel, situations, later, earlier_rows, later_rows, later_rows.where(new))


def _situations(dataset: Dataset, coin: int) -> np.ndarray:
    """Return the snapshots (s,) of `SITUATION` in which a coin has positions and a map."""
    positions = dataset.positions
    if positions is None or not len(positions):
        return np.zeros(0, dtype=SITUATION)
    times, of_row = np.unique(positions["time"], return_inverse=True)
    order = np.argsort(of_row, kind="stable")
    marks = np.split(positions["mark"][order], np.flatnonzero(np.diff(of_row[order])) + 1)
    found = np.zeros(len(times), dtype=SITUATION)
    found["time"], found["coin"], found["bar"] = times, coin, last_closed(dataset, times)
    found["moved"] = np.log([np.median(each) for each in marks] / dataset.bars["close"][found["bar"]])
    return found[found["bar"] >= 0]


def _rows(dataset: Dataset, situations: np.ndarray, coin: int, panel: Panel) -> Rows:
    """Return one coin's positions in the cells, without weights; `situations` (s,) are of all coins."""
    own = np.flatnonzero(situations["coin"] == coin)
    if dataset.positions is None or not len(own):
        none = np.zeros(0, dtype=np.int64)
        return Rows(none, none, none, none, none, np.zeros(0))
    positions = dataset.positions[np.isin(dataset.positions["time"], situations["time"][own])]
    situation = own[np.searchsorted(situations["time"][own], positions["time"])]
    at = situations[situation]
    marks = dataset.bars["close"][at["bar"]] * np.exp(at["moved"])
    cells = cell_numbers(positions["liquidation_price"], marks, positions["side"], panel)
    days = at["time"].astype("datetime64[D]").astype(np.int64)
    rows = Rows(situation, cells, at["coin"], positions["account"], days, np.ones(len(at)))
    return rows.where((cells >= 0) & (positions["usd"] > MIN_USD))


def _weighed(rows: Rows) -> Rows:
    pairs = np.stack([rows.account, rows.coin], axis=1)
    _, of_row, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    return rows._replace(weight=1.0 / counts[of_row.reshape(-1)])
