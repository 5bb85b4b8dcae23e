"""The venues whose liquidations can be followed: where, how to ask, how to stay connected, and how complete they are.

Gate is left out. It documents no sign for the size of ``futures.public_liquidates``, public programs read it in opposite ways,
and its messages differ from its documentation (github.com/gateio/WebSocket-API, issue 132); its liquidations can be downloaded.
Hyperliquid has no feed of all liquidations.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datafeeds.errors import MarketError
from datafeeds.live import binance, bybit, okx
from datafeeds.live.journal_lines import LIMIT
from datafeeds.live.liquidation import Liquidation, LiveMarket, Markets, Message, decode


@dataclass(frozen=True)
class Feed:
    """A venue's feed of liquidations.

    Attributes
    ----------
    venue
        Whose.
    url, inverse_url
        Where linear and inverse contracts are.
    completeness
        ``full`` if the venue sends every liquidation, ``throttled`` if it leaves some out.
    rule
        What it leaves out, as far as it is documented, and what is assumed.
    price
        Which price it states.
    subscribe
        ``(ids) -> text``, the message that subscribes.
    read
        ``(object, markets) -> Message``; raises `ReplyError` and, where the venue refuses, `SourceError`.
    ping, pong
        Text that asks for a sign of life, and one that answers as plain text; an empty `ping` is the protocol's own.
    ping_seconds, idle_seconds
        How often to ask, and after how long without any frame the connection counts as lost. *Assumption*: two unanswered
        pings are lost by chance less often than the connection is.
    """

    venue: str
    url: str
    inverse_url: str
    completeness: str
    rule: str
    price: str
    subscribe: Callable[[Sequence[str]], str]
    read: Callable[[dict[str, Any], Markets], Message]
    ping: str = ""
    pong: str = ""
    ping_seconds: float = 20.0
    idle_seconds: float = 60.0

    def address(self, markets: Markets) -> str:
        """Return where all of these markets are.

        Raises
        ------
        MarketError
            If they are in two places.
        """
        places = {self.inverse_url if market.inverse else self.url for market in markets.values()}
        if len(places) != 1:
            raise MarketError(f"{self.venue} has linear and inverse contracts in two places: follow them one by one")
        return places.pop()

    def hear(self, text: str, markets: Markets) -> Message:
        """Return what a message says; nothing for one that is well formed and not about liquidations.

        Raises
        ------
        ReplyError
            If it is not of the documented form.
        SourceError
            If the venue refuses the subscription.
        """
        return Message() if text and text == self.pong else self.read(decode(text), markets)


FEEDS = {
    feed.venue: feed
    for feed in (
        Feed(
            "bybit",
            "wss://stream.bybit.com/v5/public/linear",
            "wss://stream.bybit.com/v5/public/inverse",
            "full",
            "all liquidations, each 500 ms",
            LIMIT,
            bybit.subscribe,
            bybit.read,
            ping='{"op":"ping"}',
        ),
        Feed(
            "binance",
            "wss://fstream.binance.com/market/ws",  # the address without /market is the one before the split of 2026
            "wss://dstream.binance.com/ws",
            "throttled",
            "one a second and symbol; assumed: the largest (older documentation says the latest)",
            "average fill",
            binance.subscribe,
            binance.read,
        ),
        Feed(
            "okx",
            "wss://ws.okx.com:8443/ws/v5/public",
            "wss://ws.okx.com:8443/ws/v5/public",
            "throttled",
            "one a second and contract; assumed: the latest (which one is not documented)",
            LIMIT,
            okx.subscribe,
            okx.read,
            ping="ping",
            pong="pong",
            ping_seconds=25.0,
        ),
    )
}
"""All feeds, by venue."""


def feed_of(venue: str) -> Feed:
    """Return a venue's feed.

    Raises
    ------
    MarketError
        If its liquidations cannot be followed.
    """
    if venue not in FEEDS:
        raise MarketError(f"the liquidations of {venue[:40]!r} cannot be followed: follow {', '.join(FEEDS)}")
    return FEEDS[venue]


def parse(venue: str, text: str, markets: Markets) -> list[Liquidation]:
    """Return the liquidations that a venue's message reports, of the markets followed.

    Raises
    ------
    ReplyError
        If the message is not of the documented form.
    SourceError
        If it is a refusal of the subscription.
    MarketError
        If the venue's liquidations cannot be followed.
    """
    return list(feed_of(venue).hear(text, markets).liquidations)


def by_id(markets: Iterable[LiveMarket]) -> dict[str, LiveMarket]:
    """Return markets by the venue's id.

    Raises
    ------
    MarketError
        If there is none, or two share an id or a symbol.
    """
    chosen = list(markets)
    found = {market.id: market for market in chosen}
    if not found or len(found) != len(chosen) or len({market.symbol for market in chosen}) != len(chosen):
        raise MarketError("name at least one symbol to follow, and each once")
    return found
