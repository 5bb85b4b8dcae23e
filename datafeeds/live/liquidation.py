"""What a venue's feed is about: the markets followed, one liquidation, and what one message says."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datafeeds.catalog.rows import EARLIEST_MS, LATEST_MS
from datafeeds.errors import MarketError, ReplyError
from datafeeds.exchanges.reply import field


@dataclass(frozen=True)
class LiveMarket:
    """A perpetual to follow.

    Attributes
    ----------
    id
        The venue's own name for it, such as ``BTCUSDT`` or ``BTC-USDT-SWAP``.
    symbol
        Unified symbol (``BTC/USDT:USDT``).
    contract_size
        One contract, > 0: base coin of a linear contract, quote currency of an inverse one.
    inverse
        Whether it is settled in the base coin.

    Raises
    ------
    MarketError
        For a contract size that is not above 0.
    """

    id: str
    symbol: str
    contract_size: float = 1.0
    inverse: bool = False

    def __post_init__(self) -> None:
        """Check the contract size."""
        if not (math.isfinite(self.contract_size) and self.contract_size > 0.0):
            raise MarketError(f"{self.symbol}: contract size {self.contract_size!r} must be above 0")


Markets = Mapping[str, LiveMarket]
"""Markets by the venue's id."""


@dataclass(frozen=True)
class Liquidation:
    """A position that was force-closed.

    Attributes
    ----------
    market
        Which.
    ts, known_at
        When it happened and when it was known, milliseconds since 1970; ``known_at >= ts``. A parser knows when the venue
        sent the message; the recorder sets the time of receipt where that is later.
    side
        +1 where a long was liquidated (force-sold), -1 where a short was (force-bought).
    price
        Quote per base, > 0; which price it is, the feed's description says.
    size
        Base coin, > 0.
    """

    market: LiveMarket
    ts: int
    known_at: int
    side: int
    price: float
    size: float


@dataclass(frozen=True)
class Message:
    """What one message of a venue says: liquidations of the markets followed, or that the subscription stands."""

    liquidations: tuple[Liquidation, ...] = ()
    subscribed: bool = False


def liquidation(
    market: LiveMarket, side: int, amount: float, price: float, ts: int, sent_ms: int, in_contracts: bool
) -> Liquidation:
    """Return a liquidation, its size in base coin, checked.

    Parameters
    ----------
    market, side, price, ts
        As in `Liquidation`.
    amount
        What the venue counts: contracts, or base coin where `in_contracts` is false. Inverse markets count contracts anyway:
        their size in base coin is contracts times contract size by price.
    sent_ms
        When the venue sent the message; its own time if the message does not say.

    Raises
    ------
    ReplyError
        For a price or size that is not above 0 or not finite, or a time outside 2009..2100.
    """
    if not (price > 0.0 and amount > 0.0):
        raise ReplyError(f"a liquidation of {amount:g} at the price {price:g}: both must be above 0")
    size = amount
    if market.inverse:
        size = amount * market.contract_size / price
    elif in_contracts:
        size = amount * market.contract_size
    if not (math.isfinite(size) and size > 0.0):
        raise ReplyError(f"a liquidation of {amount:g} at the price {price:g} has no size in base coin")
    known_at = max(ts, sent_ms)
    if min(ts, sent_ms) < EARLIEST_MS or known_at >= LATEST_MS:
        raise ReplyError(f"a liquidation at {ts} ms, sent at {sent_ms} ms: times must lie between 2009 and 2100")
    return Liquidation(market, ts, known_at, side, price, size)


def decode(text: str) -> dict[str, Any]:
    """Return a message's JSON object.

    Raises
    ------
    ReplyError
        If it is none.
    """
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        raise ReplyError(f"the message is no JSON: {text[:40]!r}") from None
    if not isinstance(reply, dict):
        raise ReplyError(f"the message holds a {type(reply).__name__} where an object belongs")
    return reply


def word(row: Any, key: str) -> str:
    """Return a field that is text.

    Raises
    ------
    ReplyError
        If there is none.
    """
    value = field(row, key)
    if not isinstance(value, str):
        raise ReplyError(f"the message holds a {type(value).__name__} where the text {key!r} belongs")
    return value


def side_of(row: Any, key: str, sides: Mapping[str, int]) -> int:
    """Return the side that a venue's word stands for.

    Raises
    ------
    ReplyError
        For a word that is not among `sides`.
    """
    said = word(row, key)
    if said not in sides:
        raise ReplyError(f"the message holds {said[:20]!r} where a side belongs ({', '.join(sides)})")
    return sides[said]


def reason(text: Any) -> str:
    """Return what a venue gives as its reason, as one short line.

    Examples
    --------
    >>> reason("Illegal   request ")
    'Illegal request'
    """
    shown = " ".join(str(text).split())[:120] or type(text).__name__
    return shown.encode("ascii", "replace").decode()
