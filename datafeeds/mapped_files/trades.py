"""Bars made of a file of single trades."""

import numpy as np
import pandas as pd

from datafeeds.columns import column_numbers, column_times
from datafeeds.errors import MarketError

_LENGTHS = (60, 300, 900, 3600)
_NEEDED = ("timestamp", "side", "size", "price")


def bars_of_trades(table: pd.DataFrame) -> pd.DataFrame:
    """Return bars by the schema's names, of the shortest of 1, 5, 15 and 60 minutes in which each bar has a trade.

    Parameters
    ----------
    table
        ``timestamp``, ``side`` (of the taker), ``size`` (base coin), ``price``, in order of time, either way.

    Raises
    ------
    MarketError
        If a column is missing or holds what is no trade.
    """
    missing = [name for name in _NEEDED if list(table.columns).count(name) != 1]
    if missing:
        raise MarketError(f"these are no trades of Bybit: missing column {', '.join(missing)}")
    times = column_times(table["timestamp"], "trades")
    seconds = times.dt.tz_convert(None).to_numpy().astype("datetime64[ns]").astype(np.int64) // 1_000_000_000
    price, size = (column_numbers(table[name], name, times, "trades") for name in ("price", "size"))
    side = table["side"].astype(str).str.lower().to_numpy()
    if not np.isin(side, ("buy", "sell")).all():
        raise MarketError("a side that is neither Buy nor Sell")
    if not len(seconds):
        raise MarketError("no trades")
    if seconds[0] > seconds[-1]:  # older files begin with the day's last trade
        times, seconds, price, size, side = times[::-1], seconds[::-1], price[::-1], size[::-1], side[::-1]
    order = np.argsort(times.to_numpy(), kind="stable")
    seconds, price, size, bought = seconds[order], price[order], size[order], side[order] == "buy"
    for length in _LENGTHS:
        group = seconds // length
        first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
        if len(first) == group[-1] - group[0] + 1:
            break
    last = np.append(first[1:], len(group)) - 1
    return pd.DataFrame(
        {
            "ts": pd.to_datetime(group[first] * length, unit="s", utc=True),
            "open": price[first],
            "high": np.maximum.reduceat(price, first),
            "low": np.minimum.reduceat(price, first),
            "close": price[last],
            "volume": np.add.reduceat(size, first),
            "taker_buy_volume": np.add.reduceat(np.where(bought, size, 0.0), first),
        }
    )
