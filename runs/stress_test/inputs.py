"""What the stress test reads of a market and of the map: the one place that knows the model."""

import math
from dataclasses import dataclass, replace

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars
from runs.validation.dataset import grid_starts
from runs.validation.measures.reach import adverse_extremes

SIDES = ("long", "short")
"""Who is liquidated: longs when price falls, shorts when it rises."""

MAP_REACH = 0.4
"""Log price to which the map is read: a fall by 33 %. Always the same, so that no answer depends on what else was asked."""

_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class StressInputs:
    """A market bar by bar, and the map at the closes that are asked about.

    Attributes
    ----------
    bar_seconds
        Length of a bar.
    days
        (n,) UTC day of each bar's open, as a whole number.
    closes, extremes
        (n,) quote per base; (n, 2) the prices that liquidate longs (low) and shorts (high).
    volume_24h
        (n,) base coin traded in the 24 hours before each close.
    daily_volatility
        (n,) standard deviation of a day's log return, as known at each close; NaN where unknown.
    reported
        (n, 2) base coin reported as liquidated in each bar; NaN where unknown.
    open_interest
        Base coin at the last close; NaN where unknown.
    maps
        (rows, 2, bins) base coin outward from the last `rows` closes, by bins of log price. The first bin is the close's own,
        as far as it lies beyond the close.
    starts
        (rows, 2) where in that first bin the close lies (0 .. 1).
    bin_width
        Log price a bin.
    impact
        Y of the square-root law.
    """

    bar_seconds: int
    days: np.ndarray
    closes: np.ndarray
    extremes: np.ndarray
    volume_24h: np.ndarray
    daily_volatility: np.ndarray
    reported: np.ndarray
    open_interest: float
    maps: np.ndarray
    starts: np.ndarray
    bin_width: float
    impact: float

    @property
    def reports(self) -> bool:
        """Whether the data reports any liquidation."""
        return bool(np.nansum(self.reported) > 0.0)


def read_inputs(market: Market, parameters: ModelParameters) -> StressInputs:
    """Take a market through the model, with its window at `MAP_REACH`.

    Maps are kept of every close where liquidations are reported, else of the last one alone.
    """
    wide = replace(parameters, cluster_window=MAP_REACH)
    bars = model_bars(market)
    reported = np.stack([bars["liquidated_long"], bars["liquidated_short"]], axis=1)
    ends = None if np.nansum(reported) > 0.0 else np.array([len(bars) - 1])
    record = record_heatmap(build_model(wide, market.bar_seconds), bars, ends)
    snapshots = record.snapshots
    return StressInputs(
        bar_seconds=market.bar_seconds,
        days=market.times.astype("datetime64[D]").astype(np.int64),
        closes=bars["close"],
        extremes=adverse_extremes(bars),
        volume_24h=snapshots["volume_24h"],
        daily_volatility=snapshots["volatility"] * math.sqrt(_SECONDS_PER_DAY / market.bar_seconds),
        reported=reported,
        open_interest=float(snapshots["open_interest"][-1]),
        maps=record.density,
        starts=grid_starts(record.positions),
        bin_width=parameters.bin_width,
        impact=parameters.impact,
    )
