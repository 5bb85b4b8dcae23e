"""A market in columns: one bar each, or blocks of bars where a page would grow too large."""

import warnings

import numpy as np

from datafeeds.schema import Market

MAX_DECIMALS = 8
"""Decimals of the finest tick of any listed perpetual."""


def column_ends(bars: int, every: int) -> np.ndarray:
    """Return the index of the last bar of each column, `every` bars (>= 1) a column; the last is the last bar.

    >>> column_ends(7, 3).tolist()
    [0, 3, 6]
    """
    return np.arange((bars - 1) % every, bars, every)


def blocks(market: Market, snapshots: np.ndarray, ends: np.ndarray) -> dict[str, np.ndarray]:
    """Sum up the bars between recorded ones.

    Parameters
    ----------
    market
        (n,) bars.
    snapshots
        (n,) of `SNAPSHOT`.
    ends
        (columns,) index of each block's last bar, ascending.

    Returns
    -------
    dict
        (columns,) arrays: `time` (uint32, seconds since 1970 of the block's first open), `open`, `high`, `low`, `close`,
        `reported_long`, `reported_short` and `model_liquidated_long`, `model_liquidated_short` (base coin, summed over the
        block; NaN where nothing is known), `open_interest` (base coin) and `funding_rate` (last known).
    """
    starts = np.concatenate([[0], ends[:-1] + 1])
    data = market.columns()
    seconds = market.times.astype("datetime64[s]").astype(np.int64)
    table = {
        "time": seconds[starts].astype(np.uint32),
        "open": data["open"][starts],
        "high": np.maximum.reduceat(data["high"], starts),
        "low": np.minimum.reduceat(data["low"], starts),
        "close": data["close"][ends],
        "open_interest": snapshots["open_interest"][ends],
        "funding_rate": snapshots["funding_rate"][ends],
    }
    for side in ("long", "short"):
        table[f"reported_{side}"] = _known_sums(data[f"liquidated_{side}"], starts)
        table[f"model_liquidated_{side}"] = _known_sums(snapshots[f"model_liquidated_{side}"], starts)
    return table


def _known_sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts)
    return np.where(np.logical_or.reduceat(known, starts), sums, np.nan)


def decimals_of(prices: np.ndarray) -> int | None:
    """Return the fewest decimals in which all prices are whole numbers of 32 bits, or None if there are none.

    >>> decimals_of(np.array([0.5, 12.25])), decimals_of(np.array([1.0 / 3.0]))
    (2, None)
    """
    for decimals in range(MAX_DECIMALS + 1):
        scale = 10.0**decimals
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            whole = np.rint(prices * scale)
        if not np.abs(whole).max(initial=0.0) < 2.0**31:
            return None
        if np.array_equal(whole / scale, prices):
            return decimals
    return None
