"""The result of a backtest in Python: the ledger as tables, its figures, pictures and pages."""

import math
import numbers
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from runs.engines.event import run_backtest
from runs.engines.examination import examine
from runs.engines.result import EngineResult
from runs.outcome.metrics import run_metrics, trades_of
from runs.outcome.writing import write_files
from runs.perpetual.accounting import FILL_KINDS
from runs.reports import run as run_report
from runs.reports.beside import Beside
from runs.reports.heatmap.page import run_heatmap
from runs.reports.tearsheet import tearsheet
from runs.results.heatmap import Heatmap, Moment, time_index
from runs.results.saved import SavedRun
from runs.results.show import html_table, page_or_file, plot_beside, title_of

_SHOWN = (
    ("total_return_fraction", "Total return", "{:+.2%}"),
    ("annual_growth_fraction", "Annual growth", "{:+.2%}"),
    ("annual_volatility_fraction", "Annual volatility", "{:.2%}"),
    ("sharpe", "Sharpe (365 days)", "{:.2f}"),
    ("max_bar_drawdown_fraction", "Largest drawdown, all bars", "{:.2%}"),
    ("trades", "Trades", "{:,.0f}"),
    ("hit_rate_fraction", "Hit rate", "{:.1%}"),
    ("fees_quote", "Fees", "{:,.2f}"),
    ("final_equity_quote", "Final equity", "{:,.2f}"),
)


class Result(SavedRun):
    """One strategy on one market.

    Parameters
    ----------
    run
        What the engine left. Where it kept no orders, the event engine runs once more when they are asked for.
    beside
        Returns what was worked out beside it, where something was; it may have to wait.
    """

    def __init__(self, run: EngineResult, beside: Callable[[], Beside] | None = None) -> None:
        self.run, self._given = run, beside

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips: the columns of `runs.outcome.trades.COLUMNS`, in the order of their entries."""
        return trades_of(self.run)

    @cached_property
    def fills(self) -> pd.DataFrame:
        """The ledger: the fields of `FILL`, kinds in words, by the bar's open (UTC, naive)."""
        fills = self.run.fills
        table = pd.DataFrame(fills, index=time_index(self.run.market)[fills["bar"]])
        return table.assign(kind=[FILL_KINDS[kind] for kind in fills["kind"]])

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Orders sent: bar, kind, size (signed base coin), price, limit (quote; 0: none), terms, by the bar's open (UTC, naive).

        What was sent before the first bar's close has bar -1 and no time (NaT).
        """
        table = pd.DataFrame(self._journalled.orders, columns=["bar", "kind", "size", "price", "limit", "terms"])
        bars, times = table["bar"].to_numpy(dtype=int), time_index(self.run.market)
        return table.set_index(times[bars].where(bars >= 0))

    @cached_property
    def equity(self) -> pd.Series:
        """The account's worth at each close, quote, by the bar's open (UTC, naive)."""
        return pd.Series(self.run.equity, index=time_index(self.run.market), name="equity")

    @cached_property
    def record(self) -> dict[str, Any]:
        """All figures, evidence and intervals: what metrics.json says."""
        said = {"evidence": self.evidence, "intervals": self.intervals}
        return self._figures | self._beside.examined | said

    @cached_property
    def metrics(self) -> pd.Series:
        """The run's figures by name, with their unit: performance, trading, exposure and money of `record`."""
        return figures_series(self._figures, self.run.configuration.strategy)

    @property
    def irrelevant_changes(self) -> dict[str, Any]:
        """The total return under changes that should not matter: phases of the price grid, and starts of the data."""
        return self._beside.examined["irrelevant_changes"]

    @property
    def sensitivity(self) -> dict[str, Any]:
        """The total return where fills are doubted: limits traded through, a share of the volume, impact."""
        return self._beside.examined["sensitivity"]

    @cached_property
    def evidence(self) -> dict[str, Any]:
        """What is validated of the signals that the strategy trades, on this data."""
        return run_report.evidence(self.run)

    @cached_property
    def intervals(self) -> dict[str, Any]:
        """95 % intervals of the headline figures, from resampled days."""
        return run_report.intervals(self.run)

    @cached_property
    def heatmap(self) -> Heatmap:
        """The map that was traded on."""
        return Heatmap(self.run.market, self.run.configuration.model)

    @cached_property
    def snapshots(self) -> pd.DataFrame:
        """What the map said at each close: (n, fields of `SNAPSHOT`), by the bar's open (UTC, naive)."""
        return pd.DataFrame(self.run.snapshots, index=time_index(self.run.market))

    def clusters(self, at: Moment = -1) -> pd.DataFrame:
        """Return the clusters at a close; see `Heatmap.clusters`."""
        return self.heatmap.clusters(at)

    def density(self, at: Moment = -1) -> pd.DataFrame:
        """Return the density at a close; see `Heatmap.density`."""
        return self.heatmap.density(at)

    def plot(self, ax: Any = None) -> Any:
        """Draw equity beside buy and hold from the same start; return the matplotlib axes (new ones by default)."""
        run, start = self.run, float(self.run.account["start"][0])
        bought = start * run.close / float(run.market.frame["open"].iloc[0])
        return plot_beside(ax, self.equity, bought, run.configuration.strategy, run.market.name)

    def to_html(self, path: Path | str | None = None, *, layers: bool = False) -> str | None:
        """Return heatmap.html with the run's trades; with a path write it there, whole or not at all, and return None.

        With `layers` the map can be chosen by group of leverages too, and by exchange where there are several.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(run_heatmap(self._journalled, self.trades, layers), path)

    def tearsheet(self, path: Path | str | None = None) -> str | None:
        """Return tearsheet.html; with a path write it there, whole or not at all, and return None.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(tearsheet(self.run, self.record), path)

    def write(self, target: Path, temporary: Path, layers: bool = False) -> None:
        """Write all files of the run into a claimed folder; `layers` as of `to_html`.

        Raises
        ------
        FolderError
            If the disk refuses; then nothing is left at the target.
        """
        heatmap = run_heatmap(
            self._journalled, self.trades, layers
        )  # before `record`, which may wait for a second process
        made = run_report.files(self._journalled, self.trades, self.record, heatmap, self._beside.drawing)
        write_files(made, target, temporary)

    @cached_property
    def _beside(self) -> Beside:
        return self._given() if self._given else Beside(examine(self.run.configuration, self.run.market))

    @cached_property
    def _figures(self) -> dict[str, Any]:
        return run_metrics(self.run, self.trades)

    @cached_property
    def _journalled(self) -> EngineResult:
        return self.run if self.run.orders is not None else run_backtest(self.run.configuration, self.run.market)

    def __repr__(self) -> str:
        """Return one line: what was run, and the headline figures."""
        metrics = self.metrics
        figures = (
            f"return {_shape(100 * metrics['total_return_fraction'], '{:+.1f} %')}, Sharpe {_shape(metrics['sharpe'], '{:.2f}')}, "
            f"{metrics['trades']:,.0f} trades, drawdown by bar {_shape(100 * metrics['max_bar_drawdown_fraction'], '{:.1f} %')}"
        )
        return f"Result({title_of(self.run.configuration.strategy, self.run.market)}: {figures})"

    def _repr_html_(self) -> str:
        rows = [(title, _shape(self.metrics[name], shape)) for name, title, shape in _SHOWN]
        return html_table(title_of(self.run.configuration.strategy, self.run.market), ("", ""), rows)


def _shape(value: float, shape: str) -> str:
    return shape.format(value) if math.isfinite(value) else "-"


def figures_series(metrics: dict[str, Any], strategy: str) -> pd.Series:
    """Return performance, trading, exposure and money of a run's metrics by name."""
    groups = (metrics[group] for group in ("performance", "trading", "exposure", "money"))
    named = {name: value for group in groups for name, value in group.items() if isinstance(value, numbers.Real)}
    return pd.Series(named, dtype=float, name=strategy)
