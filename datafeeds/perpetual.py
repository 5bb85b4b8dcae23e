"""The backtrader feed: fills its lines in bulk from arrays, because backtrader's own loop reads one cell at a time."""

import math
from array import array
from typing import Any

import backtrader as bt
import numpy as np

from datafeeds.schema import Market

_EXTRA = (
    "open_interest",
    "open_interest_break",
    "funding_rate",
    "funding_rate_within",
    "mark_high",
    "mark_low",
    "mark_close",
    "taker_buy_volume",
    "long_short_ratio",
    "liquidated_long",
    "liquidated_short",
)
_MICROSECONDS_PER_DAY = 86_400e6
_EPOCH_ORDINAL = 719_163  # 1970-01-01 in backtrader's day numbers (proleptic Gregorian ordinal)


class PerpetualFeed(bt.feed.DataBase):  # type: ignore[misc]
    """A `Market` as a backtrader data feed.

    Lines: backtrader's own (``datetime`` is the bar's OPEN, naive UTC) and the further columns of the schema; NaN where
    unknown. Parameters: ``market``.

    ``resampledata`` and ``replaydata`` gather bars as they do for any feed of backtrader's: it takes labels for ends, so that
    the first larger bar is made of one bar, and all begin a bar late. For the venue's own hours resample the market instead.
    """

    lines = _EXTRA
    params = (("market", None),)

    def __init__(self) -> None:
        """Name the lines that are filled."""
        super().__init__()
        market: Market = self.p.market
        self.p.timeframe, self.p.compression = _timeframe(market.bar_seconds)
        self._timeframe, self._compression = self.p.timeframe, self.p.compression
        self._filled = [getattr(self.lines, name) for name in _values(market.head(1))]
        self._rows: list[np.ndarray] = []  # the lines' values, where bars come one at a time
        self._times = self.lines.datetime  # never `_clock`: backtrader would climb from line to feed and back for ever
        self._count, self._next_row, self._bulk = len(market), 0, False

    def start(self) -> None:
        """Begin at the first bar."""
        super().start()
        self._next_row = 0

    def preload(self) -> None:
        """Fill every line at once, unless something wants to see each bar as it comes."""
        plain = not self._filters and not self._ffilters and self.p.fromdate is None and self.p.todate is None
        if not plain:
            super().preload()
            return
        for line, values in zip(self._filled, _values(self.p.market).values(), strict=True):
            line.array = array("d", values.tobytes())
        self._next_row, self._bulk = self._count, True
        for line in self._filled:
            line._idx, line.lencount, line.extension = self._count - 1, self._count, 0
        self._last()
        self.home()

    def _load(self) -> bool:
        if self._next_row >= self._count:
            return False
        self._rows = self._rows or list(_values(self.p.market).values())
        for line, values in zip(self._filled, self._rows, strict=True):
            line[0] = float(values[self._next_row])  # in exactbars lines hold what they are given; numpy's is no float
        self._next_row += 1
        return True

    def advance(self, size: int = 1, datamaster: Any = None, ticks: bool = True) -> None:
        """Move on; in a preloaded run without backtrader's tick bookkeeping, which only live feeds need."""
        if not self._bulk or datamaster is not None:
            super().advance(size, datamaster, ticks)
            return
        for line in self._filled:
            line._idx += size
            line.lencount += size

    def advance_peek(self) -> float:
        """Return the time of the next bar, infinity after the last."""
        if not self._bulk:
            return super().advance_peek()
        line = self._times
        return line.array[line._idx + 1] if line.lencount < self._count else math.inf

    def __len__(self) -> int:
        """Return the number of bars so far (backtrader's own takes three calls)."""
        return self.lines.lines[0].lencount


def _values(market: Market) -> dict[str, np.ndarray]:
    """Return what the lines hold, (n,) float64 by their names."""
    columns = market.columns()
    return columns | {"openinterest": columns["open_interest"], "datetime": day_numbers(market.times)}


def day_numbers(times: np.ndarray) -> np.ndarray:
    """Return datetime64[ns] (n,) as backtrader's floating days.

    Computed as backtrader's `date2num` does, from whole days plus a fraction, so that it reads back the same microsecond.
    """
    microseconds = times.astype("datetime64[us]").astype(np.int64)
    days, rest = np.divmod(microseconds, np.int64(_MICROSECONDS_PER_DAY))
    return (days + _EPOCH_ORDINAL) + rest / _MICROSECONDS_PER_DAY


def _timeframe(bar_seconds: int) -> tuple[int, int]:
    for seconds, frame in ((86_400, bt.TimeFrame.Days), (60, bt.TimeFrame.Minutes)):
        if bar_seconds % seconds == 0:
            return frame, bar_seconds // seconds
    return bt.TimeFrame.Seconds, bar_seconds
