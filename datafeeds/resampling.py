"""Larger bars out of smaller ones. A larger bar exists only where all its parts do: nothing is made up at edges and gaps."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from datafeeds.errors import MarketError, TooShortError
from datafeeds.funding import marks_at_open, within_larger
from datafeeds.quality import Defect, Quality, epoch_nanoseconds
from datafeeds.schema import OPTIONAL, Market, market_from_frame
from datafeeds.series import timeframe_name
from datafeeds.venue_columns import LARGEST, SUMMED, is_venue_column, venue_column, venues_with

_DAY, _WEEK = 86_400, 604_800
_MONDAY = 4 * _DAY  # 1970-01-05; the epoch was a Thursday


def resample(market: Market, bar_seconds: int) -> Market:
    """Return a market of larger bars.

    Parameters
    ----------
    market
        Any market.
    bar_seconds
        Length of the new bars: a multiple of the old ones' that divides a day, whole days (counted from 1970-01-01), or
        weeks (from Monday); always on UTC.

    Returns
    -------
    Market
        Open is the first, high and low the extremes, close the last; volume, taker buys and reported liquidations are sums;
        open interest and the long/short ratio are the last value known in the bar; the mark's high, low and close as the
        price's. A sum or an extreme over unknown parts is unknown. Parts of sums over venues are made as their sums are.

    Raises
    ------
    MarketError
        For a length that cannot be made, or if fewer than two whole bars result.

    Notes
    -----
    What settles at a larger bar's open stays its `funding_rate`; what settles later is summed in `funding_rate_within`, each rate
    weighed by its own mark, so that what a position pays does not depend on the bars' length.
    """
    old = market.bar_seconds
    if bar_seconds == old:
        return market
    _check_length(market, bar_seconds)
    parts = bar_seconds // old
    seconds = market.times.astype("datetime64[s]").astype(np.int64)
    shift = _MONDAY if bar_seconds % _WEEK == 0 else 0
    group = (seconds - shift) // bar_seconds
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    whole = np.diff(np.append(first, len(group))) == parts
    starts = first[whole]
    if len(starts) < 2:
        raise TooShortError(
            f"{market.name}: {len(starts)} whole bars of {timeframe_name(bar_seconds)}; at least 2 are needed"
        )
    rows = starts[:, None] + np.arange(parts)  # (bars, parts)
    frame = pd.DataFrame(
        {"ts": pd.to_datetime(group[starts] * bar_seconds + shift, unit="s", utc=True), **_columns(market, rows)}
    )
    parts_of_sums = tuple(label for label in frame.columns if is_venue_column(label))
    larger = market_from_frame(frame, market.name, market.simulated, bar_seconds, parts_of_sums)
    # a break within the bar is one of the bar
    flagged = market.frame["open_interest_break"].to_numpy()[rows].max(axis=1)
    larger.frame["open_interest_break"] = np.maximum(larger.frame["open_interest_break"].to_numpy(), flagged)
    made = f"bars of {timeframe_name(bar_seconds)} made of {timeframe_name(old)}"
    return replace(larger, quality=_with_dropped(larger, market, group, first, whole), remarks=(*market.remarks, made))


def _check_length(market: Market, bar_seconds: int) -> None:
    wanted, have = timeframe_name(bar_seconds), timeframe_name(market.bar_seconds)
    if bar_seconds < market.bar_seconds or bar_seconds % market.bar_seconds:
        raise MarketError(
            f"{market.name}: bars of {wanted} cannot be made of bars of {have}; name a multiple of {have}"
        )
    shift = _MONDAY if market.bar_seconds % _WEEK == 0 else 0
    off = (int(epoch_nanoseconds(market.frame["ts"])[0]) // 1_000_000_000 - shift) % min(
        market.bar_seconds, bar_seconds
    )
    if off:
        raise MarketError(
            f"{market.name}: bars open {timeframe_name(off)} after the grid of {have} in UTC, so bars of "
            f"{wanted} would know what comes later; give bars on the grid"
        )
    if _DAY % bar_seconds and bar_seconds % _DAY:
        raise MarketError(f"{market.name}: bars of {wanted} do not divide a day; name 5m, 1h, 4h, 1d or the like")


def candles_of(values: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return prices, volume and taker buys of larger bars from columns of smaller ones, and rows of their parts, (bars, parts)."""
    return {
        "open": values["open"][rows[:, 0]],
        "high": values["high"][rows].max(axis=1),
        "low": values["low"][rows].min(axis=1),
        "close": values["close"][rows[:, -1]],
        "volume": _sum(values["volume"][rows]),
        "taker_buy_volume": _sum(values["taker_buy_volume"][rows]),
    }


def _columns(market: Market, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the canonical columns of larger bars from the rows of their parts, (bars, parts)."""
    values = market.columns()
    last = rows[:, -1]
    made = {
        **candles_of(values, rows),
        "open_interest": _last_known(values["open_interest"][rows]),
        "funding_rate": values["funding_rate"][rows[:, 0]],
        "mark_high": values["mark_high"][rows].max(axis=1),  # numpy's extremes pass NaN on
        "mark_low": values["mark_low"][rows].min(axis=1),
        "mark_close": values["mark_close"][last],
        "long_short_ratio": _last_known(values["long_short_ratio"][rows]),
        "liquidated_long": _sum(values["liquidated_long"][rows]),
        "liquidated_short": _sum(values["liquidated_short"][rows]),
    }
    larger_marks = marks_at_open(made["open"], made["mark_close"])
    marks = marks_at_open(values["open"], values["mark_close"])
    within = within_larger(values["funding_rate"][rows], values["funding_rate_within"][rows], marks[rows], larger_marks)
    if not np.isnan(within).all():
        made["funding_rate_within"] = within
    known = {
        name: column
        for name, column in made.items()
        if name not in OPTIONAL or market.has(name) or name == "funding_rate_within"
    }
    for column in SUMMED:
        join = _last_known if column == "open_interest" else _sum
        for label in (venue_column(column, venue) for venue in venues_with(market.frame, column)):
            known[label] = join(market.frame[label].to_numpy()[rows])
    for column in LARGEST:
        for label in (venue_column(column, venue) for venue in venues_with(market.frame, column)):
            known[label] = np.fmax.reduce(market.frame[label].to_numpy()[rows], axis=1)  # the largest that is known
    return known


def _sum(parts: np.ndarray) -> np.ndarray:
    """Return sums taken in order of time, which any recount can repeat bit for bit."""
    return np.cumsum(parts, axis=1)[:, -1]


def _last_known(parts: np.ndarray) -> np.ndarray:
    known = ~np.isnan(parts)
    place = parts.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return parts[np.arange(len(parts)), place]


def _with_dropped(larger: Market, market: Market, group: np.ndarray, first: np.ndarray, whole: np.ndarray) -> Quality:
    """Return the larger bars' findings, with the bars left out inside the range for want of parts."""
    # what is doubtful of the parts' funding cannot be seen in their sums
    doubts = tuple(defect for defect in market.quality.defects if defect.kind == "funding")
    defects = tuple(defect for defect in larger.quality.defects if defect.kind != "funding") + doubts
    kept = np.flatnonzero(whole)
    lost = np.flatnonzero(~whole[kept[0] : kept[-1]]) + kept[0]
    if not len(lost):
        return Quality(defects)
    where = market.frame["ts"].iloc[first[lost]]
    text = (
        f"{len(lost)} bars of {timeframe_name(larger.bar_seconds)} left out because parts of them are missing, "
        f"the first at {where.iloc[0]:%Y-%m-%d %H:%M}"
    )
    defect = Defect("resampled", "ts", len(lost), where.iloc[0], where.iloc[-1], text)
    return Quality((*defects, defect))
