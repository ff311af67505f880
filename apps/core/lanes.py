"""Threads in which pages are made: a bounded number, each kept with its database connection.

Without it Django makes a thread and a database connection for each request, and as many as there are requests at once: a morning rush takes all
connections of PostgreSQL. Here the request that finds no lane free waits for one, and a lane's connection is used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class PageHandler(ASGIHandler):
    """Django's handler with one walk into the lane for all middleware and the view.

    Django's own would go back to the event loop between the middleware and the view, some six changes of thread for a page; all views of Atrium but
    the stream of events are synchronous, and that one only begins its stream in the view.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """All of it synchronous."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The whole page in the lane."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


class _Pool:
    """The lanes of one event loop; the one used last is taken first, since its connection is the warmest."""

    def __init__(self, size: int) -> None:
        self._free = [ThreadPoolExecutor(1, f"lane-{number}") for number in range(size)]
        self._places = asyncio.Semaphore(size)

    async def take(self) -> ThreadPoolExecutor:
        await self._places.acquire()
        return self._free.pop()

    def give_back(self, lane: ThreadPoolExecutor) -> None:
        self._free.append(lane)
        self._places.release()


class Lanes:
    """ASGI: runs the synchronous parts of each HTTP request of `application` in one of `size` threads.

    A stream of events gives its lane back when it begins: it lasts for hours and works without one.
    """

    def __init__(self, application: Application, size: int) -> None:
        self._application, self._size = application, size
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        receive = await _with_body(receive)
        pool = self._pool()
        lane = await pool.take()
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                pool.give_back(lane)

        async def sending(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and _streams_events(message):
                leave()
            await send(message)

        try:
            async with ThreadSensitiveContext(executor=lane):
                await self._application(scope, receive, sending)
        finally:
            leave()

    def _pool(self) -> _Pool:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = _Pool(self._size)
        return self._pools[loop]


async def _with_body(receive: Receive) -> Receive:
    """Once the whole body is here: whoever sends slowly waits outside. How much and how long is bounded before (apps.core.bodies)."""
    arrived = [await receive()]
    while arrived[-1]["type"] == "http.request" and arrived[-1].get("more_body", False):
        arrived.append(await receive())

    async def again() -> Mapping[str, Any]:
        return arrived.pop(0) if arrived else await receive()

    return again


def _streams_events(message: Mapping[str, Any]) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in message.get("headers", ()))
