"""Fetching one file of an archive: streamed to disk, verified, and there under its name only when it is whole."""

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import unquote

import aiohttp

from datafeeds.errors import MarketError, ReplyError, SourceError, TemporaryError
from datafeeds.retry import wish_seconds
from datafeeds.text import reason

MAX_BYTES = 2 * 2**30
"""*Assumption*: a day of the busiest contract's trades is some 100 MB, packed."""

_BLOCK = 2**18
_MAX_CHECKSUM = 1000
_REFUSED = (401, 403, 451)
# a file may take as long as it needs, but not without an end; assumption: an hour for the largest
_TIMEOUT = aiohttp.ClientTimeout(total=3600, connect=60, sock_connect=30, sock_read=60)


class _AbsentError(Exception):
    """There is no such file."""


@contextlib.asynccontextmanager
async def fetched(
    session: aiohttp.ClientSession, url: str, folder: Path, checksum: bool, most: int = MAX_BYTES
) -> AsyncIterator[Path | None]:
    """Give a file for as long as the context lasts; None if the archive has none.

    Parameters
    ----------
    url
        The file's; the SHA-256 of it lies at ``url.CHECKSUM``.
    folder
        Where it is kept meanwhile; what a killed process leaves there, `Catalog.sweep` removes a day later.
    checksum
        Whether it is compared with its checksum.
    most
        Bytes it may have.

    Raises
    ------
    TemporaryError
        If it cannot be had now, or is damaged (`ReplyError`).
    SourceError
        If the archive does not serve this place.
    MarketError
        If the folder cannot be written.
    """
    name = file_name(url)
    own = f"{os.getpid()}.{secrets.token_hex(8)}"
    part, whole = folder / f".{own}.part.tmp", folder / f".{own}.whole.tmp"
    try:
        expected = await _checksum(session, url) if checksum else None
        digest = await _save(session, url, part, most)
        if digest and checksum and digest != expected:
            raise ReplyError(f"{name}: its checksum is {'wrong' if expected else 'missing'}")
        if digest:
            with _writing(folder):
                part.replace(whole)
        yield whole if digest else None
    finally:
        for path in (part, whole):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


async def reach(session: aiohttp.ClientSession, url: str) -> None:
    """Return when the host has answered anything at all.

    Raises
    ------
    TemporaryError
        If it does not.
    """
    with _failures(url):
        async with session.get(url, timeout=_TIMEOUT, allow_redirects=False):
            return


def file_name(url: str) -> str:
    """Return what messages call a URL's file."""
    return re.sub(r"[^A-Za-z0-9._%-]", "_", url.rpartition("/")[2])[:100]


async def _save(session: aiohttp.ClientSession, url: str, path: Path, most: int) -> str | None:
    """Write a file to disk, flushed; return its SHA-256, or None if there is none."""
    digest, size = hashlib.sha256(), 0
    with _writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("xb")
    try:
        async with contextlib.aclosing(_blocks(session, url)) as blocks:
            async for block in blocks:
                digest.update(block)
                size += len(block)
                if size > most:
                    raise ReplyError(f"{file_name(url)}: larger than any such file")
                with _writing(path.parent):
                    handle.write(block)
        with _writing(path.parent):
            handle.flush()
            os.fsync(handle.fileno())
    except _AbsentError:
        return None
    finally:
        with contextlib.suppress(OSError):
            handle.close()
    return digest.hexdigest()


async def _checksum(session: aiohttp.ClientSession, url: str) -> str | None:
    """Return the SHA-256 that the archive names, in the form of sha256sum; None if it names none."""
    text = b""
    try:
        async with contextlib.aclosing(_blocks(session, f"{url}.CHECKSUM")) as blocks:
            async for block in blocks:
                text += block
                if len(text) > _MAX_CHECKSUM:
                    break
    except _AbsentError:
        return None
    match = re.fullmatch(rb"\s*([0-9a-fA-F]{64})[ \t]+\*?(\S+)\s*", text)
    if not match or match[2].rpartition(b"/")[2] != unquote(url.rpartition("/")[2]).encode():
        raise ReplyError(f"{file_name(url)}: what should be its checksum is none")
    return match[1].decode().lower()


async def _blocks(session: aiohttp.ClientSession, url: str) -> AsyncGenerator[bytes, None]:
    """Yield a reply's bytes; whatever fails on the way is a `SourceError`, and 404 an `_AbsentError`."""
    with _failures(url):
        # the file is packed already: a server that packs it again would change what is verified
        async with session.get(url, timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"}) as response:
            if response.status == 404:
                raise _AbsentError
            if response.status in _REFUSED:
                raise SourceError(f"{_host(url)} answered {response.status}: it does not serve this place")
            if response.status != 200:
                wish = wish_seconds(response.headers, "")
                raise TemporaryError(f"{_host(url)} answered {response.status} for {file_name(url)}", wish)
            async for block in response.content.iter_chunked(_BLOCK):
                yield block


@contextlib.contextmanager
def _failures(url: str) -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise TemporaryError(f"{_host(url)} cannot be reached ({reason(error)})") from None


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MarketError(f"{folder}: cannot be written ({error.strerror or error})") from None


def _host(url: str) -> str:
    """Return a URL's host, without what may be secret before it."""
    return re.sub(r"^https?://(?:[^/@]*@)?([^/?#]{1,100}).*", r"\1", url)[:100]
