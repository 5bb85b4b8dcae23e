"""An archive on this machine: files by their path, and faults on the way."""

from collections import Counter

from aiohttp import web

from tests.datafeeds.archives.samples import checksum


class ArchiveServer:
    """Use as ``async with ArchiveServer(files, faults) as server``; `faults` are used up one a request, `files` by path."""

    def __init__(self, files: dict[str, bytes], faults: list[str] | None = None) -> None:
        self.files, self.faults, self.asked = files, list(faults or []), Counter()
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

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.lstrip("/")
        self.asked[path] += 1
        name = path.removesuffix(".CHECKSUM")
        if not path:
            return web.Response(text="an archive")
        if name not in self.files:
            return web.Response(status=404, text="NoSuchKey")
        content = self.files[name] if name == path else checksum(self.files[name], name.rpartition("/")[2])
        fault = self.faults.pop(0) if self.faults else ""
        if fault.isdigit():
            return web.Response(status=int(fault), headers={"Retry-After": "7"} if fault == "429" else {})
        if fault == "damaged":
            return web.Response(body=bytes(byte ^ 1 for byte in content[:50]) + content[50:])
        if fault == "html":
            return web.Response(body=b"<html>maintenance</html>", content_type="text/html")
        if fault in ("cut", "gone"):
            response = web.StreamResponse(headers={"Content-Length": str(len(content))})
            if fault == "cut":
                await response.prepare(request)
                await response.write(content[: len(content) // 2])
            request.transport.close()
            return response
        return web.Response(body=content)
