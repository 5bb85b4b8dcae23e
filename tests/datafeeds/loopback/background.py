"""Loopback servers in a thread, for commands that run in processes of their own."""

import asyncio
import threading
from collections.abc import Iterable
from typing import Any

from tests.datafeeds.loopback.faults import Fault
from tests.datafeeds.loopback.server import VenueServer
from tests.datafeeds.loopback.truth import Truth
from tests.datafeeds.loopback.venues import VENUES


class Background:
    """Use as ``with Background(server) as server``; the server is an asynchronous context."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Any:
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self.server.__aenter__(), self._loop).result(10)

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.server.__aexit__(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class BackgroundVenue(Background):
    """Use as ``with BackgroundVenue("okx", truth) as server``."""

    def __init__(self, venue: str, truth: Truth, faults: Iterable[Fault | None] = ()) -> None:
        super().__init__(VenueServer(VENUES[venue].speak, truth, faults))
