"""A crowd of browsers: bare websocket clients that count what reaches them and can stop reading."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from typing import cast

from tests.bench.realtime import wire

AT_ONCE = 50  # handshakes under way
HELLO = wire.frame(b'{"since":null,"age":0}', masked=True)
NUMBER = re.compile(rb'"n":(\d+)')


class Browser(asyncio.Protocol):
    """`received`: hints; `numbers`: what they carried, when kept; `closed`: the code of the server's farewell (0: none, None: still open)."""

    def __init__(self, crowd: Crowd, path: str, port: int, cookie: str, greets: bool) -> None:
        self._crowd, self._request, self._greets = crowd, wire.request(path, port, cookie), greets
        self._rest = b""
        self._is_open = False
        self.transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = 0
        self.numbers: list[int] | None = None
        self.closed: int | None = None
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self._is_open and not self._opened():
            return
        frames, self._rest = wire.split(self._rest)
        for opcode, payload in frames:
            if opcode == wire.TEXT:
                self._take(payload)
            elif opcode == wire.PING and self.transport:
                self.transport.write(wire.frame(payload, wire.PONG, masked=True))
            elif opcode == wire.CLOSE:
                self.closed = int.from_bytes(payload[:2], "big")

    def _opened(self) -> bool:
        head, separator, rest = self._rest.partition(b"\r\n\r\n")
        if not separator:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.ready.set_exception(RuntimeError(f"no websocket: {head[:80]!r}"))
            return False
        self._is_open, self._rest = True, rest
        if self._greets and self.transport:
            self.transport.write(HELLO)
        elif not self.ready.done():
            self.ready.set_result(None)
        return True

    def _take(self, payload: bytes) -> None:
        if b'"hint"' in payload:
            self.received += 1
            self._crowd.took_one()
            if self.numbers is not None and (found := NUMBER.search(payload)):
                self.numbers.append(int(found[1]))
        elif b'"hello"' in payload and not self.ready.done():
            self.ready.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone, self.closed = True, self.closed or 0
        if not self.ready.done():
            self.ready.set_exception(RuntimeError(f"closed with {self.closed} before it was open"))

    def stop_reading(self) -> None:
        if self.transport:
            self.transport.pause_reading()


class Crowd:
    """Browsers at one server."""

    def __init__(self, port: int, path: str = "/ws/", *, greets: bool = True) -> None:
        self.port, self._path, self._greets = port, path, greets
        self.browsers: list[Browser] = []
        self.total = 0
        self._wanted = 0
        self._reached: asyncio.Future[None] | None = None

    async def join(self, cookies: Sequence[str], *, buffer: int = 0) -> list[Browser]:
        """One browser a cookie, all greeted when this returns. `buffer`: bytes the kernel may keep for each that does not read."""
        made: list[Browser] = []
        for start in range(0, len(cookies), AT_ONCE):
            made += await asyncio.gather(*(self._open(cookie, buffer) for cookie in cookies[start : start + AT_ONCE]))
        return made

    async def _open(self, cookie: str, buffer: int) -> Browser:
        plug = socket.socket()
        plug.setblocking(False)
        if buffer:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(plug, ("127.0.0.1", self.port))
        _transport, browser = await loop.create_connection(lambda: Browser(self, self._path, self.port, cookie, self._greets), sock=plug)
        self.browsers.append(browser)
        async with asyncio.timeout(60):
            await browser.ready
        return browser

    def took_one(self) -> None:
        self.total += 1
        if self.total >= self._wanted and self._reached and not self._reached.done():
            self._reached.set_result(None)

    async def until(self, total: int, seconds: float = 60) -> None:
        """Until so many hints reached the crowd since it came. Raises TimeoutError."""
        self._wanted = total
        if self.total >= total:
            return
        self._reached = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(seconds):
            await self._reached

    async def leave(self) -> None:
        """All at once, without a farewell; twice does nothing."""
        for browser in self.browsers:
            if browser.transport:
                browser.transport.abort()
        while any(not browser.gone for browser in self.browsers):
            await asyncio.sleep(0)
        self.browsers.clear()
