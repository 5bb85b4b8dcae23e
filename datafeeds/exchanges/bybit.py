"""Bybit v5, linear and inverse perpetuals. Linear sizes are base coin, inverse ones USD.

Source: bybit-exchange.github.io/docs/v5/market; replies as in ccxt's documentation comments. Rows come newest first.
Open interest alone counts every contract twice, as a long and as a short (docs/v5/market/open-interest); the archive and
the liquidations hold none.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.reply import column, field, number, part, records, same, times, to_minute
from datafeeds.exchanges.source import CANDLES_SETTLED_MS, Request, Source
from datafeeds.series import Rows, timeframe_seconds
from datafeeds.stamps import stamps_of, stood_at
from datafeeds.units import to_base

_WORDS = {"1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240", "6h": "360"}
_WORDS |= {"12h": "720", "1d": "D"}
_DATA_WORDS = {"5m": "5min", "15m": "15min", "30m": "30min", "1h": "1h", "4h": "4h", "1d": "1d"}
_RATIO_WORDS = _DATA_WORDS


def _category(contract: Contract) -> str:
    return "inverse" if contract.inverse else "linear"


def _ask_klines(endpoint: str, limit: int = 1000) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        named = {"category": _category(contract), "symbol": contract.id, "interval": word}
        return (Request(endpoint, {**named, "start": start_ms, "end": end_ms - 1, "limit": limit}),)

    return ask


def _list(reply: Any, contract: Contract) -> list[Any]:
    named = part(reply, "result").get("symbol", contract.id) if isinstance(part(reply, "result"), dict) else contract.id
    if named not in (contract.id, ""):
        raise ReplyError(f"the reply is about {str(named)[:30]!r}, asked was {contract.id!r}")
    rows = records(reply, "result", "list")
    same(rows, "symbol", contract.id)
    return rows


def _read_klines(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _list(replies[0], contract)
    # field 5 counts contracts (linear: base coin, inverse: USD), field 6 the turnover in the other currency
    volume = column(rows, 6 if contract.inverse else 5)
    return _candle(rows, timeframe) | {"volume": volume, "taker_buy_volume": np.full(len(rows), np.nan)}


def _read_mark(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    return _candle(_list(replies[0], contract), timeframe)


def _candle(rows: list[Any], timeframe: str) -> Rows:
    opens = times(rows, 0)
    prices = {name: column(rows, place) for place, name in enumerate(("open", "high", "low", "close"), start=1)}
    return {"ts": opens, "known_at": opens + timeframe_seconds(timeframe) * 1000, **prices}


def _ask_open_interest(
    contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int
) -> tuple[Request, ...]:
    named = {"category": _category(contract), "symbol": contract.id, "intervalTime": word}
    span = {"startTime": start_ms, "endTime": end_ms - 1, "limit": 200}
    asked = (Request("publicGetV5MarketOpenInterest", {**named, **span}),)
    if not contract.inverse:
        return asked
    kline_word = next(_WORDS[timeframe] for timeframe, known in _DATA_WORDS.items() if known == word)
    ask, block = (
        _ask_klines("publicGetV5MarketMarkPriceKline"),
        1000 * period_ms,
    )  # a page of prices serves five of these
    first = start_ms // block * block
    prices = [ask(contract, kline_word, period_ms, begin, begin + block)[0] for begin in range(first, end_ms, block)]
    return asked + tuple(replace(request, serves_several=True) for request in prices)


def _read_open_interest(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _list(replies[0], contract)
    stamps, size = times(rows, "timestamp"), np.array([_one_side(row) for row in rows], dtype=np.float64)
    ts = stood_at("bybit", "api", "open_interest", stamps, timeframe_seconds(timeframe) * 1000)
    if contract.inverse:
        size = to_base(size, "inverse contracts", contract.size, _mark_at(replies[1:], contract, stamps))
    return {"ts": ts, "known_at": ts.copy(), "open_interest": size}


def _one_side(row: Any) -> float:
    """Return the open interest of one side: as the venue gives it since 2026, else half the sum of both."""
    both = number(field(row, "openInterest"))
    return number(row["singleOpenInterest"]) if _has_one_side(row) else both / 2.0


def _has_one_side(row: Any) -> bool:
    return row.get("singleOpenInterest") not in (None, "")


def _remark_open_interest(replies: tuple[Any, ...]) -> str:
    both = not all(_has_one_side(row) for row in records(replies[0], "result", "list"))
    return "the venue gave the sum of longs and shorts, which counts every contract twice: halved" if both else ""


def _mark_at(replies: tuple[Any, ...], contract: Contract, stamps: np.ndarray) -> np.ndarray:
    """Return the mark price at each stamp: the open of the candle that begins there."""
    rows = [row for reply in replies for row in _list(reply, contract)]
    known = dict(zip(times(rows, 0).tolist(), column(rows, 1).tolist(), strict=True))
    missing = [stamp for stamp in stamps.tolist() if known.get(stamp, 0.0) <= 0.0]
    if missing:
        raise ReplyError(f"bybit: no mark price for {len(missing)} snapshots of open interest in USD")
    return np.array([known[stamp] for stamp in stamps.tolist()], dtype=np.float64)


def _ask_ratio(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    named = {"category": _category(contract), "symbol": contract.id, "period": word}
    first, last = stamps_of("bybit", "api", "long_short_ratio", start_ms, end_ms, period_ms)
    span = {"startTime": first, "endTime": last - 1, "limit": 500}
    return (Request("publicGetV5MarketAccountRatio", {**named, **span}),)


def _read_ratio(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _list(replies[0], contract)
    ts = stood_at("bybit", "api", "long_short_ratio", times(rows, "timestamp"), timeframe_seconds(timeframe) * 1000)
    buy, sell = column(rows, "buyRatio"), column(rows, "sellRatio")
    if (sell <= 0.0).any():
        raise ReplyError("bybit: a long/short ratio without shorts")
    return {"ts": ts, "known_at": ts.copy(), "long_short_ratio": buy / sell}


def _ask_funding(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    named = {"category": _category(contract), "symbol": contract.id}
    return (
        Request(
            "publicGetV5MarketFundingHistory",
            {**named, "startTime": start_ms, "endTime": end_ms - 1, "limit": 200},
        ),
    )


def _read_funding(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _list(replies[0], contract)
    ts = to_minute(times(rows, "fundingRateTimestamp"))
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": column(rows, "fundingRate")}


SOURCES = (
    Source("candles", _ask_klines("publicGetV5MarketKline"), _read_klines, 1000, _WORDS, settled_ms=CANDLES_SETTLED_MS),
    Source(
        "mark",
        _ask_klines("publicGetV5MarketMarkPriceKline"),
        _read_mark,
        1000,
        _WORDS,
        settled_ms=CANDLES_SETTLED_MS,
    ),
    Source("open_interest", _ask_open_interest, _read_open_interest, 200, _DATA_WORDS, remark=_remark_open_interest),
    Source("long_short_ratio", _ask_ratio, _read_ratio, 500, _RATIO_WORDS),
    Source("funding", _ask_funding, _read_funding, 200),
)
"""What Bybit has; all liquidations are on its websocket (`datafeeds.live`), none by REST."""
