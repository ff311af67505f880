"""Bodies of requests, bounded before anything is kept of them: also of those whose length nobody says, and of those that never end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
GONE = {"type": "http.disconnect"}
TOO_LARGE, TOO_SLOW = 413, 408


class Bounded:
    """An application that is given no more than `most(path)` bytes of a request's body, within `seconds`; the rest is refused with 413 or 408."""

    def __init__(self, application: Application, *, most: Callable[[str], int], seconds: float) -> None:
        self._application, self._most, self._seconds = application, most, seconds

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if not length and b"transfer-encoding" not in headers:  # no body
            await self._application(scope, receive, send)
            return
        body = _Body(receive, self._most(scope["path"]), self._seconds)
        if length.isdigit() and (len(length) > 12 or int(length) > body.left):
            await _refuse(send, TOO_LARGE)
            return
        await self._application(scope, body.receive, send)
        if body.refused:  # the application was told that the sender went away: it has answered nothing
            await _refuse(send, body.refused)


class _Body:
    def __init__(self, receive: Receive, left: int, seconds: float) -> None:
        self._receive, self.left = receive, left
        self._until = asyncio.get_running_loop().time() + seconds
        self._whole = False
        self.refused = 0

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            return self._over(TOO_SLOW)
        self.left -= len(message.get("body", b""))
        if self.left < 0:
            return self._over(TOO_LARGE)
        self._whole = not message.get("more_body", False)
        return message

    def _over(self, status: int) -> Message:
        self.refused = status
        return GONE


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b""})
