"""Which files an archive has, where they lie, and which times each of them answers.

Sources: github.com/binance/binance-public-data (README and issues); public.bybit.com as read by hftbacktest's converter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from datafeeds.errors import MarketError
from datafeeds.series import Series

HOSTS = {"binance": "https://data.binance.vision", "bybit": "https://public.bybit.com"}
"""Archives, by venue."""

TRADES = "trades"
"""What candles may be made of instead: single trades."""

_DAY_MS = 86_400_000
_FIVE_MINUTES_MS = 300_000
_FOLDERS = {
    "candles": ("klines", True, True),
    "mark": ("markPriceKlines", True, True),
    TRADES: ("aggTrades", True, True),
    "open_interest": ("metrics", False, True),
    "long_short_ratio": ("metrics", False, True),
    "funding": ("fundingRate", True, False),
    "liquidations": ("liquidationSnapshot", False, True),
}
"""Binance's folder of each kind, and whether it has files by month and by day."""


@dataclass(frozen=True)
class ArchiveFile:
    """One file.

    Attributes
    ----------
    path
        Below the archive's host.
    first_ms
        Midnight at which its month or day begins.
    start_ms, end_ms
        The rows' times that it answers.
    checksum
        Whether ``path.CHECKSUM`` holds its SHA-256.
    monthly
        Whether it holds a month; the days' files may be there where it is not.
    """

    path: str
    first_ms: int
    start_ms: int
    end_ms: int
    checksum: bool
    monthly: bool


def archive_kinds(venue: str) -> tuple[str, ...]:
    """Return the kinds of series that a venue's archive holds.

    Raises
    ------
    MarketError
        For a venue without one.
    """
    if venue not in HOSTS:
        raise MarketError(f"{venue} has no archive here; {' and '.join(HOSTS)} have one")
    return ("candles",) if venue == "bybit" else tuple(kind for kind in _FOLDERS if kind != TRADES)


def archive_symbol(symbol: str) -> str:
    """Return an archive's name of a linear perpetual.

    Raises
    ------
    MarketError
        For anything else.

    Examples
    --------
    >>> archive_symbol("BTC/USDT:USDT")
    'BTCUSDT'
    """
    match = re.fullmatch(r"(\w{1,20})/(\w{1,10}):(\w{1,10})", symbol)
    if not match or match[2] != match[3]:
        raise MarketError(f"{symbol[:40]!r}: archives are read for linear perpetuals such as BTC/USDT:USDT")
    return match[1] + match[2]


def archive_files(series: Series, start_ms: int, end_ms: int, from_trades: bool = False) -> list[ArchiveFile]:
    """Return the files that answer ``[start_ms, end_ms)``, whole months by the month's file where there is one.

    Raises
    ------
    MarketError
        If the venue's archive does not hold the series.
    """
    if series.kind not in archive_kinds(series.venue):
        raise MarketError(
            f"{series.venue}'s archive has no {series.kind}; it has {', '.join(archive_kinds(series.venue))}"
        )
    if series.kind in ("open_interest", "long_short_ratio") and series.timeframe != "5m":
        raise MarketError(f"{series}: the archive has it every 5m only")
    kind = TRADES if from_trades or series.venue == "bybit" else series.kind
    # the day's metrics end with the next midnight's snapshot
    late = _FIVE_MINUTES_MS if kind in ("open_interest", "long_short_ratio") else 0
    files: list[ArchiveFile] = []
    at = (start_ms - late) // _DAY_MS * _DAY_MS
    while at + late < end_ms:
        month, following = _month(at)
        by_month, by_day = (False, True) if series.venue == "bybit" else _FOLDERS[kind][1:]
        if by_month and (not by_day or (at == month and following <= end_ms)):
            files.append(_file(series, kind, month, following, late, monthly=True))
            at = following
        else:
            files.append(_file(series, kind, at, at + _DAY_MS, late, monthly=False))
            at += _DAY_MS
    return files


def days_of(series: Series, file: ArchiveFile, from_trades: bool = False) -> Iterator[ArchiveFile]:
    """Yield the files of a month's days, for a month whose own file is not there."""
    kind = TRADES if from_trades else series.kind
    if _FOLDERS[kind][2]:
        for day in range(file.first_ms, file.end_ms, _DAY_MS):
            yield _file(series, kind, day, day + _DAY_MS, 0, monthly=False)


def _month(at: int) -> tuple[int, int]:
    month = np.datetime64(at, "ms").astype("datetime64[M]")
    return tuple(int((month + add).astype("datetime64[ms]").astype(np.int64)) for add in (0, 1))  # type: ignore[return-value]


def _file(series: Series, kind: str, first: int, last: int, late: int, monthly: bool) -> ArchiveFile:
    symbol = quote(archive_symbol(series.symbol), safe="")
    date = str(np.datetime64(first, "ms").astype("datetime64[M]" if monthly else "datetime64[D]"))
    if series.venue == "bybit":
        path = f"trading/{symbol}/{symbol}{date}.csv.gz"
    else:
        folder, parts = _FOLDERS[kind][0], [symbol]
        if kind in ("candles", "mark"):
            parts.append(series.timeframe)
        named = series.timeframe if kind in ("candles", "mark") else folder
        path = f"data/futures/um/{'monthly' if monthly else 'daily'}/{folder}/{'/'.join(parts)}/{symbol}-{named}-{date}.zip"
    return ArchiveFile(path, first, first + late, last + late, series.venue == "binance", monthly)
