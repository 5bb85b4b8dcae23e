"""Candles made of single trades, with what takers bought; read in blocks, so that a day of any size fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from datafeeds.archives.layout import ArchiveFile
from datafeeds.archives.tables import blocks, column, milliseconds, one_symbol
from datafeeds.errors import ReplyError
from datafeeds.series import Rows, Series

AGGREGATED = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker")
BYBIT = ("timestamp", "symbol", "side", "size", "price", "tickDirection", "trdMatchID", "grossValue", "homeNotional",
         "foreignNotional")  # fmt: skip

_MAX_TRADES = 2**26  # assumption: a day of the busiest contract has some ten million


@dataclass(frozen=True)
class Trades:
    """Some trades.

    Attributes
    ----------
    times
        (n,) int64, milliseconds since 1970.
    order
        (n,) int64: of two trades of a file, the one with the smaller number came first.
    price, size
        (n,) float64: quote per base, and base coin.
    bought
        (n,) bool: whether the taker bought.
    """

    times: np.ndarray
    order: np.ndarray
    price: np.ndarray
    size: np.ndarray
    bought: np.ndarray


def candles_of_trades(series: Series, file: ArchiveFile, content: IO[bytes]) -> tuple[Rows, int]:
    """Return the candles of a file's trades, and how many doubled trades were left out; a period without a trade has none.

    Parameters
    ----------
    series
        Of kind candles, with a timeframe that divides a day.
    file
        Its trades lie in ``[start_ms, end_ms)``.
    content
        Binance's aggTrades or Bybit's trades, as CSV, in any order.

    Raises
    ------
    ReplyError
        If it is not the documented table.
    """
    period = series.period_ms
    made, doubled = _Candles((file.end_ms - file.start_ms) // period), 0
    read = _bybit if series.venue == "bybit" else _aggregated
    for trades, dropped in read(series, file, content):
        doubled += dropped
        times, price, size = trades.times, trades.price, trades.size
        if len(times) and (times.min() < file.start_ms or times.max() >= file.end_ms):
            raise ReplyError(f"{file.name}: trades of another day")
        if not (np.isfinite(price).all() and np.isfinite(size).all() and (price > 0.0).all() and (size >= 0.0).all()):
            raise ReplyError(f"{file.name}: a price that is not above 0, or a size below 0")
        made.add((times - file.start_ms) // period, trades)
    rows = made.rows(file.start_ms, period)
    if not len(rows["ts"]):
        raise ReplyError(f"{file.name}: no trades")
    return rows, doubled


def _aggregated(series: Series, file: ArchiveFile, content: IO[bytes]) -> Iterator[tuple[Trades, int]]:
    """Yield Binance's trades.

    Some files hold stretches of rows twice (binance-public-data#203), some are not in order of their numbers (#301).
    """
    used, seen = ("agg_trade_id", "price", "quantity", "transact_time", "is_buyer_maker"), None
    for block in blocks(content, AGGREGATED, used, file.name):
        number, price, size, stamps, maker = (column(block, name, file.name) for name in used)
        if not len(number):
            continue
        maker = np.char.lower(maker.astype(str))
        if not np.isin(maker, ("true", "false")).all():
            raise ReplyError(f"{file.name}: is_buyer_maker is neither true nor false")
        seen = seen or _Seen(int(number[0]), file.name)
        new = seen.first(number)
        trades = Trades(milliseconds(stamps, file.name)[new], number[new], price[new], size[new], maker[new] == "false")
        yield trades, len(number) - len(new)


class _Seen:
    """Which numbers of a file's trades have come; only touched pages of it take memory."""

    def __init__(self, start: int, name: str) -> None:
        self._from, self._flags, self._name = start - _MAX_TRADES // 2, np.zeros(_MAX_TRADES, dtype=bool), name

    def first(self, number: np.ndarray) -> np.ndarray:
        """Return the places (m,) of the numbers that have not come yet, each once, rising."""
        span = self._from, self._from + _MAX_TRADES
        if number.min() < max(0, span[0]) or number.max() >= span[1]:
            raise ReplyError(f"{self._name}: numbers of trades that lie too far apart")
        place = np.unique(number, return_index=True)[1]
        place = np.sort(place[~self._flags[number[place] - self._from]])
        self._flags[number - self._from] = True
        return place


def _bybit(series: Series, file: ArchiveFile, content: IO[bytes]) -> Iterator[tuple[Trades, int]]:
    """Yield Bybit's trades; older files begin with the day's last trade, and trades of one time then stand in reverse too."""
    used, count, falling = ("timestamp", "symbol", "side", "size", "price"), 0, None
    for block in blocks(content, BYBIT, used, file.name):
        seconds, size, price = (column(block, name, file.name) for name in ("timestamp", "size", "price"))
        if not len(seconds):
            continue
        one_symbol(block, series, file)
        side = column(block, "side", file.name).astype(str)
        if not np.isin(side, ("Buy", "Sell")).all():
            raise ReplyError(f"{file.name}: a side that is neither Buy nor Sell")
        if not (np.abs(seconds) < 1e11).all():
            raise ReplyError(f"{file.name}: times that are no seconds since 1970")
        # written to a tenth of a millisecond; a float holds seconds of this century to within a microsecond
        micro = np.rint(seconds * 1e6).astype(np.int64)
        falling = bool(micro[0] > micro[-1]) if falling is None else falling
        position = count + np.arange(len(micro), dtype=np.int64)
        count += len(micro)
        if count > _MAX_TRADES:
            raise ReplyError(f"{file.name}: more trades than a day can have")
        within = (micro - file.start_ms * 1000) % (86_400_000_000)
        order = within * _MAX_TRADES + (_MAX_TRADES - 1 - position if falling else position)
        yield Trades(micro // 1000, order, price, size, side == "Buy"), 0


class _Candles:
    """Candles that grow block by block."""

    def __init__(self, count: int) -> None:
        self.open, self.close = np.full(count, np.nan), np.full(count, np.nan)
        self.high, self.low = np.full(count, -np.inf), np.full(count, np.inf)
        self.volume, self.bought = np.zeros(count), np.zeros(count)
        limits = np.iinfo(np.int64)
        self.opened, self.closed = np.full(count, limits.max), np.full(count, limits.min)

    def add(self, place: np.ndarray, trades: Trades) -> None:
        """Take in trades; `place` (n,) is the number of each one's candle."""
        if not len(place):
            return
        sequence = np.lexsort((trades.order, place))
        place, order, price = place[sequence], trades.order[sequence], trades.price[sequence]
        size, bought = trades.size[sequence], trades.bought[sequence]
        np.maximum.at(self.high, place, price)
        np.minimum.at(self.low, place, price)
        with np.errstate(over="ignore"):  # an infinite volume is refused with the rows
            np.add.at(self.volume, place, size)
            np.add.at(self.bought, place, np.where(bought, size, 0.0))
        last = np.flatnonzero(np.diff(place, append=place[-1] + 1))
        first = np.r_[0, last[:-1] + 1]
        earlier, later = first[order[first] < self.opened[place[first]]], last[order[last] > self.closed[place[last]]]
        self.open[place[earlier]], self.opened[place[earlier]] = price[earlier], order[earlier]
        self.close[place[later]], self.closed[place[later]] = price[later], order[later]

    def rows(self, start_ms: int, period: int) -> Rows:
        """Return the candles that hold a trade."""
        traded = np.flatnonzero(~np.isnan(self.open))
        ts = start_ms + traded * period
        prices = {name: getattr(self, name)[traded] for name in ("open", "high", "low", "close")}
        # sums in another order may differ in the last bit, and bought is part of volume
        volume = np.maximum(self.volume[traded], self.bought[traded])
        return {"ts": ts, "known_at": ts + period, **prices, "volume": volume, "taker_buy_volume": self.bought[traded]}
