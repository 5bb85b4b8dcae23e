"""Which files an archive has, where they lie, and which times each of them answers.

Sources: github.com/binance/binance-public-data (README and issues); for public.bybit.com, which documents nothing, what public
programs that read it agree on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from datafeeds.errors import MarketError
from datafeeds.series import Series, timeframe_name, timeframe_seconds

HOSTS = {"binance": "https://data.binance.vision", "bybit": "https://public.bybit.com"}
"""Archives, by venue."""

TRADES = "trades"
"""What candles may be made of instead: single trades."""

_DAY_MS = 86_400_000
_FIVE_MINUTES_MS = 300_000
_FOLDERS = {
    "candles": ("klines", True, True),
    "mark": ("markPriceKlines", True, True),
    TRADES: ("aggTrades", False, True),  # by month too, but a busy contract's month unpacks to several GB
    "open_interest": ("metrics", False, True),
    "long_short_ratio": ("metrics", False, True),
    "funding": ("fundingRate", True, False),
    "liquidations": ("liquidationSnapshot", False, True),
}
"""Binance's folder of each kind, and whether its files are read by month and by day."""

_COIN_MARGINED = re.compile(r"([A-Z0-9]{1,20})/USD:\1")
COIN_MARGINED_MS = (1_687_651_200_000, 1_728_950_400_000)
"""What the archive has of COIN-M liquidations: 2023-06-25 .. 2024-10-14 (binance-public-data#361, and a listing of 2026-09)."""

_TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
"""Binance's candles; it has longer ones too, but they do not begin at multiples of their length since 1970."""


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

    @property
    def name(self) -> str:
        """Return the file's name, the last part of its path."""
        return self.path.rpartition("/")[2]


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


def archive_symbol(symbol: str, venue: str = "binance") -> str:
    """Return an archive's name of a linear perpetual: letters, digits and ``_`` of any script, percent-encoded.

    Raises
    ------
    MarketError
        For anything else.

    Examples
    --------
    >>> archive_symbol("BTC/USDT:USDT"), archive_symbol("BTC/USDC:USDC", "bybit")
    ('BTCUSDT', 'BTCPERP')
    """
    match = re.fullmatch(r"(\w{1,20})/(\w{1,10}):(\w{1,10})", symbol)
    # a quote in plain USD is the mark of inverse contracts, whose sizes are no base coin
    if not match or match[2] != match[3] or match[2] == "USD":
        raise MarketError(f"{symbol[:40]!r}: archives are read for linear perpetuals such as BTC/USDT:USDT")
    if venue == "bybit" and match[2] not in ("USDT", "USDC"):
        raise MarketError(f"{symbol[:40]!r}: bybit's archive is read for contracts quoted in USDT or USDC")
    return quote(match[1] + ("PERP" if venue == "bybit" and match[2] == "USDC" else match[2]), safe="")


def is_coin_margined(series: Series) -> bool:
    """Return whether a series is Binance's liquidations of a COIN-M perpetual, the only one read of inverse contracts."""
    found = _COIN_MARGINED.fullmatch(series.symbol)
    return series.venue == "binance" and series.kind == "liquidations" and found is not None


def contract_usd(symbol: str) -> float:
    """Return the USD of one COIN-M contract.

    Examples
    --------
    >>> contract_usd("BTC/USD:BTC"), contract_usd("ETH/USD:ETH")
    (100.0, 10.0)
    """
    return 100.0 if symbol.startswith("BTC/") else 10.0  # binance.com, COIN-M contract specifications


def archive_files(series: Series, start_ms: int, end_ms: int, from_trades: bool = False) -> list[ArchiveFile]:
    """Return the files that answer ``[start_ms, end_ms)``, whole months by the month's file where there is one.

    Of COIN-M liquidations only those that there are.

    Raises
    ------
    MarketError
        If the venue's archive does not hold the series.
    """
    kind = _kind(series, from_trades)
    if is_coin_margined(series):
        start_ms, end_ms = max(start_ms, COIN_MARGINED_MS[0]), min(end_ms, COIN_MARGINED_MS[1])
    # the day's metrics end with the next midnight's snapshot
    late = _FIVE_MINUTES_MS if kind in ("open_interest", "long_short_ratio") else 0
    files: list[ArchiveFile] = []
    at = (start_ms - late) // _DAY_MS * _DAY_MS
    while at + late < end_ms:
        month, following = _month(at)
        _, by_month, by_day = _FOLDERS[kind]
        if by_month and (not by_day or (at == month and following <= end_ms)):
            files.append(_file(series, kind, month, following, late, monthly=True))
            at = following
        else:
            files.append(_file(series, kind, at, at + _DAY_MS, late, monthly=False))
            at += _DAY_MS
    return files


def _kind(series: Series, from_trades: bool) -> str:
    """Return what is read for a series; refuse what the archive does not have."""
    known = archive_kinds(series.venue)
    if series.kind not in known or (from_trades and series.kind != "candles"):
        held = "candles" if from_trades else ", ".join(known)
        raise MarketError(f"{series.venue}'s archive has no {series.kind[:40]}; it has {held}")
    if series.kind in ("open_interest", "long_short_ratio") and series.timeframe != "5m":
        raise MarketError(f"{series}: the archive has it every 5m only")
    if is_coin_margined(series):
        return series.kind
    archive_symbol(series.symbol, series.venue)
    if from_trades or series.venue == "bybit":
        if _DAY_MS % series.period_ms:
            raise MarketError(f"{series}: candles of trades need a timeframe that divides a day, such as 5m or 1h")
        return TRADES
    if series.kind in ("candles", "mark"):
        _word(series)
    return series.kind


def _word(series: Series) -> str:
    word = timeframe_name(timeframe_seconds(series.timeframe))
    if word not in _TIMEFRAMES:
        raise MarketError(f"{series}: the archive has {', '.join(_TIMEFRAMES)}; others can be made of trades")
    return word


def days_of(series: Series, file: ArchiveFile, from_trades: bool = False) -> Iterator[ArchiveFile]:
    """Yield the files of a month's days, for a month whose own file is not there."""
    kind = _kind(series, from_trades)
    if _FOLDERS[kind][2]:
        for day in range(file.first_ms, file.end_ms, _DAY_MS):
            yield _file(series, kind, day, day + _DAY_MS, 0, monthly=False)


def _month(at: int) -> tuple[int, int]:
    month = np.datetime64(at, "ms").astype("datetime64[M]")
    return tuple(int((month + add).astype("datetime64[ms]").astype(np.int64)) for add in (0, 1))  # type: ignore[return-value]


def _file(series: Series, kind: str, first: int, last: int, late: int, monthly: bool) -> ArchiveFile:
    inverse = is_coin_margined(series)
    symbol = series.symbol.partition("/")[0] + "USD_PERP" if inverse else archive_symbol(series.symbol, series.venue)
    date = str(np.datetime64(first, "ms").astype("datetime64[M]" if monthly else "datetime64[D]"))
    if series.venue == "bybit":
        path = f"trading/{symbol}/{symbol}{date}.csv.gz"
    else:
        folder, words = _FOLDERS[kind][0], []
        if kind in ("candles", "mark"):
            words.append(_word(series))
        place = "/".join((folder, symbol, *words))
        name = f"{symbol}-{words[0] if words else folder}-{date}.zip"
        path = f"data/futures/{'cm' if inverse else 'um'}/{'monthly' if monthly else 'daily'}/{place}/{name}"
    return ArchiveFile(path, first, first + late, last + late, series.venue == "binance", monthly)
