"""The result of a backtest with one account in several markets, in Python."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from runs.engines.examination import not_examined
from runs.engines.joint.event import run_joint_backtest
from runs.engines.joint.result import JointResult
from runs.outcome.joint_held import joint_held
from runs.outcome.joint_metrics import joint_metrics, joint_trades
from runs.outcome.writing import write_files
from runs.reports import joint as joint_report
from runs.reports.beside import Beside
from runs.results.backtest import Result, figures_series
from runs.results.saved import SavedRun
from runs.results.show import page_or_file, plot_beside


class JointRun(SavedRun):
    """One strategy with one account on several markets.

    Parameters
    ----------
    run
        What the engine left. Where it kept no orders, the event engine runs once more when they are asked for.
    """

    def __init__(self, run: JointResult) -> None:
        self.run = run

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips: ``market``, and the columns of `runs.outcome.trades.COLUMNS`, in the order of their entries."""
        return joint_trades(self.run)

    @cached_property
    def equity(self) -> pd.Series:
        """The account's worth at each step's close, quote, by the bars' open (UTC, naive)."""
        return pd.Series(
            self.run.equity, index=pd.DatetimeIndex(self.run.times.astype("datetime64[ns]")), name="equity"
        )

    @cached_property
    def record(self) -> dict[str, Any]:
        """All figures, evidence and intervals: what metrics.json says."""
        return joint_report.joint_record(self.run, self._figures)

    @cached_property
    def metrics(self) -> pd.Series:
        """The run's figures by name, with their unit: performance, trading, exposure and money of `record`."""
        return figures_series(self._figures, self.run.configuration.strategy)

    def plot(self, ax: Any = None) -> Any:
        """Draw equity beside the markets held in equal parts; return the matplotlib axes (new ones by default)."""
        held = self.run.start * joint_held(self.run).spot
        return plot_beside(ax, self.equity, held, self.run.configuration.strategy, f"{len(self.run.parts)} markets")

    @cached_property
    def markets(self) -> pd.DataFrame:
        """Each market's part of profit, fees and funding, and what its coin earned held; by name."""
        return pd.DataFrame(self.record["markets"]).set_index("name")

    def market(self, name: str) -> Result:
        """Return a market's part as a result of its own; its equity is the start and what this market has earned.

        Raises
        ------
        KeyError
            For a name that is none of the universe's.
        """
        try:
            part = self.run.parts[self.run.universe.names.index(name)]
        except ValueError:
            raise KeyError(f"{name!r} is none of {', '.join(self.run.universe.names)}") from None
        return Result(part, lambda: Beside(not_examined("one account trades several markets")))

    def tearsheet(self, path: Path | str | None = None) -> str | None:
        """Return tearsheet.html; with a path write it there, whole or not at all, and return None.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(joint_report.joint_tearsheet(self.run, self.record), path)

    def write(self, target: Path, temporary: Path, layers: bool = False) -> None:
        """Write all files of the run into a claimed folder.

        Raises
        ------
        FolderError
            If the disk refuses; then nothing is left at the target.
        """
        if any(part.orders is None for part in self.run.parts):
            self.run = run_joint_backtest(self.run.configuration, self.run.universe)
        write_files(joint_report.joint_pages(self.run, self.trades, self.record, layers), target, temporary)

    @cached_property
    def _figures(self) -> dict[str, Any]:
        return joint_metrics(self.run, self.trades)

    def __repr__(self) -> str:
        """Return one line: what was run, and the headline figures."""
        figures = self.record["performance"]
        return (
            f"JointRun({self.run.configuration.strategy} on {len(self.run.parts)} markets, return "
            f"{figures['total_return_fraction'] * 100:+.1f} %, Sharpe {figures['sharpe']:.2f}, {len(self.trades):,} trades)"
        )
