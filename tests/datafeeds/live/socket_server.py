"""A venue's websocket on this machine: it follows a script for each connection, and drops them."""

import asyncio
import contextlib
import json

from aiohttp import WSMsgType, web

from tests.datafeeds.live.examples import CONFIRMATIONS

CONFIRM = "confirm"
CLOSE, ABORT, HALF, SILENCE, GOODBYE = "close", "abort", "half", "silence", "goodbye"
"""Ends of a connection: properly; cut; cut within a frame; never an answer again; the venue's ping, then on."""


class SocketServer:
    """Use as ``async with SocketServer(venue, scripts) as server``; `url` is its address.

    A script is a list of texts to send, ``CONFIRM``, a number of seconds to wait, or one of the ends; or an HTTP status and
    headers in place of a handshake. A connection whose script is over stays open and answers pings. Connections beyond the
    scripts follow the last one's. `sent` holds the texts sent on each connection, `received` what came.
    """

    def __init__(self, venue, scripts):
        self.venue, self.scripts = venue, scripts
        self.sent, self.received, self.pings = [], [], 0
        self.played = asyncio.Event()

    async def __aenter__(self):
        application = web.Application()
        application.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/stream"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def _serve(self, request):
        number = len(self.sent)
        script = self.scripts[min(number, len(self.scripts) - 1)]
        sent = []
        self.sent.append(sent)
        if script and type(script[0]) is int:
            return web.Response(status=script[0], headers=dict(script[1:]), text="<html>no</html>")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        first = await socket.receive()
        self.received.append(first.data)
        answering = asyncio.ensure_future(self._answer(socket))
        try:
            # clients may go at any time
            with contextlib.suppress(ConnectionError):
                await self._play(script, socket, request.transport, answering, sent)
                if number == len(self.scripts) - 1:
                    self.played.set()
                await answering
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
        return socket

    async def _play(self, script, socket, transport, answering, sent):
        for step in script:
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif step == CONFIRM:
                await socket.send_str(CONFIRMATIONS[self.venue])
            elif step == CLOSE:
                await socket.close()
            elif step == ABORT:
                transport.abort()
            elif step == HALF:
                transport.write(b"\x81\x7e\x01\x00" + b'{"topic":"allLiqu')  # 256 bytes were announced
                await asyncio.sleep(0.005)
                transport.abort()
            elif step == SILENCE:
                answering.cancel()
                await asyncio.sleep(60)
            elif step == GOODBYE:
                await socket.ping(b"are you there")
            elif isinstance(step, bytes):
                await socket.send_bytes(step)
            else:
                await socket.send_str(step)
                sent.append(step)

    async def _answer(self, socket):
        async for frame in socket:
            if frame.type is WSMsgType.PING:
                self.pings += 1
                await socket.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                self.received.append(frame.data)
                self.pings += 1
                if frame.data == "ping":
                    await socket.send_str("pong")
                elif json.loads(frame.data).get("op") == "ping":
                    await socket.send_str('{"success":true,"ret_msg":"pong","conn_id":"1","op":"ping"}')
            elif frame.type is WSMsgType.PONG:
                self.received.append(frame.data)
