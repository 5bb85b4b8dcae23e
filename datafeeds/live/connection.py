"""One websocket connection to a venue, from the handshake until it is lost."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

import aiohttp

from datafeeds.errors import MarketError, SourceError, TemporaryError
from datafeeds.live.feeds import Feed
from datafeeds.live.liquidation import Markets, reason
from datafeeds.retry import wish_seconds

_MAX_MESSAGE_BYTES = 4 * 2**20  # *assumption*: a message holds some kB
_CLOSING_SECONDS = 1.0  # a venue that does not say goodbye need not be waited for
_REFUSALS = (400, 401, 403, 404, 410, 451)  # the answers that asking again does not change; 451: not from this country


class Listener(Protocol):
    """Hears what comes."""

    def text(self, text: str) -> bool:
        """Take a text message; return whether the subscription stands. A damaged one raises nothing."""

    def binary(self) -> None:
        """Take a message that should have been text."""

    def heard(self) -> None:
        """Take a sign of life."""


async def first_of(*actions: Coroutine[Any, Any, Any]) -> None:
    """Run actions until the first ends, end the others, and raise what the first raised."""
    tasks = [asyncio.ensure_future(action) for action in actions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def converse(
    session: aiohttp.ClientSession, url: str, feed: Feed, markets: Markets, listener: Listener, *, proven: bool
) -> None:
    """Connect, subscribe and listen until the connection is lost.

    Parameters
    ----------
    proven
        Whether the venue has accepted this before: then no refused handshake is final, as outages make such too.

    Raises
    ------
    TemporaryError
        When the connection is lost, nothing is heard for `Feed.idle_seconds`, or the subscription is not confirmed in it.
    SourceError
        If the venue refuses.
    MarketError
        If `url` is none.
    """
    opening = session.ws_connect(
        url,
        autoping=False,  # pongs are the only sign of life of a quiet feed, so they are read here
        max_msg_size=_MAX_MESSAGE_BYTES,
        timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSING_SECONDS),
    )
    try:
        async with asyncio.timeout(feed.idle_seconds):
            socket = await opening
    except aiohttp.WSServerHandshakeError as error:
        raise _refusal(feed.venue, error, proven) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, UnicodeError):
        raise MarketError(f"{url[:80]!r} is no address of a websocket: write one such as wss://host/path") from None
    except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
        raise TemporaryError(f"{feed.venue} cannot be reached ({reason(error)})") from None
    async with socket:
        await _Conversation(socket, feed, listener).hold(feed.subscribe(list(markets)))


class _Conversation:
    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[Any]", feed: Feed, listener: Listener) -> None:
        self._socket, self._feed, self._listener = socket, feed, listener
        self._clock = asyncio.get_running_loop().time
        self._alive_at, self._subscribed = self._clock(), False

    async def hold(self, subscription: str) -> None:
        try:
            await self._socket.send_str(subscription)
            await first_of(self._read(), self._ping(), self._watch())
        except (aiohttp.ClientError, OSError) as error:
            raise TemporaryError(f"the connection to {self._feed.venue} was lost ({reason(error)})") from None

    async def _read(self) -> None:
        kinds = aiohttp.WSMsgType
        while True:
            frame = await self._socket.receive()
            if frame.type is kinds.TEXT:
                self._subscribed |= self._listener.text(frame.data)
            elif frame.type is kinds.BINARY:
                self._listener.binary()
            elif frame.type in (kinds.PING, kinds.PONG):
                self._listener.heard()
            else:
                said = reason(frame.data) if frame.type is kinds.ERROR else "closed"
                raise TemporaryError(f"the connection to {self._feed.venue} was lost ({said})")
            if self._subscribed:
                self._alive_at = self._clock()
            if frame.type is kinds.PING:
                await self._socket.pong(frame.data)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._feed.ping_seconds)
            if self._feed.ping:
                await self._socket.send_str(self._feed.ping)
            else:
                await self._socket.ping()

    async def _watch(self) -> None:
        while (rest := self._alive_at + self._feed.idle_seconds - self._clock()) > 0.0:
            await asyncio.sleep(rest)
        what = "sent nothing" if self._subscribed else "did not confirm the subscription"
        raise TemporaryError(f"{self._feed.venue} {what} for {self._feed.idle_seconds:g} s")


def _refusal(venue: str, error: aiohttp.WSServerHandshakeError, proven: bool) -> SourceError:
    if error.status in _REFUSALS and not proven:
        return SourceError(f"{venue} refuses the connection (HTTP {error.status}): it may not serve this address")
    wish = wish_seconds(error.headers or {}, "")
    return TemporaryError(f"{venue} does not accept the connection (HTTP {error.status})", wish)
