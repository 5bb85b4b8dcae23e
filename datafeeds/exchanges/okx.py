"""OKX v5 perpetual swaps. Candles and open interest carry base coin beside contracts; both bounds of a range are exclusive.

Source: okx.com/docs-v5; replies as in ccxt's documentation comments. Rows come newest first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from datafeeds.errors import ReplyError
from datafeeds.exchanges.contract import Contract
from datafeeds.exchanges.events import Told, event_source
from datafeeds.exchanges.reply import column, field, number, records, same, times, to_minute, whole
from datafeeds.exchanges.source import CANDLES_SETTLED_MS, DAY_MS, HOUR_MS, Request, Source
from datafeeds.live.liquidation import LiveMarket
from datafeeds.live.okx import liquidation_of
from datafeeds.series import Rows, timeframe_seconds
from datafeeds.stamps import stamps_of, stood_at
from datafeeds.units import to_base

# from six hours on the plain words mean bars of Hong Kong's days; "utc" ones are ours
_WORDS = {"1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "2h": "2H", "4h": "4H"}
_WORDS |= {"6h": "6Hutc", "12h": "12Hutc", "1d": "1Dutc"}
_DATA_WORDS = {"5m": "5m", "1h": "1H", "1d": "1Dutc"}
_CANDLES, _SETTLEMENTS = 300, 400  # rows a reply; 100 until 2025 (ccxt#26705), which pages survive
_DATA_ROWS = 1440  # "a maximum of 1,440 entries"
_FUNDING_REACH_MS = 92 * DAY_MS  # "up to three months"
_LIQUIDATIONS_REACH_MS = DAY_MS - HOUR_MS  # "in the last day", less some for the clocks


def _ask_candles(endpoint: str, limit: int) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        span = {"before": str(start_ms - 1), "after": str(end_ms), "limit": str(limit)}
        return (Request(endpoint, {"instId": contract.id, "bar": word, **span}),)

    return ask


def _closed(reply: Any, place: int) -> list[Any]:
    """Return the rows of candles that are over: field `place` says so, or a later candle does (the oldest form says 0 of all)."""
    rows = records(reply, "data")
    newest = max(times(rows, 0).tolist(), default=0)
    return [row for row in rows if whole(field(row, 0)) < newest or place >= len(row) or row[place] != "0"]


def _read_candles(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = _closed(replies[0], 8)
    candle, contracts, volume = _candle(rows, timeframe), column(rows, 5), column(rows, 6)
    # field 5 counts contracts, 6 base coin, for linear and inverse swaps alike; the oldest form leaves 6 at 0
    untold = (volume == 0.0) & (contracts > 0.0)
    volume = np.where(untold, to_base(contracts, contract.unit, contract.size, candle["close"]), volume)
    return candle | {"volume": volume, "taker_buy_volume": np.full(len(rows), np.nan)}


def _read_mark(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    return _candle(_closed(replies[0], 5), timeframe)


def _candle(rows: list[Any], timeframe: str) -> Rows:
    opens = times(rows, 0)
    prices = {name: column(rows, place) for place, name in enumerate(("open", "high", "low", "close"), start=1)}
    return {"ts": opens, "known_at": opens + timeframe_seconds(timeframe) * 1000, **prices}


def _ask_data(endpoint: str, kind: str) -> Callable[..., tuple[Request, ...]]:
    def ask(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
        first, last = stamps_of("okx", "api", kind, start_ms, end_ms, period_ms)
        span = {"begin": str(first - 1), "end": str(last), "limit": "100"}
        return (Request(endpoint, {"instId": contract.id, "period": word, **span}),)

    return ask


def _read_data(kind: str, place: int) -> Callable[..., Rows]:
    def read(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
        rows = records(replies[0], "data")
        ts = stood_at("okx", "api", kind, times(rows, 0), timeframe_seconds(timeframe) * 1000)
        return {"ts": ts, "known_at": ts.copy(), kind: column(rows, place)}

    return read


def _ask_funding(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    span = {"before": str(start_ms - 1), "after": str(end_ms), "limit": str(_SETTLEMENTS)}
    return (Request("publicGetPublicFundingRateHistory", {"instId": contract.id, **span}),)


def _read_funding(replies: tuple[Any, ...], contract: Contract, timeframe: str) -> Rows:
    rows = records(replies[0], "data")
    same(rows, "instId", contract.id)
    ts = to_minute(times(rows, "fundingTime"))
    rates = np.array([_settled(row) for row in rows], dtype=np.float64)
    return {"ts": ts, "known_at": ts.copy(), "funding_rate": rates}


def _settled(row: Any) -> float:
    """Return the rate that was settled; the other field is the one predicted before."""
    if not isinstance(row, dict):
        raise ReplyError("okx: a row of funding that is no record")
    realized = row.get("realizedRate")
    return number(realized if realized not in (None, "") else field(row, "fundingRate"))


def _ask_liquidations(contract: Contract, word: str, period_ms: int, start_ms: int, end_ms: int) -> tuple[Request, ...]:
    family = contract.id.removesuffix("-SWAP")  # asked for a contract alone the venue answers 50015
    span = {"before": str(start_ms - 1), "after": str(end_ms), "limit": "100"}
    return (
        Request(
            "publicGetPublicLiquidationOrders", {"instType": "SWAP", "instFamily": family, "state": "filled", **span}
        ),
    )


def _tell_liquidations(replies: tuple[Any, ...], contract: Contract) -> Told:
    market = LiveMarket(contract.id, contract.symbol, contract.size, contract.inverse)
    groups = [row for row in records(replies[0], "data") if field(row, "instId") == contract.id]
    found = [liquidation_of(detail, market) for group in groups for detail in records(group, "details")]
    ts = np.array([one.ts for one in found], dtype=np.int64)
    rows = {
        "ts": ts,
        "known_at": ts + 1000,  # the feed sends one a second
        "side": np.array([one.side for one in found], dtype=np.float64),
        "size": np.array([one.size for one in found], dtype=np.float64),
        "limit_price": np.array([one.price for one in found], dtype=np.float64),
    }
    return Told(rows, ts)


SOURCES = (
    Source(
        "candles",
        _ask_candles("publicGetMarketHistoryCandles", _CANDLES),
        _read_candles,
        _CANDLES,
        _WORDS,
        settled_ms=CANDLES_SETTLED_MS + 60_000,
    ),
    Source(
        "mark",
        _ask_candles("publicGetMarketHistoryMarkPriceCandles", 100),
        _read_mark,
        100,
        _WORDS,
        settled_ms=CANDLES_SETTLED_MS + 60_000,
    ),
    Source(
        "open_interest",
        _ask_data("publicGetRubikStatContractsOpenInterestHistory", "open_interest"),
        _read_data("open_interest", 2),
        100,
        _DATA_WORDS,
        reach_rows=_DATA_ROWS,
    ),
    Source(
        "long_short_ratio",
        _ask_data("publicGetRubikStatContractsLongShortAccountRatioContract", "long_short_ratio"),
        _read_data("long_short_ratio", 1),
        100,
        _DATA_WORDS,
        reach_rows=_DATA_ROWS,
    ),
    Source("funding", _ask_funding, _read_funding, _SETTLEMENTS, reach_ms=_FUNDING_REACH_MS),
    event_source(
        "liquidations",
        _ask_liquidations,
        _tell_liquidations,
        100,
        reach_ms=_LIQUIDATIONS_REACH_MS,
        by_default=False,
    ),
)
"""What OKX has; its liquidations of the last day only when named. Live ones: `datafeeds.live`."""
