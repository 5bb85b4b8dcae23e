"""The real client, ccxt's exchange objects included, over replies that stand in a table instead of a network."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

import datafeeds.exchanges.client as client_module
from datafeeds.exchanges.client import Client, connect
from tests.datafeeds.loopback.download import HASTE

Answer = Callable[[str, dict[str, str], Any], Any]
"""``(path, query, body) -> reply``, as JSON or as an `aiohttp`-like `Reply`."""


class Reply:
    """What ccxt reads of a response."""

    def __init__(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.status, self.reason, self.content = status, "", None
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self._text = json.dumps(value)

    async def text(self, errors: str = "") -> str:
        return self._text


class ReplayingSession:
    """Stands where the HTTP session stands; each request is answered by a function and counted."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str], Any]] = []

    async def __aenter__(self) -> "ReplayingSession":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    @contextlib.asynccontextmanager
    async def _request(self, url: Any, data: Any = None, **_: Any) -> AsyncIterator[Reply]:
        parts = urlsplit(str(url))
        query, body = dict(parse_qsl(parts.query)), json.loads(data) if data else None
        self.asked.append((parts.path, query, body))
        reply = self._answer(parts.path, query, body)
        if reply is None:
            raise aiohttp.ClientError(f"nothing was recorded of {parts.path}")
        yield reply if isinstance(reply, Reply) else Reply(reply)

    get = post = _request


@contextlib.asynccontextmanager
async def replayed(monkeypatch: pytest.MonkeyPatch, venue: str, answer: Answer) -> AsyncIterator[Client]:
    """Open a venue's real client, whose requests a function answers."""
    monkeypatch.setattr(client_module, "bounded_session", lambda: ReplayingSession(answer))
    async with connect(venue, HASTE) as client:
        yield client
