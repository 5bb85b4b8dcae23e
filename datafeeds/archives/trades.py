"""Candles made of single trades, with what takers bought; read in blocks, so that a day of any size fits."""

from typing import IO

import numpy as np
import pyarrow as pa

from datafeeds.archives.layout import ArchiveFile
from datafeeds.archives.tables import blocks, column, milliseconds
from datafeeds.errors import ReplyError
from datafeeds.series import Rows, Series

AGGREGATED = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker")
BYBIT = ("timestamp", "symbol", "side", "size", "price", "tickDirection", "trdMatchID", "grossValue", "homeNotional",
         "foreignNotional")  # fmt: skip


def candles_of_trades(series: Series, file: ArchiveFile, content: IO[bytes]) -> Rows:
    """Return the candles of a file's trades; a period without a trade has none.

    Parameters
    ----------
    series
        Of kind candles.
    file
        Its trades lie in ``[start_ms, end_ms)``.
    content
        Binance's aggTrades or Bybit's trades, as CSV; trades are in order of time.

    Raises
    ------
    ReplyError
        If it is not the documented table.
    """
    label, period = file.path.rpartition("/")[2], series.period_ms
    count = (file.end_ms - file.start_ms) // period
    if count < 1 or (file.end_ms - file.start_ms) % period:
        raise ReplyError(f"{label}: its days do not hold whole periods of {series.timeframe}")
    made = _Candles(count)
    names, used = (BYBIT, ("timestamp", "side", "size", "price")) if series.venue == "bybit" else (
        AGGREGATED, ("price", "quantity", "transact_time", "is_buyer_maker"))  # fmt: skip
    for block in blocks(content, names, used, label):
        times, price, size, bought = (_bybit if series.venue == "bybit" else _aggregated)(block, label)
        if len(times) and (times.min() < file.start_ms or times.max() >= file.end_ms):
            raise ReplyError(f"{label}: trades of another day")
        if not (np.isfinite(price).all() and np.isfinite(size).all() and (price > 0.0).all() and (size >= 0.0).all()):
            raise ReplyError(f"{label}: a price that is not above 0, or a size below 0")
        order = np.argsort(times, kind="stable")
        made.add((times[order] - file.start_ms) // period, price[order], size[order], bought[order])
    return made.rows(file.start_ms, period)


def _aggregated(block: pa.RecordBatch, label: str) -> tuple[np.ndarray, ...]:
    maker = np.char.lower(column(block, "is_buyer_maker", label).astype(str))
    if not np.isin(maker, ("true", "false")).all():
        raise ReplyError(f"{label}: is_buyer_maker is neither true nor false")
    times = milliseconds(column(block, "transact_time", label), label)
    return times, column(block, "price", label), column(block, "quantity", label), maker == "false"


def _bybit(block: pa.RecordBatch, label: str) -> tuple[np.ndarray, ...]:
    side = column(block, "side", label).astype(str)
    if not np.isin(side, ("Buy", "Sell")).all():
        raise ReplyError(f"{label}: a side that is neither Buy nor Sell")
    seconds = column(block, "timestamp", label)
    if not (np.isfinite(seconds).all() and (np.abs(seconds) < 1e11).all()):
        raise ReplyError(f"{label}: times that are no seconds since 1970")
    times = np.floor(seconds * 1000.0 + 1e-3).astype(
        np.int64
    )  # a float holds seconds to within a tenth of a microsecond
    return times, column(block, "price", label), column(block, "size", label), side == "Buy"


class _Candles:
    """Candles that grow block by block."""

    def __init__(self, count: int) -> None:
        self.open, self.close = np.full(count, np.nan), np.full(count, np.nan)
        self.high, self.low = np.full(count, -np.inf), np.full(count, np.inf)
        self.volume, self.bought = np.zeros(count), np.zeros(count)

    def add(self, place: np.ndarray, price: np.ndarray, size: np.ndarray, bought: np.ndarray) -> None:
        """Take in trades in order of time; `place` is the number of each one's candle."""
        if not len(place):
            return
        np.maximum.at(self.high, place, price)
        np.minimum.at(self.low, place, price)
        np.add.at(self.volume, place, size)
        np.add.at(self.bought, place, np.where(bought, size, 0.0))
        first, last = np.unique(place, return_index=True), np.flatnonzero(np.diff(place, append=place[-1] + 1))
        fresh = np.isnan(self.open[first[0]])
        self.open[first[0][fresh]] = price[first[1][fresh]]
        self.close[place[last]] = price[last]

    def rows(self, start_ms: int, period: int) -> Rows:
        """Return the candles that hold a trade."""
        traded = np.flatnonzero(~np.isnan(self.open))
        ts = start_ms + traded * period
        prices = {name: getattr(self, name)[traded] for name in ("open", "high", "low", "close")}
        # sums in another order may differ in the last bit, and bought is part of volume
        volume = np.maximum(self.volume[traded], self.bought[traded])
        return {"ts": ts, "known_at": ts + period, **prices, "volume": volume, "taker_buy_volume": self.bought[traded]}
