"""Threads in which pages are made: a bounded number, each kept with its database connection.

Without it Django makes a thread and a database connection for each request, and as many as there are requests at once: a morning rush takes all
connections of PostgreSQL. Here the request that finds no lane free waits for one, and a lane's connection is used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from weakref import WeakKeyDictionary

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class PageHandler(ASGIHandler):
    """Django's handler with one walk into the lane for a whole page: its signals, all middleware, the view.

    Django's own would go back to the event loop between each of them, some eight changes of thread for a page; all views of Atrium but the stream of
    events are synchronous, and that one only begins its stream in the view.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """All of it synchronous."""
        super().load_middleware(is_async=False)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page is made, closed and sent; what is sent in parts goes Django's own way and ends when the browser leaves."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            response = await sync_to_async(self._page, thread_sensitive=True)(scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    def _page(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        """In the lane. What is complete is closed here too: its text is in memory, and the lane's connection has to be looked after in its thread."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
        return response  # type: ignore[no-any-return]

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        sending, leaving = asyncio.create_task(self.send_response(response, send)), asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            ended = await asyncio.gather(sending, leaving, return_exceptions=True)
            await sync_to_async(response.close, thread_sensitive=True)()
        if isinstance(ended[0], Exception):
            raise ended[0]


async def _left(receive: Receive) -> None:
    """Returns when the browser has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue


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
