"""A market as it was known at a moment: the bars that had closed by then, and nothing of what came after."""

from dataclasses import replace

import pandas as pd

from datafeeds.errors import MarketError
from datafeeds.quality import inspect
from datafeeds.schema import Market, parse_time


def known_at(market: Market, at: str | None) -> Market:
    """Return the bars that had closed at a moment, checked again as if there were no others.

    Parameters
    ----------
    market
        The whole market.
    at
        ISO time, UTC unless it says otherwise; None for the last bar's close.

    Raises
    ------
    MarketError
        For what is no time, a moment before the first close, or one at which the bar after the last would have closed.
    """
    if at is None:
        return market
    moment = parse_time(at)
    closes = pd.DatetimeIndex(market.frame["ts"]) + pd.Timedelta(seconds=market.bar_seconds)
    first, last = closes[0], closes[-1]
    if moment < first or moment >= last + pd.Timedelta(seconds=market.bar_seconds):
        where = "before the first close" if moment < first else "beyond the data"
        raise MarketError(
            f"--at {at}: {where} of {market.name}; name a time from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        )
    count = int(closes.searchsorted(moment, side="right"))
    if count == len(market):
        return market
    frame = market.frame.iloc[:count].reset_index(drop=True)
    return replace(market, frame=frame, quality=inspect(frame, market.bar_seconds))
