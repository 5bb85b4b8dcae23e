"""The result of `runs.sweep.sweep`: trials as a table, verdict, best runs and page."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.universe.markets import Universe
from runs.engines.configuration import Configuration
from runs.engines.joint.result import JointResult
from runs.reports.sweep.page import sweep_page
from runs.results.backtest import Result
from runs.results.joint import JointRun
from runs.results.show import html_table, one_line, page_or_file, title_of
from runs.sweeps.findings.results import SweepResults, Swept
from runs.sweeps.folder import check_folder, occupied
from runs.sweeps.report import BEST_RUNS, Runs, run_best, summary_of, write_report
from runs.sweeps.rows.objective import best_first
from runs.sweeps.rows.table import row_configuration

_SHOWN = 5


class Sweep:
    """What a sweep found.

    Parameters
    ----------
    swept
        All its rows.
    best_runs
        How many of the best the event engine runs; what earned exactly the same as a better one is passed over.

    Attributes
    ----------
    record
        What it takes to repeat the sweep, and under ``confirmation`` what the event engine said of its best trials.
    trials
        One row a combination: `number`, `key`, `status` (``ok`` or ``error``), `error`, the swept parameters by ``group.name``,
        the metrics with units in their names (NaN after an error), `daily_returns`.
    """

    def __init__(self, swept: Swept, best_runs: int = BEST_RUNS) -> None:
        self._swept, self._most = swept, best_runs
        self.record, self.trials = swept.record, swept.trials

    @property
    def best(self) -> pd.Series:
        """The row of the best trial."""
        return self._best_first().iloc[0]

    def configuration(self, number: int) -> Configuration:
        """Return the configuration of a trial by its number.

        Raises
        ------
        ValueError
            If there is no such trial, or its values are not valid together.
        """
        found = self.trials[self.trials["number"] == number]
        if found.empty:
            raise ValueError(f"there is no trial {number}; the numbers are 0 to {len(self.trials) - 1}")
        return row_configuration(self.record, found.iloc[0])

    @property
    def verdict(self) -> str:
        """Whether the best is more than luck: ``luck``, ``not told from luck``, ``more than luck`` or ``too little data``."""
        return str(self.summary["verdict"]["verdict"])

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All figures of the page, the verdict's sentence first: plain values, None for what is not defined."""
        return summary_of(self._swept, self._results, self._runs)

    @property
    def runs(self) -> dict[int, Result | JointRun]:
        """The best trials as runs of the event engine, by number, best first."""
        return {number: JointRun(run) if isinstance(run, JointResult) else Result(run) for number, run in self._runs}

    @cached_property
    def _runs(self) -> Runs:
        return run_best(self._swept, self._results, self._most)

    @cached_property
    def _results(self) -> SweepResults:
        return self._swept.results()

    def _best_first(self) -> pd.DataFrame:
        return best_first(self.trials, self.record["objective"])

    def to_html(self, path: Path | str | None = None) -> str | None:
        """Return sweep.html; with a path write it there, whole or not at all, and return None.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(sweep_page(self.summary), path)

    def save(self, folder: Path | str) -> Path:
        """Write the folder that `runs.sweep` leaves, without the log of rows by which it could be resumed, and return it.

        Raises
        ------
        FolderError
            If the place is taken, or the disk refuses.
        """
        folder = Path(folder)
        check_folder(folder, self.record, new=True)
        with occupied(folder, self.record, new=True):
            self.write(folder)
        return folder

    def write(self, folder: Path) -> None:
        """Write table, best runs, page and summary into a sweep's folder; raises as `runs.sweeps.report.write_report` does."""
        write_report(folder, self._swept, self._runs, self.summary)

    def plot(self, ax: Any = None) -> Any:
        """Draw how many trials reached which objective, the best marked; return the matplotlib axes (new ones by default)."""
        from matplotlib import pyplot

        ax = pyplot.subplots()[1] if ax is None else ax
        objective, best = self.record["objective"], self.best
        values = self.trials[objective].to_numpy(dtype=np.float64)
        ax.hist(values[np.isfinite(values)], bins="auto")
        ax.axvline(best[objective], color="black", label=f"best: trial {best['number']}")
        ax.set(title=self._title(), xlabel=objective, ylabel="trials")
        ax.legend()
        return ax

    def _title(self) -> str:
        market, strategy = self._swept.market, self.record["configuration"]["strategy"]
        if isinstance(market, Universe):
            return f"{one_line(strategy)} on {one_line(self.record['data']['name'])}, judged on the {self.record['across']}"
        return title_of(strategy, market)

    def __repr__(self) -> str:
        """Return one line: what was swept, and the best."""
        best, objective = self.best, self.record["objective"]
        failed = int((self.trials["status"] == "error").sum())
        differs = self.record["confirmation"]["difference"] is not None
        return (
            f"Sweep({self._title()}: {len(self.trials):,} combinations, {failed:,} failed, best {objective} "
            f"{best[objective]:.4g} by trial {best['number']}{', which the event engine contradicts' if differs else ''})"
        )

    def _repr_html_(self) -> str:
        labels = [axis["parameter"] for axis in self.record["space"]]
        names = ["number", *labels, *dict.fromkeys((self.record["objective"], "total_return_fraction", "trades"))]
        rows = self._best_first().head(_SHOWN)[names].itertuples(index=False)
        return html_table(repr(self), names, [[_shape(value) for value in row] for row in rows])


def _shape(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
