"""The heatmap of a market in Python: snapshots, clusters and density as tables, and the map through time as a matrix."""

import operator
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
import pandas as pd

from datafeeds.errors import MarketError
from datafeeds.schema import Market
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS
from indicators.liquidation.model import Model, State, build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import HeatmapRecord, density_by_price, record_heatmap, significant_clusters
from runs.analysis.leverage import leverage_section
from runs.engines.event import model_bars, run_model
from runs.reports.heatmap.columns import column_ends
from runs.reports.heatmap.page import heatmap_page
from runs.results.show import html_table, one_line, page_or_file, span_of

Moment: TypeAlias = SupportsIndex | str | pd.Timestamp
"""A bar by its index (-1 the last), or a time: then the last bar that had closed by it."""


class Heatmap:
    """Where positions stand that would be force-closed, after every bar of a market.

    Parameters
    ----------
    market
        (n,) bars.
    parameters
        Of the model.
    every
        Bars from one column of `matrix` to the next (>= 1); the last bar is one of them.

    Raises
    ------
    ValueError
        For `every` below one.
    """

    def __init__(self, market: Market, parameters: ModelParameters, every: int = 1) -> None:
        if every < 1:
            raise ValueError(f"every = {every} must be at least 1")
        self.market, self.parameters, self.every = market, parameters, every
        self._last: tuple[int, State] | None = None

    @cached_property
    def _model(self) -> Model:
        return build_model(self.parameters, self.market.bar_seconds)

    @cached_property
    def _record(self) -> HeatmapRecord:
        return record_heatmap(self._model, model_bars(self.market), column_ends(len(self.market), self.every))

    @cached_property
    def snapshots(self) -> pd.DataFrame:
        """What the map said at each close: (n, fields of `SNAPSHOT`), by the bar's open (UTC, naive)."""
        return pd.DataFrame(self._record.snapshots, index=time_index(self.market))

    def clusters(self, at: Moment = -1) -> pd.DataFrame:
        """Return the significant clusters at a close, largest first: the fields of `CLUSTER`; it takes bars up to `at` alone.

        Raises
        ------
        MarketError
            For a bar or a time that the market does not have.
        """
        return pd.DataFrame(significant_clusters(self._state(at)))

    def density(self, at: Moment = -1) -> pd.DataFrame:
        """Return base coin in each bin at a close: columns `long` and `short`, by the bin's middle price, ascending.

        Raises
        ------
        MarketError
            For a bar or a time that the market does not have.
        """
        prices, longs, shorts = density_by_price(self._state(at), self._model)
        return pd.DataFrame({"long": longs, "short": shorts}, index=pd.Index(prices, name="price"))

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """The map through time: base coin by time (rows, every `every`-th bar) and price (columns, a bin's middle).

        Float32, longs below and shorts above the price, both in its own bin; NaN outside the window around it. A row follows
        from the bars up to its own alone.
        """
        record, bins = self._record, np.floor(self._record.positions).astype(np.int64)
        ahead = record.density.shape[2] - 1
        lowest = int(bins.min()) - ahead
        values = np.full((len(bins), int(bins.max()) + ahead + 1 - lowest), np.nan, dtype=np.float32)
        for row, (place, (longs, shorts)) in enumerate(zip(bins - lowest, record.density, strict=True)):
            values[row, place - ahead : place + ahead + 1] = np.concatenate(
                [longs[:0:-1], [longs[0] + shorts[0]], shorts[1:]]
            )
        prices = np.exp((lowest + np.arange(values.shape[1]) + 0.5) * self.parameters.bin_width)
        times = time_index(self.market)[record.ends]
        return pd.DataFrame(values, index=times, columns=pd.Index(prices, name="price"))

    def plot(self, ax: Any = None) -> Any:
        """Draw the map with the close over it; return the matplotlib axes (new ones by default)."""
        from matplotlib import colors, pyplot

        ax = pyplot.subplots()[1] if ax is None else ax
        shown = self.matrix
        largest = float(np.nanmax(shown.to_numpy(), initial=0.0))
        scale = colors.LogNorm(largest / 1e4, largest) if largest > 0.0 else None
        mesh = ax.pcolormesh(
            shown.index, shown.columns, shown.to_numpy().T, norm=scale, cmap="inferno", shading="nearest"
        )
        ax.figure.colorbar(mesh, ax=ax, label="base coin a bin")
        ax.plot(shown.index, self._record.snapshots["close"][self._record.ends], color="white", linewidth=0.8)
        ax.set(title=f"Liquidation heatmap of {one_line(self.market.name)}", ylabel="price, quote")
        return ax

    def by_leverage(self, at: Moment = -1) -> pd.DataFrame:
        """Return what part of each significant cluster at a close each group of leverages holds: fractions.

        Rows as of `clusters`, by the cluster's price; columns are the groups (`LEVERAGE_GROUPS`), for each of which the model
        runs once more. The split is assumed, as `leverage_distribution` is.

        Raises
        ------
        MarketError
            For a bar or a time that the market does not have.
        """
        clusters = significant_clusters(self._state(at))
        fractions = leverage_section(self._seen(at), self.parameters, clusters)["clusters"]
        names, prices = [group.name for group in LEVERAGE_GROUPS], pd.Index(clusters["price"], name="price")
        return pd.DataFrame(fractions, index=prices, columns=names, dtype=float)

    def to_html(self, path: Path | str | None = None, *, layers: bool = False) -> str | None:
        """Return heatmap.html, the map to zoom in; with a path write it there, whole or not at all, and return None.

        With `layers` the map can be chosen by group of leverages too, and by exchange where there are several: a page about
        twice as large, made in three times the time.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        return page_or_file(heatmap_page(self.market, self.parameters, layers=layers), path)

    def _state(self, at: Moment) -> State:
        seen = self._seen(at)
        if self._last is None or self._last[0] != len(seen):
            self._last = len(seen), run_model(self.parameters, seen)[1]
        return self._last[1]

    def _seen(self, at: Moment) -> Market:
        if isinstance(at, (str, pd.Timestamp)):
            return self.market.until(at)
        index, count = operator.index(at), len(self.market)
        if not -count <= index < count:
            raise MarketError(
                f"at = {index}: {self.market.name} has the bars 0 to {count - 1}, from the end -1 to {-count}"
            )
        return self.market.head(index % count + 1)

    def __repr__(self) -> str:
        """Return one line: market and extent."""
        return f"Heatmap({one_line(self.market.name)}, {span_of(self.market)})"

    def _repr_html_(self) -> str:
        largest = self.clusters()[["price", "magnitude_usd", "distance"]].head(5).to_numpy()
        rows = [(f"{at:,.2f}", f"{size:,.0f}", f"{distance:+.2%}") for at, size, distance in largest]
        return html_table(repr(self), ("cluster at", "size, quote", "distance"), rows)


def time_index(market: Market) -> pd.DatetimeIndex:
    """Return the bars' opens (UTC, naive) as an index."""
    return pd.DatetimeIndex(market.times, name="time")
