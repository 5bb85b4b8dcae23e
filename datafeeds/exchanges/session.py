"""The HTTP session beneath: replies are read up to a bound, whatever their length claims."""

import os
import ssl
from typing import Any

import aiohttp
import certifi

MAX_REPLY_BYTES = 64 * 2**20
"""*Assumption*: the largest lists of contracts are some MB."""


class _BoundedResponse(aiohttp.ClientResponse):
    async def read(self) -> bytes:
        if self._body is None:
            parts, size = [], 0
            async for chunk in self.content.iter_any():
                size += len(chunk)
                if size > MAX_REPLY_BYTES:
                    self.close()
                    raise aiohttp.ClientPayloadError(f"reply above {MAX_REPLY_BYTES:,} bytes")
                parts.append(chunk)
            self._body = b"".join(parts)
        return self._body


_KEYS = ("api_key", "x-mbx-apikey")
"""Headers that carry a user's key."""


async def _refuse_to_carry_keys(session: Any, context: Any, answer: aiohttp.TraceRequestRedirectParams) -> None:
    """Refuse an answer that sends a request elsewhere: aiohttp would take the key along to any host."""
    if any(name.lower() in _KEYS for name in answer.headers):
        raise aiohttp.ClientPayloadError("it sends the request elsewhere, and the key is not taken along")


def bounded_session(**options: Any) -> aiohttp.ClientSession:
    """Return a session whose replies hold `MAX_REPLY_BYTES` at most; it takes proxies from the environment."""
    # the same certificates on every system, unless the user names others (a company's proxy)
    trusted = None if os.environ.get("SSL_CERT_FILE") else certifi.where()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=trusted))
    watched = aiohttp.TraceConfig()
    watched.on_request_redirect.append(_refuse_to_carry_keys)
    return aiohttp.ClientSession(
        connector=connector, response_class=_BoundedResponse, trust_env=True, trace_configs=[watched], **options
    )
