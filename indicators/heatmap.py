"""The liquidation heatmap as a backtrader indicator: parameters, lines, next and once, nothing else."""

from array import array
from dataclasses import fields
from typing import Any

import backtrader as bt
import numpy as np

from indicators.liquidation.bar import BAR, empty_bars
from indicators.liquidation.compiled import read_only
from indicators.liquidation.model import State, build_model, copy_into, initial_state
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import density_by_price, significant_clusters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run, run_bars

LINE_FIELDS = {
    "cluster_above": "cluster_above_price",
    "cluster_above_usd": "cluster_above_usd",
    "cluster_below": "cluster_below_price",
    "cluster_below_usd": "cluster_below_usd",
    "magnet": "magnet",
    "cascade_risk_down": "cascade_risk_down",
    "cascade_risk_up": "cascade_risk_up",
    "support": "support_price",
    "resistance": "resistance_price",
    "model_liquidated_long": "model_liquidated_long",
    "model_liquidated_short": "model_liquidated_short",
    "liquidated_long_24h": "liquidated_long_24h_usd",
    "liquidated_short_24h": "liquidated_short_24h_usd",
    "phase": "phase",
}
"""The indicator's lines, and the `SNAPSHOT` field that each shows."""

_EPOCH_ORDINAL = 719_163  # 1970-01-01 in backtrader's day numbers (proleptic Gregorian ordinal)
_MILLISECONDS_PER_DAY = 86_400e3
_FIRST_ROOM = 1024  # bars of room to begin with when the number of bars is not known; doubled when full


class LiquidationHeatmap(bt.Indicator):
    """Estimate, bar by bar, where leveraged positions would be force-closed.

    Formula: see `indicators.liquidation.step`; every parameter is a field of `ModelParameters`. ``bar_seconds`` is taken
    from the data's timeframe unless given. Works on any data with open, high, low, close and volume; the further lines of
    `PerpetualFeed` (open interest, funding, mark, reported liquidations) are used where the data has them.

    Beyond its lines: `view` (the whole snapshot), `clusters` and `density` at a bar, on demand.
    """

    lines = tuple(LINE_FIELDS)
    params = (("bar_seconds", 0.0), *((field.name, field.default) for field in fields(ModelParameters)))
    plotinfo = dict(plot=True, subplot=False, plotname="liquidations", plotlinelabels=True)  # noqa: RUF012
    # On the price: blue and orange, which no colour blindness confuses, and side and shape tell as well. The other lines
    # are no prices, and would flatten the bars.
    plotlines = dict(  # noqa: RUF012
        {name: dict(_plotskip=True) for name in LINE_FIELDS},
        cluster_above=dict(_name="short cluster", color="#d95f02", ls="", marker="v", markersize=3),
        cluster_below=dict(_name="long cluster", color="#0b7285", ls="", marker="^", markersize=3),
        support=dict(_name="support", color="#0b7285", ls="--", drawstyle="steps-post"),
        resistance=dict(_name="resistance", color="#d95f02", ls=":", drawstyle="steps-post"),
    )

    _targets: list[tuple[Any, str]] = []  # noqa: RUF012 - set in __init__; backtrader asks for the length before

    def __init__(self) -> None:
        """Work out the parameters; backtrader has set ``self.p`` and ``self.data``."""
        self.parameters = ModelParameters(**{f.name: getattr(self.p, f.name) for f in fields(ModelParameters)})
        seconds = self.p.bar_seconds or bar_seconds_of(self.data)
        self.model = build_model(self.parameters, seconds)
        self._sources = [(name, getattr(self.data.lines, name)) for name in BAR.names if hasattr(self.data.lines, name)]
        self._times = getattr(self.data.lines, "datetime", None)  # labels of bars, taken for their opens
        self._targets = [(getattr(self.lines, name), field) for name, field in LINE_FIELDS.items()]
        self._state, self._before = initial_state(self.model), initial_state(self.model)
        self._bars, self._snapshots = empty_bars(_FIRST_ROOM), np.zeros(_FIRST_ROOM, dtype=SNAPSHOT)
        self._past: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._stepped = 0  # bars that the state has seen
        self._cursor: tuple[int, State] | None = None  # a state on the way through the bars, for questions about one

    def _plotlabel(self) -> list[str]:
        """Return what the legend says of the parameters: the changed ones (all of them would cover the chart)."""
        defaults = {field.name: field.default for field in fields(ModelParameters)}
        changed = {name: getattr(self.p, name) for name in defaults if getattr(self.p, name) != defaults[name]}
        return [f"{name} {value}" for name, value in changed.items()]

    def oncestart(self, start: int, end: int) -> None:
        """Leave all to `once`, which is called next."""

    def once(self, start: int, end: int) -> None:
        """Take all bars through the step in one compiled loop."""
        self._bars, self._snapshots = empty_bars(end), np.zeros(end, dtype=SNAPSHOT)
        for name, line in self._sources:
            self._bars[name] = np.frombuffer(line.array, dtype=np.float64, count=end)
        if self._times is not None:
            self._bars["open_time"] = _seconds(np.frombuffer(self._times.array, dtype=np.float64, count=end))
        run_bars(self._state, self.model, self._bars, self._snapshots, 0, end)
        self._stepped = end
        for line, field in self._targets:
            line.array[:end] = array("d", self._snapshots[field].tobytes())

    def next(self) -> None:
        """Take one bar through the step; the same bar sent again starts from the state before it."""
        index = len(self) - 1
        if index >= len(self._bars):
            self._bars = np.concatenate([self._bars, empty_bars(len(self._bars))])
            self._snapshots = np.concatenate([self._snapshots, np.zeros(len(self._snapshots), dtype=SNAPSHOT)])
        again = index < self._stepped
        copy_into(*((self._before, self._state) if again else (self._state, self._before)))
        bar, snapshot = self._bars[index], self._snapshots[index]
        for name, line in self._sources:
            bar[name] = line[0]
        if self._times is not None:
            bar["open_time"] = _seconds(self._times[0])
        run_bars(self._state, self.model, self._bars, self._snapshots, index, index + 1)
        self._stepped = index + 1
        for line, field in self._targets:
            line[0] = float(snapshot[field])  # in exactbars a line holds what it is given

    def advance(self, size: int = 1) -> None:
        """Move on in a run whose lines are already computed (backtrader's own loop, without its property calls)."""
        for line, _ in self._targets:
            line._idx += size
            line.lencount += size

    def __len__(self) -> int:
        """Return the number of bars so far (backtrader's own takes three calls)."""
        return self._targets[0][0].lencount if self._targets else super().__len__()

    def view(self) -> tuple[np.ndarray, int]:
        """Return the snapshots (n,) and the index of the current bar; rows after it are not to be read."""
        return self._snapshots, len(self) - 1

    def past(self) -> tuple[np.ndarray, np.ndarray]:
        """Return bars and snapshots, (n,) of `BAR` and `SNAPSHOT`, read-only; rows after the current are not to be read."""
        if self._past is None or self._past[0] is not self._bars:
            self._past = self._bars, read_only(self._bars), read_only(self._snapshots)
        return self._past[1:]

    def state(self, ago: int = 0) -> State:
        """Return the model's state at the close of the bar `ago` (0 now, -1 the one before); not to be changed.

        Asking forward in time is cheap, each bar once; asking backward steps through the bars from the start.

        Raises
        ------
        IndexError
            For a bar in the future or before the first.
        """
        index = len(self) - 1 + ago
        if ago > 0 or index < 0:
            raise IndexError(f"no bar at ago = {ago}: 0 is the current bar, -1 the one before")
        if self._stepped == index + 1:
            return self._state
        done, state = self._cursor or (0, initial_state(self.model))
        if done > index + 1:
            done, state = 0, initial_state(self.model)
        run(self.model, self._bars[done : index + 1], state)
        self._cursor = (index + 1, state)
        return state

    def clusters(self, ago: int = 0) -> np.ndarray:
        """Return all significant clusters at a bar, (n,) of `CLUSTER`, largest first."""
        return significant_clusters(self.state(ago))

    def density(self, ago: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the density at a bar.

        Returns
        -------
        prices, longs, shorts
            (bins,) ascending bin centres in quote per base, and base coin standing in each bin, by side.
        """
        return density_by_price(self.state(ago), self.model)


def _seconds(day_numbers: Any) -> Any:
    """Return backtrader's floating days as seconds since 1970-01-01 UTC, to the millisecond that they hold."""
    return np.rint((day_numbers - _EPOCH_ORDINAL) * _MILLISECONDS_PER_DAY) / 1000.0


def bar_seconds_of(data: Any) -> float:
    """Return the length of a data's bars in seconds, from its timeframe and compression.

    Raises
    ------
    ValueError
        For ticks and for months or years, which have no fixed length.
    """
    seconds = {
        bt.TimeFrame.Seconds: 1.0,
        bt.TimeFrame.Minutes: 60.0,
        bt.TimeFrame.Days: 86400.0,
        bt.TimeFrame.Weeks: 604800.0,
    }.get(data._timeframe)
    if seconds is None:
        raise ValueError(f"bars of timeframe {data._timeframe} have no fixed length: give bar_seconds")
    return seconds * data._compression
