"""A venue on this machine: its wire format over HTTP, and faults on the way."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from tests.datafeeds.loopback.faults import Fault
from tests.datafeeds.loopback.reply import Reply
from tests.datafeeds.loopback.truth import Truth
from tests.datafeeds.serving import serving

Speak = Callable[[Truth, str, dict[str, str], dict[str, Any]], Reply]
"""``(truth, path, query, body) -> Reply``: a venue's wire format."""

_IN_A_ROW = 2
_MAINTENANCE = b"<!DOCTYPE html><html><body><h1>We'll be back soon</h1>System upgrade &amp; maintenance</body></html>"


class VenueServer:
    """Use as ``async with VenueServer(speak, truth, faults) as server``; `url` is its address."""

    def __init__(self, speak: Speak, truth: Truth, faults: Iterable[Fault | None] = ()) -> None:
        self.speak, self.truth, self.faults = speak, truth, iter(faults)
        self.url, self.asked, self.hanging_seconds = "", [], 0.02
        self.headers: list[dict[str, str]] = []
        self.met: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._empty: Counter[str] = Counter()
        self._short = 10**6
        self._random = random.Random(5)

    async def __aenter__(self) -> "VenueServer":
        self._serving = serving(self._answer)
        self.url = await self._serving.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__(None, None, None)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.text() or "{}") if request.method == "POST" else {}
        self.asked.append((request.path, dict(request.query), body))
        self.headers.append(dict(request.headers))
        reply = self.speak(self.truth, request.path, dict(request.query), body)
        fault = self._fault(json.dumps([request.path, sorted(request.query.items()), body], sort_keys=True))
        if fault and fault.kind == "short pages":
            self._short = fault.number
        if reply.rows is not None:
            reply.limit = min(reply.limit, self._short)
            if fault:
                self._disturb(reply, fault)
        if fault:
            return await self._spoil(request, reply, fault)
        return web.Response(
            body=reply.body(), status=reply.status, headers=reply.headers, content_type="application/json"
        )

    def _fault(self, asked: str) -> Fault | None:
        """Return the next fault, but no third one in a row for the same request: patience has an end.

        Nor a third empty page for it at all, because several series may share a request (Gate's totals, interest and ratio):
        taking turns with the others, one of them would meet three in a row, which is how a venue says that it has none.
        """
        fault = next(self.faults, None)
        if fault and fault.kind == "empty" and self._empty[asked] >= _IN_A_ROW:
            fault = None
        if fault is None or self._in_a_row[asked] >= _IN_A_ROW:
            self._in_a_row[asked] = 0
            return None
        self._in_a_row[asked] += 1
        self._empty[asked] += fault.kind == "empty"
        self.met[fault.kind] += 1
        return fault

    def _disturb(self, reply: Reply, fault: Fault) -> None:
        """Do what a page may suffer and stay a page."""
        assert reply.rows is not None
        if fault.kind == "empty":
            reply.rows = []
            return
        reply.rows = reply.rows[: reply.limit]
        if fault.kind == "overlap":
            extra = self._random.sample(reply.around, min(5, len(reply.around)))
            reply.rows = reply.rows + [row for row in extra if row not in reply.rows]
        elif fault.kind == "shuffled":
            self._random.shuffle(reply.rows)
        elif fault.kind == "doubled":
            reply.rows = [row for row in reply.rows for _ in range(2)]
        elif fault.kind == "null row":
            reply.rows = [*reply.rows, None]
        elif fault.kind == "text for number":
            reply.rows = [_worded(row) for row in reply.rows]
        reply.limit = 10**6

    async def _spoil(self, request: web.Request, reply: Reply, fault: Fault) -> web.StreamResponse:
        """Do what happens to any reply."""
        whole, kind = reply.body(), fault.kind
        if kind == "timeout":
            await asyncio.sleep(self.hanging_seconds)
        if kind in ("cut before", "timeout"):
            request.transport.close()
            return web.Response()
        if kind == "cut within":
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": str(len(whole))}
            )
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
            request.transport.close()
            return response
        if kind.startswith("429"):
            headers = {"Retry-After": str(fault.number)} if kind == "429 wait" else {}
            return web.Response(status=429, body=b'{"code":-1003,"msg":"Too many requests."}', headers=headers)
        if kind == "418":
            return web.Response(
                status=418, body=b'{"code":-1003,"msg":"Way too many requests; IP banned until 1717000000000."}'
            )
        if kind in ("500", "502", "503", "504"):
            return web.Response(status=int(kind), body=b"upstream error")
        if kind.startswith("maintenance"):
            return web.Response(status=int(kind.split()[1]), body=_MAINTENANCE, content_type="text/html")
        other = {"truncated": whole[: max(len(whole) - 1 - fault.number, 1)], "nothing": b"", "wrong shape": b'{"unexpected": {}}',
                 "list for object": b"[[[]]]"}  # fmt: skip
        return web.Response(
            body=other.get(kind, whole), status=reply.status, headers=reply.headers, content_type="application/json"
        )


def _worded(row: Any) -> Any:
    if isinstance(row, dict):
        return dict.fromkeys(row, "n/a")
    return ["n/a" for _ in row] if isinstance(row, list) else row
