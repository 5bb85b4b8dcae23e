"""An archive on this machine: files by path, checksums beside them, and faults on the way."""

import asyncio
import hashlib
from collections import Counter, deque

from aiohttp import web


class ArchiveServer:
    """Use as ``async with ArchiveServer(files) as server``; `url` is its address, `asked` what was asked for.

    `faults` holds, by path, what happens to the next requests for it: a status, ``(status, Retry-After)``, ``"cut"`` for a
    connection that ends in mid-file, ``"hang"`` for one that ends before an answer, or bytes that come instead of the file.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {f"/{path}": body for path, body in files.items()}
        self.faults: dict[str, deque] = {}
        self.asked: Counter[str] = Counter()
        self.together, self.most_together = 0, 0
        self.url = ""

    async def __aenter__(self) -> "ArchiveServer":
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def disturb(self, path: str, *faults: object) -> None:
        self.faults.setdefault(f"/{path}", deque()).extend(faults)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path.lstrip("/")] += 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            await asyncio.sleep(0.001)
            return await self._made(request)
        finally:
            self.together -= 1

    async def _made(self, request: web.Request) -> web.StreamResponse:
        body, waiting = self._body(request.path), self.faults.get(request.path)
        fault = waiting.popleft() if waiting else None
        if fault == "hang":
            request.transport.abort()
            return web.Response()
        if fault == "cut":
            response = web.StreamResponse(headers={"Content-Length": str(len(body))})
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            request.transport.abort()
            return response
        if isinstance(fault, tuple):
            return web.Response(status=fault[0], headers={"Retry-After": fault[1]})
        if isinstance(fault, int):
            return web.Response(status=fault, text="<html>maintenance</html>")
        if isinstance(fault, bytes):
            body = fault
        return web.Response(status=404) if body is None else web.Response(body=body)

    def _body(self, path: str) -> bytes | None:
        if path.endswith(".CHECKSUM") and path not in self.files:
            body = self.files.get(path.removesuffix(".CHECKSUM"))
            name = path.rpartition("/")[2].removesuffix(".CHECKSUM")
            return None if body is None else f"{hashlib.sha256(body).hexdigest()}  {name}\n".encode()
        return self.files.get(path)
