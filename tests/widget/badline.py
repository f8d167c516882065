"""A bad line between browser and app: a proxy that drops frames both ways, and answers too; the app may be swapped."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

HOP = {"host", "connection", "content-length", "transfer-encoding", "content-encoding", "date", "server"}


class BadLine:
    """What the line does, and what it did to what came by."""

    def __init__(self, upstream: str, seed: int = 11) -> None:
        self.upstream = upstream
        self.lost_frames = 0.0  # the share of frames that never arrives, either way
        self.lost_answers = 0.0  # the share of posts that are done, and never answered
        self.dropped = self.passed = self.unanswered = 0
        self.random = random.Random(seed)
        self.address = ""

    def app(self) -> Starlette:
        """The proxy."""

        @asynccontextmanager
        async def life(_app: Starlette) -> AsyncIterator[None]:
            async with httpx.AsyncClient(timeout=10) as self.client:
                yield

        ways = ["GET", "POST", "OPTIONS", "DELETE", "PUT"]
        routes = [Route("/{path:path}", self._pass_on, methods=ways), WebSocketRoute("/{path:path}", self._relay)]
        return Starlette(routes=routes, lifespan=life)

    async def _pass_on(self, request: Request) -> Response:
        url = f"{self.upstream}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        headers = [(k, v) for k, v in request.headers.items() if k not in HOP and k != "origin"]
        try:
            answer = await self.client.request(request.method, url, headers=headers, content=await request.body())
        except httpx.HTTPError:
            return Response(status_code=502)
        if request.method == "POST" and self.random.random() < self.lost_answers:
            self.unanswered += 1
            return Response(status_code=504)
        kept = {k: v for k, v in answer.headers.items() if k not in HOP}
        return Response(answer.content, answer.status_code, kept)

    async def _relay(self, socket: WebSocket) -> None:
        await socket.accept()
        address = self.upstream.replace("http", "ws", 1) + socket.url.path
        with suppress(WebSocketException, WebSocketDisconnect, OSError, RuntimeError):
            async with connect(address) as line:
                ways = [asyncio.ensure_future(way(socket, line)) for way in (self._up, self._down)]
                _, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in others:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()

    async def _up(self, socket: WebSocket, line: ClientConnection) -> None:
        while True:
            text = await socket.receive_text()
            if self._arrives():
                await line.send(text)

    async def _down(self, socket: WebSocket, line: ClientConnection) -> None:
        async for text in line:
            if self._arrives():
                await socket.send_text(str(text))

    def _arrives(self) -> bool:
        lost = self.random.random() < self.lost_frames
        self.dropped += lost
        self.passed += not lost
        return not lost


@contextmanager
def bad_line(upstream: str) -> Iterator[BadLine]:
    """A proxy in front of `upstream`, served until the block ends."""
    line = BadLine(upstream)
    config = uvicorn.Config(line.app(), host="127.0.0.1", port=0, log_level="warning", ws="websockets-sansio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the line did not start"
        time.sleep(0.02)
    line.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.should_exit = True
        thread.join(20)
