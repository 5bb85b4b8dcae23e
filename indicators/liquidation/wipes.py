"""What a bar wiped: its size in quote, the sums over 24 hours, and the levels that large wipes leave."""

import math

import numpy as np

from indicators.liquidation.compiled import Record, inlined_loop

LEVEL = np.dtype(
    [
        ("price", np.float64),  # quote per base; NaN: free place, and so are all behind it
        ("size_usd", np.float64),  # strength: size wiped, quote
        ("bar", np.float64),  # index of the bar that made it
        ("reported", np.float64),  # 1 from reported liquidations, 0 from the model
    ]
)
"""A post-wipe level as a numpy record."""

MAX_LEVELS = 16
"""Levels kept on one side; the weakest gives way (*assumption*: a month holds fewer large wipes)."""

DAY = np.dtype(
    [("long_usd", np.float64), ("short_usd", np.float64), ("volume", np.float64), ("largest_usd", np.float64)],
)
"""Sums of some bars of a day: quote liquidated by side, base coin traded, quote of the largest bar."""


def empty_levels() -> np.ndarray:
    """Return room for the levels of both sides, all free."""
    levels = np.zeros((2, MAX_LEVELS), dtype=LEVEL)
    levels["price"] = np.nan
    return levels


@inlined_loop
def wiped_usd(reported: float, modelled: float, change: float, close: float) -> float:
    """Return one side's forced size in quote: reported where known, else modelled and no more than open interest fell."""
    if not math.isnan(reported):
        return reported * close
    if not math.isnan(change):
        return min(modelled, max(-change, 0.0)) * close
    return modelled * close


@inlined_loop
def _add(total: Record, other: Record) -> None:
    total.long_usd += other.long_usd
    total.short_usd += other.short_usd
    total.volume += other.volume
    total.largest_usd = max(total.largest_usd, other.largest_usd)


@inlined_loop
def enter_day(day: np.ndarray, place: int, long_usd: float, short_usd: float, volume: float) -> None:
    """Enter one bar into the window of a day.

    Parameters
    ----------
    day
        (n + 3,) of `DAY` for n bars a day, zeros at first. The last row receives the window's sums.
    place
        The bar's index modulo n.
    long_usd, short_usd, volume
        The bar's own.

    Notes
    -----
    Rows up to `place` are bars of this round, rows behind it are sums of the last round's bars from there to its end,
    row n + 1 is the sum of this round's bars. So a window is one addition, nothing is ever subtracted, and a day
    without a liquidation sums to exactly zero.
    """
    bars = len(day) - 3
    own, running, window = day[place], day[bars + 1], day[bars + 2]
    own.long_usd, own.short_usd, own.volume, own.largest_usd = long_usd, short_usd, volume, long_usd + short_usd
    if place == 0:
        running.long_usd, running.short_usd, running.volume, running.largest_usd = 0.0, 0.0, 0.0, 0.0
    _add(running, own)
    window.long_usd, window.short_usd, window.volume, window.largest_usd = 0.0, 0.0, 0.0, 0.0
    _add(window, running)
    _add(window, day[place + 1])
    if place == bars - 1:
        for index in range(bars - 1, 0, -1):
            _add(day[index - 1], day[index])


@inlined_loop
def record_level(
    levels: np.ndarray, side: int, price: float, size_usd: float, bar: float, reported: bool, same_within: float
) -> None:
    """Enter a wipe into one side's levels.

    Parameters
    ----------
    levels, side
        (2, most) of `LEVEL`, changed in place.
    price, size_usd, bar, reported
        The new level.
    same_within
        Bars within which a further wipe is the same event.

    Notes
    -----
    The same event: the newest level takes the larger size and its price. Otherwise the wipe takes a free place, or that
    of the weakest level if that is weaker.
    """
    place, newest, weakest = 0, -1, -1
    while place < levels.shape[1] and levels[side, place].price > 0.0:
        if newest < 0 or levels[side, place].bar > levels[side, newest].bar:
            newest = place
        if weakest < 0 or levels[side, place].size_usd < levels[side, weakest].size_usd:
            weakest = place
        place += 1
    if newest >= 0 and bar - levels[side, newest].bar < same_within:
        place = newest
    elif place == levels.shape[1]:
        place = weakest
    if levels[side, place].price > 0.0 and size_usd <= levels[side, place].size_usd:
        return
    level = levels[side, place]
    level.price, level.size_usd = price, size_usd
    level.bar, level.reported = bar, 1.0 if reported else 0.0


@inlined_loop
def drop_levels(levels: np.ndarray, side: int, close: float, tolerance: float, oldest_bar: float) -> None:
    """Drop the levels that a close has broken (by more than `tolerance`, a fraction of price) or that are too old.

    Supports (side 0) break by a close below, resistances (side 1) by one above.
    """
    direction, kept, index = 1.0 if side == 0 else -1.0, 0, 0
    while index < levels.shape[1] and levels[side, index].price > 0.0:
        level = levels[side, index]
        if direction * (close - level.price) >= -tolerance * level.price and level.bar >= oldest_bar:
            if kept < index:
                levels[side, kept] = level
            kept += 1
        index += 1
    for place in range(kept, index):
        levels[side, place].price = math.nan


@inlined_loop
def nearest_level(levels: np.ndarray, side: int) -> int:
    """Return the index of one side's standing level nearest to the close, or -1.

    A level that price has pierced by less than the tolerance still stands and is the nearest.
    """
    direction, best, index = 1.0 if side == 0 else -1.0, -1, 0
    while index < levels.shape[1] and levels[side, index].price > 0.0:
        if best < 0 or direction * (levels[side, index].price - levels[side, best].price) > 0.0:
            best = index
        index += 1
    return best
