"""What a rule sees of the market: the present bar and the ones before, as far back as its strategy asks for, and none after."""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from indicators.liquidation.compiled import inlined_loop, plain
from indicators.liquidation.model import SECONDS_PER_HOUR
from indicators.liquidation.parameter_fields import Readable, unknown

_HOURS_PER_DAY, _DAYS_PER_WEEK = 24, 7
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday
USUAL_INTERVAL = 8.0  # hours between settlements where no contract's terms are known, as `Instrument` has it


class MarketView(NamedTuple):
    """The last bars at one bar's close: element -1 is the present, -2 the bar before, and there are `history` of them.

    All but the numbers at the end are views, not copies: they cannot be written, and an index beyond them is an IndexError.

    Attributes
    ----------
    snapshot
        (history,) of `SNAPSHOT`: what the heatmap said at each close, as ``market.snapshot[-1].magnet``; a field of all bars is
        ``market.snapshot.magnet``.
    open, high, low, close
        (history,) prices, quote per base.
    volume, taker_buy_volume
        (history,) base coin; NaN where unknown.
    open_interest
        (history,) base coin at each close; NaN where unknown.
    funding_rate
        (history,) fraction of notional settled at each bar's open instant; NaN where none settled.
    long_short_ratio
        (history,) accounts long / accounts short; NaN where unknown.
    liquidated_long, liquidated_short
        (history,) base coin closed by force, as reported; NaN where unknown.
    open_time
        (history,) seconds since 1970-01-01 UTC at which each bar opened.
    time
        Now, in the same seconds: the present bar's close, at which the rule is asked, and the next bar's open.
    hour, weekday
        Of `time`, UTC: 0 to 23; 0 is Monday.
    hours_to_funding
        From `time` to the next settlement that an order sent now can still meet or avoid: above 0, up to the interval.
    """

    snapshot: Any
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any
    taker_buy_volume: Any
    open_interest: Any
    funding_rate: Any
    long_short_ratio: Any
    liquidated_long: Any
    liquidated_short: Any
    open_time: Any
    time: float
    hour: int
    weekday: int
    hours_to_funding: float


FUNDING_TERMS = np.dtype([("since", np.float64), ("hours", np.float64)])
"""From when on (seconds since 1970-01-01 UTC) a contract settles its funding every so many hours."""


def funding_terms(intervals: Sequence[tuple[datetime.date, float]] = ()) -> np.ndarray:
    """Return (k,) of `FUNDING_TERMS` of days and the hours between settlements from then on; the first hold from the beginning."""
    known = intervals or ((datetime.date.min, USUAL_INTERVAL),)
    found = np.array([(np.datetime64(day, "s").astype(np.int64), hours) for day, hours in known], dtype=FUNDING_TERMS)
    found["since"][0] = -np.inf
    return found


@inlined_loop
def utc_hour_and_weekday(time: float) -> tuple[int, int]:
    """Return the UTC hour of seconds since 1970-01-01, 0 to 23, and the weekday, of which 0 is Monday."""
    hours = int(time // SECONDS_PER_HOUR)
    return hours % _HOURS_PER_DAY, (hours // _HOURS_PER_DAY + _FIRST_WEEKDAY) % _DAYS_PER_WEEK


@inlined_loop
def _hours_to_funding(time: float, open_time: float, funding: np.ndarray) -> float:
    interval = funding[0]["hours"]
    for row in range(1, len(funding)):
        if funding[row]["since"] <= open_time:
            interval = funding[row]["hours"]
    return interval - time / SECONDS_PER_HOUR % interval


@inlined_loop
def market_at(
    bars: np.ndarray, snapshots: np.ndarray, bar: int, history: int, bar_seconds: float, funding: np.ndarray
) -> MarketView:
    """Return what a rule sees at the close of a bar.

    Parameters
    ----------
    bars, snapshots
        (n,) of `BAR` and of `SNAPSHOT`.
    bar, history
        Index of the present bar, and how many it sees: ``1 <= history <= bar + 1``.
    bar_seconds
        Length of a bar.
    funding
        (k,) of `FUNDING_TERMS`.
    """
    seen = bars[bar + 1 - history : bar + 1]
    open_time = bars[bar]["open_time"]
    time = open_time + bar_seconds
    hour, weekday = utc_hour_and_weekday(time)
    return MarketView(
        snapshots[bar + 1 - history : bar + 1],
        seen["open"], seen["high"], seen["low"], seen["close"], seen["volume"], seen["taker_buy_volume"],
        seen["open_interest"], seen["funding_rate"], seen["long_short_ratio"], seen["liquidated_long"],
        seen["liquidated_short"], seen["open_time"], time, hour, weekday,
        _hours_to_funding(time, open_time, funding),
    )  # fmt: skip


class ReadableRows:
    """Records whose fields read as attributes outside compiled code, as they do inside: of one row, or of all as an array."""

    __slots__ = ("_rows",)

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        """Return one row, or the rows of a slice; IndexError beyond them."""
        found = self._rows[index]
        return ReadableRows(found) if isinstance(index, slice) else Readable(found)

    def __getattr__(self, name: str) -> np.ndarray:
        """Return a field of all rows; AttributeError with the nearest name for an unknown one."""
        names = self._rows.dtype.names or ()
        if name not in names:
            raise AttributeError(unknown("field", name, list(names)))
        return self._rows[name]


def plain_market_at(
    bars: np.ndarray, snapshots: np.ndarray, bar: int, history: int, bar_seconds: float, funding: np.ndarray
) -> MarketView:
    """Return `market_at` for a rule in plain Python."""
    found = _plain_market_at(bars, snapshots, bar, history, bar_seconds, funding)
    return found._replace(snapshot=ReadableRows(found.snapshot))


_plain_market_at = plain(market_at)
