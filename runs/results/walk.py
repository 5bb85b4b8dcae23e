"""The result of `runs.walkforward.walk_forward`: windows as a table, the joined account, verdict and page."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from runs.engines.examination import not_examined
from runs.engines.joint.result import JointResult
from runs.engines.result import EngineResult
from runs.outcome.folder import claimed_folder
from runs.outcome.writing import FolderError, jsonable
from runs.reports.beside import Beside
from runs.reports.walk import walk_page
from runs.results.backtest import Result
from runs.results.joint import JointRun
from runs.results.show import html_table, one_line, page_or_file, title_of
from runs.walks.folder import MARKER, daily_curves, joined_trades, write_walk
from runs.walks.joining import TradedWindow, joined_orders
from runs.walks.run import Walked

_SHOWN = ("train_from", "test_from", "sharpe_in", "sharpe_out", "total_return_fraction_out", "trades_out")


_NO_RUN = "a walk's joined account is no run that could be repeated; save the walk"


class _Joined(Result):
    """The test windows as one run: each with its own parameters, so that no run repeats it."""

    def __init__(self, walked: Walked, run: EngineResult) -> None:
        super().__init__(run, lambda: Beside(not_examined("parameters change from window to window")))
        self._walked = walked

    def write(self, target: Path, temporary: Path, layers: bool = False) -> None:
        """Refuse: the walk is what is saved."""
        raise FolderError(target, _NO_RUN)

    @cached_property
    def _journalled(self) -> EngineResult:
        walked = self._walked
        windows = [each for each in walked.traded_windows if isinstance(each, TradedWindow)]
        return replace(self.run, orders=joined_orders(walked.market, windows))  # type: ignore[arg-type]


class _JoinedAcross(JointRun):
    """The same of one account in several markets."""

    def write(self, target: Path, temporary: Path, layers: bool = False) -> None:
        """Refuse: the walk is what is saved."""
        raise FolderError(target, _NO_RUN)


class WalkForward:
    """What a walk came to: parameters chosen on each train window and traded on the test window after it.

    Parameters
    ----------
    walked
        What was done.

    Attributes
    ----------
    record
        What it takes to repeat the walk.
    joined
        The test windows as one run on one account; it is flat between tests that do not touch.
    """

    def __init__(self, walked: Walked) -> None:
        self._walked, self.record = walked, walked.record
        run = walked.result
        self.joined: Result | JointRun = _JoinedAcross(run) if isinstance(run, JointResult) else _Joined(walked, run)

    @cached_property
    def windows(self) -> pd.DataFrame:
        """One row a window, by its number from 1.

        First and last bars of train and test (UTC, naive), the chosen values by ``group.name``, the number of their `combination`
        (missing where the defaults were traded), and each metric on the train window (``_in``) and on the test window (``_out``).
        """
        rows = []
        for row in self._walked.rows:
            named: dict[str, Any] = {"number": row["number"]}
            for part in ("train", "test"):
                named |= {f"{part}_from": row[part]["first_bar"], f"{part}_to": row[part]["last_bar"]}
            named |= {**row["chosen"], "combination": row["combination"]}
            for side, ending in (("in_sample", "in"), ("out_of_sample", "out")):
                named |= {f"{name}_{ending}": value for name, value in row[side].items()}
            rows.append(named)
        table = pd.DataFrame(rows).set_index("number")
        for name in ("train_from", "train_to", "test_from", "test_to"):
            table[name] = pd.to_datetime(table[name]).dt.tz_localize(None)
        return table.astype({"combination": "Int64"})

    @property
    def metrics(self) -> pd.Series:
        """The joined run's figures by name, with their unit."""
        return self.joined.metrics

    @property
    def equity(self) -> pd.Series:
        """The joined account's worth at each close, quote, by the bar's open (UTC, naive)."""
        return self.joined.equity

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips of all tests with their window's number; what a window's end closed says so as its exit reason."""
        return joined_trades(self._walked.result, self._walked.traded_windows)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All figures of the page, the verdict and its sentence first; NaN for what is not defined."""
        return self._walked.summary()

    @property
    def verdict(self) -> str:
        """Whether the joined Sharpe ratio is told from luck: one of the verdicts of `runs.walks.summary`."""
        return str(self.summary["verdict"])

    def to_html(self, path: Path | str | None = None) -> str | None:
        """Return walk.html; with a path write it there, whole or not at all, and return None.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(walk_page(self.record, jsonable(self.summary), daily_curves(self._walked.result)), path)

    def save(self, folder: Path | str, overwrite: bool = False) -> Path:
        """Write the folder that `runs.walkforward` leaves, whole or not at all, and return it.

        Raises
        ------
        FolderError
            If the place is taken, or the disk refuses; then nothing is left.
        """
        with claimed_folder("", Path(folder), overwrite, MARKER) as (target, temporary):
            self.write(target, temporary)
        return target

    def write(self, target: Path, temporary: Path) -> None:
        """Write all files of the walk into a claimed folder.

        Raises
        ------
        FolderError
            If the disk refuses; then nothing is left at the target.
        """
        walked = self._walked
        write_walk(self.record, self.summary, walked.result, walked.traded_windows, target, temporary)

    def plot(self, ax: Any = None) -> Any:
        """Draw the joined equity beside buy and hold, the test windows' beginnings marked; return the matplotlib axes."""
        ax = self.joined.plot(ax)
        for first in self.windows["test_from"]:
            ax.axvline(np.datetime64(first), color="grey", linewidth=0.6, linestyle=":")
        return ax

    def _title(self) -> str:
        result, strategy = self._walked.result, self.record["configuration"]["strategy"]
        if isinstance(result, JointResult):
            return f"{one_line(strategy)} on {one_line(self.record['data']['name'])}"
        return title_of(strategy, result.market)

    def __repr__(self) -> str:
        """Return one line: what was walked, and what came of it."""
        metrics = self.metrics
        return (
            f"WalkForward({self._title()}: {len(self._walked.rows)} windows, return "
            f"{metrics['total_return_fraction']:+.1%}, Sharpe {metrics['sharpe']:.2f}, {metrics['trades']:,.0f} trades)"
        )

    def _repr_html_(self) -> str:
        labels = [axis["parameter"] for axis in self.record["space"]]
        names = [name for name in (*_SHOWN[:2], *labels, *_SHOWN[2:]) if name in self.windows]
        cells = [[_shape(value) for value in row] for row in self.windows[names].itertuples(index=False)]
        return html_table(repr(self), names, cells)


def _shape(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
