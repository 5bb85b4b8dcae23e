"""What venues allow: their documented weights, and when the next request may go, for all series together.

Sources: developers.binance.com, USD-M futures, limits; bybit-exchange.github.io/docs/v5/rate-limit; okx.com/docs-v5, the limit of
each endpoint; gate.com/docs/developers/apiv4, rate limits; hyperliquid.gitbook.io, rate limits; api.coinalyze.net/v1/doc. As read
by ccxt and by others.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datafeeds.series import timeframe_seconds

SHARE = 0.9
"""How much of a limit is used. *Assumption*: others may share the address."""

LATE_SECONDS = 0.5
"""How much longer than the venue's a window is taken. *Assumption*: requests are delayed on the way, and not all alike."""


@dataclass(frozen=True)
class Budget:
    """A limit: `capacity` of weight in any `seconds`."""

    name: str
    capacity: float
    seconds: float


Spending = tuple[Budget, float]
"""A budget, and what a request takes of it."""

_BINANCE = Budget("weight", 2400, 60)
_BINANCE_FUNDING, _BINANCE_DATA = Budget("funding", 500, 300), Budget("futures data", 1000, 300)
_BYBIT = Budget("requests", 600, 5)
_HYPERLIQUID = Budget("weight", 1200, 60)
_COINALYZE = Budget("calls of a key", 40, 60)
_OKX = {
    "MarketHistoryCandles": 20,
    "MarketHistoryMarkPriceCandles": 10,
    "RubikStatContractsOpenInterestHistory": 10,
    "RubikStatContractsLongShortAccountRatioContract": 5,
    "PublicFundingRateHistory": 10,
    "PublicLiquidationOrders": 40,
    "PublicInstruments": 20,
}
"""Requests in 2 s, each endpoint by itself; 10 for others."""

_LIGHT = ("l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus")
_FUNDING_ROWS, _CANDLE_ROWS = 500, 5000  # what a reply of Hyperliquid's may hold

PACED = ("binance", "bybit", "okx", "gate", "hyperliquid", "coinalyze")
"""Interfaces whose limits stand here; of the others ccxt keeps them."""


def spending(venue: str, name: str, parameters: Mapping[str, Any]) -> list[Spending]:
    """Return what a request takes of which budgets.

    Parameters
    ----------
    venue
        One of `PACED`.
    name
        ccxt's name of the endpoint, or its path.
    parameters
        What is asked: Binance weighs by `limit`, Hyperliquid by what is asked and how many rows may come.

    Examples
    --------
    >>> [(budget.name, weight) for budget, weight in spending("binance", "/fapi/v1/klines", {"limit": 1500})]
    [('weight', 10)]
    >>> [(budget.name, weight) for budget, weight in spending("hyperliquid", "publicPostInfo", {"type": "fundingHistory"})]
    [('weight', 45)]
    """
    words = "".join(word[:1].upper() + word[1:] for word in re.split(r"[/_-]", name))
    if venue == "binance":
        return [_of_binance(words, parameters)]
    if venue == "bybit":
        return [(_BYBIT, 1)]
    if venue == "coinalyze":
        return [(_COINALYZE, 1)]
    if venue == "gate":
        return [(Budget(words.rpartition("Futures")[2], 200, 10), 1)]
    if venue == "okx":
        known = next((end for end in _OKX if words.endswith(end)), "other")
        return [(Budget(known, _OKX.get(known, 10), 2), 1)]
    return [(_HYPERLIQUID, _of_hyperliquid(parameters))]


def _of_binance(words: str, parameters: Mapping[str, Any]) -> Spending:
    if words.endswith("FundingRate"):
        return _BINANCE_FUNDING, 1
    if "Data" in words or "FuturesData" in words:
        return _BINANCE_DATA, 1
    if words.endswith("lines"):
        limit = int(parameters.get("limit", 500))
        return _BINANCE, next(weight for most, weight in ((99, 1), (499, 2), (1000, 5), (10_000, 10)) if limit <= most)
    return _BINANCE, 1


def _of_hyperliquid(parameters: Mapping[str, Any]) -> int:
    kind = parameters.get("type")
    if kind == "fundingHistory":
        return 20 + _FUNDING_ROWS // 20
    if kind == "candleSnapshot":
        asked = parameters.get("req", {})
        span_ms = int(asked.get("endTime", 2**53)) - int(asked.get("startTime", 0))
        rows = span_ms // (timeframe_seconds(str(asked.get("interval", "1m"))) * 1000) + 1
        return 20 + -(-min(rows, _CANDLE_ROWS) // 60)
    return 2 if kind in _LIGHT else 20


class Pace:
    """Lets requests go when all their budgets allow it, in the order in which they ask."""

    def __init__(self) -> None:
        self._spent: dict[Budget, deque[tuple[float, float]]] = {}

    async def wait(self, wanted: list[Spending]) -> None:
        """Return when a request may go; what it takes is spent."""
        now = asyncio.get_running_loop().time()
        delay = self.reserve(wanted, now) - now
        if delay > 0.0:
            await asyncio.sleep(delay)

    def reserve(self, wanted: list[Spending], now: float) -> float:
        """Return the earliest time from `now` on at which a request may go, and note what it takes then."""
        at = now
        for budget, weight in wanted:
            at = max(at, self._earliest(budget, weight, at))
        for budget, weight in wanted:
            self._spent[budget].append((at, weight))
        return at

    def _earliest(self, budget: Budget, weight: float, now: float) -> float:
        spent = self._spent.setdefault(budget, deque())
        at = max(now, spent[-1][0]) if spent else now
        total = sum(one for _, one in spent)
        while spent and (spent[0][0] + budget.seconds + LATE_SECONDS <= at or total + weight > budget.capacity * SHARE):
            freed, one = spent.popleft()
            at, total = max(at, freed + budget.seconds + LATE_SECONDS), total - one
        return at


def seconds_of(wanted: list[Spending]) -> float:
    """Return about how long requests take that have nothing to wait for but their budgets.

    Examples
    --------
    >>> seconds_of([(Budget("requests", 10, 2), 1)] * 40)
    10.0
    """
    totals: dict[Budget, float] = {}
    for budget, weight in wanted:
        totals[budget] = totals.get(budget, 0.0) + weight
    windows = {budget: max(-(-total // (budget.capacity * SHARE)), 1) - 1 for budget, total in totals.items()}
    return max((count * (budget.seconds + LATE_SECONDS) for budget, count in windows.items()), default=0.0)
