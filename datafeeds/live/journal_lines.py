"""The lines of a journal: what a session is, a liquidation, and a time over which the feed was heard."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from datafeeds.catalog.rows import EARLIEST_MS, LATEST_MS
from datafeeds.live.liquidation import Liquidation

LIMIT = "bankruptcy"
"""How a session says that its events' prices are the orders' limits; other prices are fills."""

FORMAT = 1
"""Version of the lines' form."""


@dataclass(frozen=True)
class Session:
    """The first line of a session: what was followed, and how complete it is (`datafeeds.live.feeds.Feed`)."""

    venue: str
    symbol: str
    completeness: str
    rule: str
    price: str

    def line(self) -> str:
        """Return it as a line."""
        return _line({"kind": "session", "format": FORMAT, **asdict(self)})


@dataclass(frozen=True)
class Event:
    """A liquidation as it was written; columns as those of the kind ``liquidations``."""

    ts: int
    known_at: int
    side: int
    price: float
    size: float


@dataclass(frozen=True)
class Alive:
    """The connection stood, and the feed was heard or provably alive, from `from_ms` until before `to_ms`."""

    from_ms: int
    to_ms: int


def event_line(event: Liquidation) -> str:
    """Return a liquidation as a line."""
    values = {name: getattr(event, name) for name in ("ts", "known_at", "side", "price", "size")}
    return _line({"kind": "event", **values})


def alive_line(from_ms: int, to_ms: int) -> str:
    """Return an observed time as a line."""
    return _line({"kind": "alive", "from_ms": from_ms, "to_ms": to_ms})


def read_line(line: bytes) -> Session | Event | Alive:
    """Return what a line says.

    Raises
    ------
    ValueError
        With what is wrong about it.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    kind = said.get("kind") if isinstance(said, dict) else None
    if kind == "event":
        return _event(said)
    if kind == "alive":
        start, end = _time(said, "from_ms"), _time(said, "to_ms")
        if start >= end:
            raise ValueError("it ends before it begins")
        return Alive(start, end)
    if kind == "session":
        return _session(said)
    raise ValueError("it is of no known kind")


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n"


def _session(said: dict[str, Any]) -> Session:
    if said.get("format") != FORMAT:
        raise ValueError(f"its format is {str(said.get('format'))[:20]!r}, this version reads {FORMAT}")
    fields = [said.get(name) for name in ("venue", "symbol", "completeness", "rule", "price")]
    if not all(isinstance(value, str) for value in fields) or said["completeness"] not in ("full", "throttled"):
        raise ValueError("it does not say what was followed and how complete it is")
    return Session(*(str(value) for value in fields))


def _event(said: dict[str, Any]) -> Event:
    ts, known_at, side = _time(said, "ts"), _time(said, "known_at"), said.get("side")
    price, size = said.get("price"), said.get("size")
    numbers = all(isinstance(value, float) and math.isfinite(value) and value > 0.0 for value in (price, size))
    if known_at < ts or type(side) is not int or abs(side) != 1 or not numbers:
        raise ValueError("it is no liquidation that can be")
    return Event(ts, known_at, side, float(str(price)), float(str(size)))


def _time(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    if type(value) is not int or not EARLIEST_MS <= value < LATEST_MS:
        raise ValueError(f"it has no time {name!r} between 2009 and 2100")
    return value
