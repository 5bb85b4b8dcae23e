"""A venue on this machine: serves a truth in the venue's own REST format, with faults on order.

Examples
--------
>>> import asyncio, aiohttp
>>> from tests.datafeeds.exchanges.truth import make_truth
>>> async def status():
...     faults = iter([Fault("rate_limit_retry_after", 3), None])
...     async with VenueServer("binance", make_truth("binance"), faults) as server:
...         async with aiohttp.ClientSession() as session:
...             reply = await session.get(server.url + "/fapi/v1/time")
...             again = await session.get(server.url + "/fapi/v1/time")
...             return reply.status, reply.headers["Retry-After"], again.status, server.log[1].path
>>> asyncio.run(status())
(429, '3', 200, '/fapi/v1/time')
"""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from types import ModuleType
from typing import Any

from aiohttp import web

from tests.datafeeds.exchanges import wire_binance, wire_bybit, wire_gate, wire_hyperliquid, wire_okx
from tests.datafeeds.exchanges.faults import KINDS, Fault, random_faults, refusal, spoilt
from tests.datafeeds.exchanges.truth import Truth
from tests.datafeeds.exchanges.wire import Page, Refusal, Reply, Request, Service

__all__ = ["KINDS", "WIRES", "Fault", "Logged", "VenueServer", "point_at", "random_faults"]

WIRES: dict[str, ModuleType] = {
    "binance": wire_binance,
    "bybit": wire_bybit,
    "okx": wire_okx,
    "gate": wire_gate,
    "hyperliquid": wire_hyperliquid,
}
"""How each venue writes."""

_HOST = re.compile(r"^https?://[^/]+")


@dataclass(frozen=True)
class Logged:
    """One request as it came: the query's parameters, or the JSON body of a POST; and what went wrong with it."""

    method: str
    path: str
    params: Mapping[str, Any]
    fault: Fault | None
    status: int


class VenueServer:
    """A venue's REST interface on 127.0.0.1, from ``async with`` to its end.

    Parameters
    ----------
    venue
        One of `WIRES`.
    truth
        What it knows; may be shared by many servers one after the other.
    faults
        What goes wrong, one place for each request (None: nothing); when used up, nothing more.
    data_only
        Whether only requests for pages of rows use up a place, not the time or the instruments.
    limits
        Replaces some of the venue's `LIMITS`.

    Attributes
    ----------
    url
        Where it listens, without a slash at the end.
    log
        All requests in their order.
    """

    def __init__(
        self,
        venue: str,
        truth: Truth,
        faults: Iterable[Fault | None] = (),
        *,
        data_only: bool = False,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.wire = WIRES[venue]
        unknown = set(limits or {}) - set(self.wire.LIMITS)
        if unknown:
            raise ValueError(f"{venue} has no limits {sorted(unknown)}: they are {sorted(self.wire.LIMITS)}")
        self.service = Service(truth, {**self.wire.LIMITS, **(limits or {})})
        self.log: list[Logged] = []
        self.url = ""
        self._faults = iter(faults)
        self._data_only = data_only
        # aiohttp asks a GET whose connection was cut once more by itself: only the second cut reaches its user
        self._repeated: dict[tuple[str, str], Fault] = {}

    async def __aenter__(self) -> "VenueServer":
        self._closing = asyncio.Event()
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = await _read(request)
        self.service.truth.calls += 1
        answer = self._answer(asked)
        fault = self._repeated.pop((asked.path, asked.query), None)
        if fault is None and (isinstance(answer, Page) or not self._data_only):
            fault = next(self._faults, None)
            if fault is not None and fault.kind == "cut_before" and asked.method == "GET":
                self._repeated[asked.path, asked.query] = fault
        if fault is not None and fault.kind == "page_limit":
            self.service.page_limit = fault.value
            answer = self._answer(asked)
        reply = self._reply(answer, fault)
        params = asked.params if asked.body is None else asked.body
        self.log.append(Logged(asked.method, asked.path, params, fault, reply.status))
        if fault is not None and fault.kind == "timeout":
            await self._closing.wait()
        if fault is not None and fault.kind in ("timeout", "cut_before"):
            return _cut(request)
        return await self._send(request, reply, cut=fault is not None and fault.kind == "cut_body")

    def _answer(self, asked: Request) -> Page | Reply:
        try:
            answer: Page | Reply = self.wire.answer(self.service, asked)
        except Refusal as refused:
            return refused.reply
        return answer

    def _reply(self, answer: Page | Reply, fault: Fault | None) -> Reply:
        if fault is None:
            return answer.reply() if isinstance(answer, Page) else answer
        return refusal(fault, self.wire, self.service.now_ms()) or spoilt(fault, answer, self.service)

    async def _send(self, request: web.BaseRequest, reply: Reply, cut: bool) -> web.StreamResponse:
        headers = {"Date": formatdate(self.service.now_ms() / 1000, usegmt=True), "Content-Type": reply.content_type}
        headers |= reply.headers
        if not cut:
            return web.Response(body=reply.body, status=reply.status, headers=headers)
        response = web.StreamResponse(status=reply.status, headers=headers)
        response.content_length = len(reply.body) + 1
        await response.prepare(request)
        await response.write(reply.body[: len(reply.body) // 2])
        if request.transport is not None:
            request.transport.close()
        return response


async def _read(request: web.BaseRequest) -> Request:
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = {}
    return Request(request.method, request.path, dict(request.query), request.headers, request.query_string, body)


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection; what is returned is written nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def point_at(exchange: Any, url: str) -> None:
    """Replace the host of every REST address in a ccxt exchange's ``urls['api']``."""

    def moved(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: moved(one) for name, one in part.items()}
        return _HOST.sub(url, part) if isinstance(part, str) else part

    exchange.urls["api"] = moved(exchange.urls["api"])
