"""A venue that keeps its documented limits to the letter, in process and on the loop's clock.

Limits are written down here a second time, from the venues' documents: nothing is shared with the client's table.
"""

import asyncio
import contextlib
import json
import random
from collections import Counter, defaultdict, deque
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.datafeeds.exchanges.replaying import ReplayingSession, Reply
from tests.datafeeds.exchanges.truth import Truth
from tests.datafeeds.exchanges.venue_server import WIRES
from tests.datafeeds.exchanges.wire import Page, Refusal, Request, Service

OKX_IN_TWO_SECONDS = {
    "/api/v5/market/history-candles": 20,
    "/api/v5/market/history-mark-price-candles": 10,
    "/api/v5/rubik/stat/contracts/open-interest-history": 10,
    "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract": 5,
    "/api/v5/public/funding-rate-history": 10,
    "/api/v5/public/time": 10,
    "/api/v5/public/instruments": 20,
}


def limit_of(venue: str, path: str, query: dict[str, str], body: Any, rows: int) -> tuple[str, float, float, float]:
    """Return which limit a request counts towards, how much it allows in how many seconds, and what the request weighs."""
    if venue == "binance":
        if path == "/fapi/v1/fundingRate":
            return "funding", 500, 300, 1
        if path.startswith("/futures/data/"):
            return "data", 1000, 300, 1
        weight = 1
        if path in ("/fapi/v1/klines", "/fapi/v1/markPriceKlines"):
            limit = int(query.get("limit", "500"))
            weight = 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10
        return "weight", 2400, 60, weight
    if venue == "bybit":
        return "ip", 600, 5, 1
    if venue == "okx":
        return path, OKX_IN_TWO_SECONDS[path], 2, 1
    if venue == "gate":
        return path, 200, 10, 1
    weights = {"exchangeStatus": 2, "fundingHistory": 20 + rows / 20, "candleSnapshot": 20 + rows / 60}
    return "weight", 1200, 60, weights.get(body["type"], 20)


class EnforcingSession(ReplayingSession):
    """Answers as the venue would after `latency_seconds` there and back, and with 429 beyond its limits."""

    def __init__(self, venue: str, truth: Truth, latency_seconds: float = 0.05) -> None:
        super().__init__(lambda *_: None)
        self.venue, self.wire, self.refused = venue, WIRES[venue], 0
        self.service = Service(truth, dict(self.wire.LIMITS))
        self.counts: Counter[str] = Counter()
        self._latency, self._chance = latency_seconds, random.Random(venue)
        self._spent: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)

    @contextlib.asynccontextmanager
    async def _request(self, url: Any, data: Any = None, **sent: Any):  # type: ignore[override]
        parts = urlsplit(str(url))
        query, body = dict(parse_qsl(parts.query)), json.loads(data) if data else None
        await asyncio.sleep(self._latency * self._chance.uniform(0.2, 0.8))
        asked = Request("POST" if data else "GET", parts.path, query, sent.get("headers", {}), parts.query, body)
        status, text, rows = self._told(asked)
        self.counts[str(body["type"]) if body else parts.path] += 1
        if self._is_over(*limit_of(self.venue, parts.path, query, body, rows)):
            self.refused += 1
            status, text = 429, b'{"msg": "too many requests"}'
        await asyncio.sleep(self._latency * self._chance.uniform(0.2, 0.8))
        yield Reply(json.loads(text), status)

    get = post = _request

    def _told(self, asked: Request) -> tuple[int, bytes, int]:
        self.service.truth.calls += 1
        try:
            answer = self.wire.answer(self.service, asked)
        except Refusal as refused:
            return refused.reply.status, refused.reply.body, 0
        rows = len(answer.rows) if isinstance(answer, Page) else 0
        reply = answer.reply() if isinstance(answer, Page) else answer
        return reply.status, reply.body, rows

    def _is_over(self, name: str, most: float, seconds: float, weight: float) -> bool:
        now, spent = asyncio.get_running_loop().time(), self._spent[name]
        while spent and spent[0][0] <= now - seconds:
            spent.popleft()
        spent.append((now, weight))
        return sum(one for _, one in spent) > most
