"""The canonical schema: one row a bar, sorted, unique, UTC; whatever is stamped is known at the bar's close at the latest."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from datafeeds.columns import check_names, column_numbers, column_times, parse_time, refuse_rows
from datafeeds.daylight import doubling_zone
from datafeeds.errors import MarketError, TooShortError
from datafeeds.grid import onto_grid
from datafeeds.quality import Defect, Quality, epoch_nanoseconds, inspect, open_interest_breaks, stamp_doubts
from datafeeds.venue_columns import venues_with

PRICES = ("open", "high", "low", "close")
REQUIRED = ("ts", *PRICES, "volume")
OPTIONAL = (
    "open_interest",
    "funding_rate",
    "mark_high",
    "mark_low",
    "mark_close",
    "taker_buy_volume",
    "long_short_ratio",
    "liquidated_long",
    "liquidated_short",
    "funding_rate_within",
)
MODEL_COLUMNS = (*PRICES, "volume", OPTIONAL[0], "open_interest_break", *OPTIONAL[1:-1])
"""What the model reads of a bar, in its order."""


_MARKS = ("mark_high", "mark_low", "mark_close")
PRICE_RANGE = (1e-15, 1e15)
"""Quote. *Assumption*: no coin is worth less or more in any currency; of prices beyond, products are no floats any more."""

LARGEST_SIZE = 1e24
"""Coins, and what is counted in them (*assumption*: the largest supply of a coin that trades is below 1e18)."""


@dataclass(frozen=True)
class Market:
    """Checked market data of one perpetual.

    Attributes
    ----------
    frame
        Canonical columns (`ts` tz-aware UTC bar opens) plus `open_interest_break`; missing optional columns are absent. Of
        several venues also the parts that are summed, such as ``open_interest of okx``.
    name
        What the outputs call it.
    bar_seconds
        Length of a bar.
    quality
        What the checks found.
    simulated
        Whether it comes from the simulator.
    remarks
        What its source has to say about it, one sentence each.
    """

    frame: pd.DataFrame
    name: str
    bar_seconds: int
    quality: Quality
    simulated: bool = False
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.frame)

    def __getitem__(self, bars: slice) -> "Market":
        """Return neighbouring bars by their index, checked again as if there were no others.

        Raises
        ------
        TypeError
            For anything but a slice.
        MarketError
            For a slice with a step, or without a bar.
        """
        if not isinstance(bars, slice):
            raise TypeError(f"{self.name}: bars are taken by a slice, as market[10:20]")
        first, last, step = bars.indices(len(self))
        if step != 1 or first >= last:
            raise MarketError(
                f"{self.name}: [{bars.start}:{bars.stop}:{bars.step}] names no neighbouring bars of {len(self)}"
            )
        return self._of(self.frame.iloc[first:last])

    def head(self, count: int) -> "Market":
        """Return the first `count` bars (1 to n).

        Raises
        ------
        MarketError
            For another count.
        """
        if not 1 <= count <= len(self):
            raise MarketError(f"{self.name}: the first {count} bars are no part of {len(self)}")
        return self[:count]

    def until(self, moment: str | pd.Timestamp) -> "Market":
        """Return the bars that had closed at a moment (ISO time, UTC unless it says otherwise).

        Raises
        ------
        MarketError
            For what is no time, a moment before the first close, or one at which the bar after the last would have closed.
        """
        at, bar = parse_time(moment), pd.Timedelta(seconds=self.bar_seconds)
        closes = pd.DatetimeIndex(self.frame["ts"]) + bar
        first, last = closes[0], closes[-1]
        if at < first or at >= last + bar:
            where = "before the first close" if at < first else "beyond the data"
            raise MarketError(
                f"--at {moment}: {where} of {self.name}; name a time from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
            )
        return self.head(int(closes.searchsorted(at, side="right")))

    def _of(self, rows: pd.DataFrame) -> "Market":
        if len(rows) == len(self):
            return self
        frame = rows.reset_index(drop=True)
        return replace(self, frame=frame, quality=inspect(frame, self.bar_seconds))

    def has(self, column: str) -> bool:
        """Return whether any value of an optional column is known."""
        return column in self.frame and bool(self.frame[column].notna().any())

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues whose sizes are summed, the one whose price is traded first; empty for a market of one."""
        return venues_with(self.frame, "volume")

    def caveats(self) -> list[str]:
        """Return what the data lacks and what stands in for it, one sentence each, for people."""
        known = list(self.remarks)
        if self.simulated:
            known.append("simulated market: nothing here ever traded")
        if not self.has("open_interest"):
            known.append("no open interest: the map is built from volume alone")
        if not (self.has("mark_high") and self.has("mark_low")):
            known.append("no mark high and low: the last price stands in for liquidations")
        if not self.has("funding_rate"):
            known.append("no funding: none is charged")
        if not self.has("liquidated_long"):
            known.append("no reported liquidations: wipes are the model's")
        return known

    @property
    def times(self) -> np.ndarray:
        """Bar opens as naive UTC datetime64[ns], (n,)."""
        return epoch_nanoseconds(self.frame["ts"]).view("datetime64[ns]")

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns as float64 arrays (n,), NaN where unknown, breaks as 0 or 1: the model's, and the account's own."""
        count = len(self.frame)
        return {
            name: self.frame[name].to_numpy(dtype=np.float64) if name in self.frame else np.full(count, np.nan)
            for name in (*MODEL_COLUMNS, "funding_rate_within")
        }

    def fingerprint(self) -> str:
        """Return the SHA-256 of the content the model reads: the same for the same data in any file format."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:  # a sweep asks for every combination
        digest = hashlib.sha256(f"liquidation-heatmap market 1 {self.bar_seconds}".encode())
        digest.update(epoch_nanoseconds(self.frame["ts"]).astype("<i8").tobytes())
        for name, values in self.columns().items():
            if name not in MODEL_COLUMNS and not self.has(name):
                continue  # of markets without, the digest is that of before there was such a column
            digest.update(name.encode())
            # One bit pattern for "unknown" and one for zero, whatever the file held.
            digest.update((np.where(np.isnan(values), np.nan, values) + 0.0).astype("<f8").tobytes())
        return digest.hexdigest()

    def between(self, start: str | pd.Timestamp | None, end: str | pd.Timestamp | None) -> "Market":
        """Return the bars that open at or after `start` and before `end` (ISO times, UTC unless they say otherwise).

        Raises
        ------
        MarketError
            For a time that cannot be read, or a range with fewer than two bars.
        """
        first, last = (parse_time(time) if time else None for time in (start, end))
        ts = self.frame["ts"]
        kept = np.ones(len(ts), dtype=bool)
        if first is not None:
            kept &= (ts >= first).to_numpy()
        if last is not None:
            kept &= (ts < last).to_numpy()
        if kept.sum() < 2:
            span = f"{ts.iloc[0]:%Y-%m-%d %H:%M} .. {ts.iloc[-1]:%Y-%m-%d %H:%M}"
            raise TooShortError(
                f"{self.name}: --start {start} --end {end} leaves {int(kept.sum())} bars; it holds {span} UTC"
            )
        return self._of(self.frame[kept])


def market_from_frame(
    frame: pd.DataFrame,
    name: str,
    simulated: bool = False,
    bar_seconds: int | None = None,
    parts: tuple[str, ...] = (),
) -> Market:
    """Check a frame against the schema.

    Parameters
    ----------
    frame
        Columns by the schema's names; `ts` as a column or as the index: times (naive ones count as UTC) or whole numbers
        since 1970 in seconds, milli-, micro- or nanoseconds. Other columns are ignored, but reported; they may share a name.
    name, simulated
        What the outputs call it, and whether it comes from the simulator.
    bar_seconds
        Length of a bar where it is known; None takes the usual step of the times for it.
    parts
        Names of the columns that are parts of a sum over venues (`datafeeds.venue_columns`), kept and checked as sizes are.

    Returns
    -------
    Market
        With a fresh frame; the given one is left as it is.

    Raises
    ------
    MarketError
        For what is refused: empty data, columns missing or of one name, text for numbers, prices that are missing, infinite, not
        positive or outside `PRICE_RANGE`, a high below the low or a price outside them, sizes that are negative or above
        `LARGEST_SIZE`, unsorted or duplicate times, one bar.

    Notes
    -----
    Refused is what would make every number after it wrong and what nobody but the owner of the data can mend. All else is
    kept as it is and named in `quality`; nothing is filled in.
    """
    if "ts" not in frame.columns and frame.index.name == "ts":
        frame = frame.reset_index()
    missing = [column for column in REQUIRED if column not in frame.columns]
    if missing:
        have = ", ".join(map(str, list(frame.columns)[:12])) or "none"
        raise MarketError(
            f"{name}: missing column {', '.join(missing)} (it has {have}); rename the columns to the schema's"
        )
    check_names(frame, (*REQUIRED, *OPTIONAL, *parts), name)
    if len(frame) < 2:
        raise MarketError(f"{name}: {len(frame)} bars; at least 2 are needed to tell the bars' length")
    ours = (*REQUIRED, *OPTIONAL, *parts, "open_interest_break")
    extra = [(str(label), frame.iloc[:, place]) for place, label in enumerate(frame.columns) if label not in ours]
    naive_times = False
    ts = column_times(frame["ts"], name)
    stamps, moved = onto_grid(epoch_nanoseconds(ts), name)
    ready = {"ts": pd.Series(pd.to_datetime(stamps, utc=True))}
    if isinstance(frame["ts"].dtype, np.dtype) and frame["ts"].dtype.kind == "M":
        naive_times = True
    for column in (*PRICES, "volume", *OPTIONAL, *parts):
        if column in frame.columns:
            ready[column] = column_numbers(frame[column], column, ready["ts"], name)
    checked = pd.DataFrame(ready)
    bar_seconds = _check_times(checked["ts"], name, bar_seconds)
    _check_prices(checked, name)
    _check_sizes(checked, name)
    breaks = open_interest_breaks(checked)
    checked.insert(len(checked.columns), "open_interest_break", breaks.astype(np.float64))
    quality = inspect(checked, bar_seconds, extra, naive_times)
    found = (*stamp_doubts(frame["ts"], checked["ts"], moved), *quality.defects)
    quality = Quality(found)
    return Market(checked, name, bar_seconds, quality, simulated)


def canonical_table(market: Market) -> pd.DataFrame:
    """Return a market's columns of the schema alone: written to a file, it reads back with the same fingerprint."""
    return market.frame[[column for column in (*REQUIRED, *OPTIONAL) if column in market.frame]]


def _check_times(ts: pd.Series, name: str, known: int | None) -> int:
    steps = np.diff(epoch_nanoseconds(ts))
    later = ts.iloc[1:].reset_index(drop=True)
    refuse_rows(steps == 0, later, name, "duplicate time", _mend(later[steps == 0], "keep one row a bar"))
    refuse_rows(steps < 0, later, name, "times go backwards", _mend(later[steps < 0], "sort the rows by ts"))
    lengths, counts = np.unique(steps, return_counts=True)
    usual = known * 1_000_000_000 if known else int(lengths[counts.argmax()])
    irregular = steps % usual != 0
    scattered = not known and counts.max() < 0.5 * len(steps)
    if usual % 1_000_000_000 or irregular.mean() > 0.01 or scattered:
        raise MarketError(
            f"{name}: bars are not evenly spaced ({len(lengths)} different steps); resample them to one length"
        )
    hours = np.abs(steps[irregular] - usual) == 3_600_000_000_000
    mend = "a zone's clocks change there: make bars of UTC" if hours.all() else "resample to one bar length"
    refuse_rows(irregular, later, name, f"time off the grid of {usual // 1_000_000_000} s", mend)
    return usual // 1_000_000_000


def _mend(where: pd.Series, usual: str) -> str:
    """Return how to mend times that come twice: they may be local ones of the night in which clocks go back."""
    zone = doubling_zone(where.iloc[0]) if len(where) else None
    return f'clocks change there: for local times map the file with [time] zone = "{zone}"' if zone else usual


def _check_prices(frame: pd.DataFrame, name: str) -> None:
    prices = {column: frame[column].to_numpy() for column in PRICES}
    for column, values in prices.items():
        mend = "drop or repair the row at its source"
        refuse_rows(np.isnan(values), frame["ts"], name, f"{column} is missing", mend)
        refuse_rows(~np.isfinite(values), frame["ts"], name, f"{column} is infinite", mend)
        refuse_rows(values <= 0.0, frame["ts"], name, f"{column} is not positive", mend)
        _refuse_beyond(values, frame["ts"], name, column)
    opened, high, low, close = (prices[column] for column in PRICES)
    refuse_rows(high < low, frame["ts"], name, "high is below low", "are the columns swapped?")
    slack = 1e-9 * high
    outside = (np.maximum(opened, close) > high + slack) | (np.minimum(opened, close) < low - slack)
    refuse_rows(outside, frame["ts"], name, "open or close lies outside low .. high", "repair the bar at its source")


def _check_sizes(frame: pd.DataFrame, name: str) -> None:
    refuse_rows(
        frame["volume"].isna().to_numpy(), frame["ts"], name, "volume is missing", "write 0 where nothing traded"
    )
    for column in frame.columns.drop(["ts", *PRICES]):
        values = frame[column].to_numpy()
        refuse_rows(np.isinf(values), frame["ts"], name, f"{column} is infinite", "leave unknown values empty")
        if column in ("funding_rate", "funding_rate_within"):
            refuse_rows(np.abs(values) > 1.0, frame["ts"], name, f"{column} above 1", "is it in percent?")
        else:
            refuse_rows(values < 0.0, frame["ts"], name, f"{column} is negative", "leave unknown values empty")
            if column not in _MARKS:
                what = f"{column} is above {LARGEST_SIZE:g}"
                refuse_rows(values > LARGEST_SIZE, frame["ts"], name, what, "is it damaged?")
    for column in _MARKS:
        if column in frame:
            refuse_rows(
                frame[column].to_numpy() == 0.0, frame["ts"], name, f"{column} is zero", "leave unknown marks empty"
            )
            _refuse_beyond(frame[column].to_numpy(), frame["ts"], name, column)


def _refuse_beyond(values: np.ndarray, ts: pd.Series, name: str, column: str) -> None:
    low, high = PRICE_RANGE
    refuse_rows(
        (values < low) | (values > high), ts, name, f"{column} is outside {low:g} .. {high:g}", "is it damaged?"
    )


__all__ = ["Defect", "Market", "MarketError", "Quality", "market_from_frame"]
