"""Candles against the smaller ones of the same market: a source that contradicts itself is wrong in one of both."""

from dataclasses import dataclass

import numpy as np

from datafeeds.catalog.partition import month_bounds
from datafeeds.catalog.store import Catalog
from datafeeds.resampling import candles_of
from datafeeds.series import Rows, Series

_FIELDS = ("open", "high", "low", "close", "volume", "taker_buy_volume")
_PRICE_TOLERANCE = 1e-9
_SIZE_TOLERANCE = 1e-3
"""Relative. *Assumption*: venues round each bar's volume, so that a sum of rounded ones is a little off."""


@dataclass(frozen=True)
class Comparison:
    """What became of comparing a series of candles with those made of smaller ones.

    Attributes
    ----------
    smaller
        Timeframe of the smaller ones.
    rows
        Candles of which all parts are there.
    differing
        (n,) their times at which a value differs, milliseconds since 1970.
    columns
        The columns in which any differs.
    """

    smaller: str
    rows: int
    differing: np.ndarray
    columns: tuple[str, ...]


def differences(large: Rows, small: Rows, large_ms: int, small_ms: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return which candles have all their parts, and of these which differ in each column.

    Parameters
    ----------
    large, small
        Rows of the kind ``candles``, sorted by time.
    large_ms, small_ms
        Their periods; the first is a multiple of the second.

    Returns
    -------
    whole, differing
        (n,) bool, and by column (m,) bool for the m whole ones. A value that one of both does not know does not differ.
    """
    parts = large_ms // small_ms
    first = np.searchsorted(small["ts"], large["ts"])
    last = first + parts - 1
    inside = last < len(small["ts"])
    whole = inside.copy()
    whole[inside] = (small["ts"][first[inside]] == large["ts"][inside]) & (
        small["ts"][last[inside]] == large["ts"][inside] + large_ms - small_ms
    )
    made = candles_of(small, first[whole][:, None] + np.arange(parts))
    sizes = ("volume", "taker_buy_volume")
    tolerances = {name: _SIZE_TOLERANCE if name in sizes else _PRICE_TOLERANCE for name in _FIELDS}
    return whole, {
        name: np.abs(made[name] - large[name][whole]) > tolerances[name] * large[name][whole] for name in _FIELDS
    }


def compare_candles(catalog: Catalog, series: Series) -> Comparison | None:
    """Return how a series of candles agrees with the largest smaller ones that it can be made of; None where there are none.

    Raises
    ------
    MarketError
        If a file is damaged.
    """
    smaller = [
        other
        for other in catalog.series()
        if (other.venue, other.symbol, other.kind) == (series.venue, series.symbol, "candles")
        and other.period_ms < series.period_ms
        and series.period_ms % other.period_ms == 0
    ]
    if not smaller:
        return None
    other = max(smaller, key=lambda one: one.period_ms)
    count, times, columns = 0, [np.empty(0, np.int64)], dict[str, None]()
    for month in catalog.files(series):  # a month at a time: years of minutes are large
        first, end = month_bounds(month)
        large = catalog.read(series, first, end)
        whole, differing = differences(
            large, catalog.read(other, first, end + series.period_ms), series.period_ms, other.period_ms
        )
        count += int(whole.sum())
        times.append(large["ts"][whole][np.logical_or.reduce(list(differing.values()))])
        columns |= {name: None for name, rows in differing.items() if rows.any()}
    return Comparison(other.timeframe, count, np.concatenate(times), tuple(columns))
