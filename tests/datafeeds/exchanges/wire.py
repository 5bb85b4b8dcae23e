"""What the five wires share: a request, a reply, a page of rows, and the service that cuts pages from the truth."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.datafeeds.exchanges.table import Style, Table
from tests.datafeeds.exchanges.truth import Market, Truth

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Request:
    """A request: ``params`` are the query's (text), ``body`` is the parsed JSON of a POST."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: Any = None


@dataclass(frozen=True)
class Reply:
    """Bytes to answer with."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE


@dataclass(frozen=True)
class Page:
    """Rows in the wire's order, how they are wrapped (from the JSON list to the body), and rows just outside the page."""

    rows: list[bytes]
    envelope: Callable[[bytes], bytes]
    outside: list[bytes]

    def reply(self, rows: list[bytes] | None = None) -> Reply:
        chosen = self.rows if rows is None else rows
        return Reply(self.envelope(b"[" + b",".join(chosen) + b"]"))


class Refusal(Exception):  # noqa: N818 - what a venue does
    """A venue's refusal of a request."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


@dataclass
class Service:
    """A truth, the venue's limits, and the limit of rows a page that a fault may have set."""

    truth: Truth
    limits: dict[str, int]
    page_limit: int | None = None

    def now_ms(self) -> int:
        return self.truth.now_ms()

    def market(self, identifier: str | None, refusal: Reply) -> Market:
        found = self.truth.markets.get(identifier or "")
        if found is None:
            raise Refusal(refusal)
        return found

    def select(self, table: Table, first_ms: int, last_ms: int, limit: int, newest: bool) -> tuple[int, int]:
        """Return the slice that a page holds: rows inside both bounds until now, the newest or the oldest ``limit``."""
        start, end = table.between(first_ms, min(last_ms, self.now_ms()))
        limit = limit if self.page_limit is None else min(limit, self.page_limit)
        return (max(start, end - limit), end) if newest else (start, min(end, start + limit))

    def page(
        self,
        table: Table,
        name: str,
        style: Style,
        span: tuple[int, int],
        *,
        descending: bool = False,
        envelope: Callable[[bytes], bytes] = lambda rows: rows,
    ) -> Page:
        """Return a slice as a page; ``name`` tells the styles of one table apart."""
        start, end = span
        now = self.now_ms()
        visible = table.between(-(2**62), now)[1]
        share = 0.2 + 0.6 * (self.truth.calls * 0.137 % 1)
        rows = table.texts(name, style, start, end, now, share)
        outside = table.texts(name, style, max(0, start - 3), start, now, share)
        outside += table.texts(name, style, end, max(end, min(end + 3, visible)), now, share)
        if descending:
            rows.reverse()
        return Page(rows, envelope, outside)


def dump(value: Any) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def plain(value: float) -> str:
    """Return a number with at most eight decimals and no trailing zeros."""
    text = f"{value:.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def integer(params: Mapping[str, str], name: str, refusal: Callable[[str], Reply]) -> int | None:
    """Return a parameter as an integer, None if it is absent."""
    text = params.get(name)
    if text is None or text == "":
        return None
    if not (text.isascii() and text.lstrip("-").isdigit() and len(text) <= 20):
        raise Refusal(refusal(name))
    return int(text)
