"""The portal under uvicorn in a thread, a Redis when one is wanted, and browsers without a window."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import session_of
from tests.browser.servers import ThreadServer, close_other_connections
from tests.support.servers import Servers


@pytest.fixture(scope="session")
def redis_servers() -> Iterator[Servers]:
    """A Redis of this run: the one around it, else one of its own."""
    if "ATRIUM_TEST_SERVERS" in os.environ:
        yield Servers.around()
        return
    servers = Servers()
    servers.start()
    yield servers
    servers.stop()


@pytest.fixture
def redis_url(redis_servers: Servers) -> str:
    return redis_servers.redis_url  # of these servers: a test that kills "redis" must have been talking to it


@pytest.fixture
def portal(transactional_db: None, cast: Any) -> Iterator[ThreadServer]:
    from portal.asgi import application

    server = ThreadServer(application).start()
    yield server
    server.stop()
    close_other_connections()


class Browser:
    """A websocket client that speaks as live.js does."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def say(self, since: int | None, age: int = 0) -> None:
        await self.socket.send(json.dumps({"since": since, "age": age}))

    async def frame(self, seconds: float = 20) -> Any:
        """The next frame that is no ping."""
        async with asyncio.timeout(seconds):
            while "ping" in (found := json.loads(await self.socket.recv())):
                pass
        return found

    async def closed(self, seconds: float = 20) -> int | None:
        """The code with which the server closed it."""
        async with asyncio.timeout(seconds):
            await self.socket.wait_closed()
        code: int | None = self.socket.close_code
        return code


@pytest.fixture
def connect(portal: ThreadServer) -> Callable[..., Any]:
    """`async with connect(person) as browser` (None: nobody is signed in)."""
    import contextlib

    import websockets
    from channels.db import database_sync_to_async
    from django.conf import settings

    @contextlib.asynccontextmanager
    async def opened(person: Any = None, *, session: str = "", origin: str = "") -> Any:
        key = session or (await database_sync_to_async(session_of)(person) if person else "")
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"} if key else {}
        url = portal.url.replace("http", "ws") + "/ws/"
        async with websockets.connect(url, additional_headers=headers, origin=origin or portal.url, proxy=None) as socket:  # type: ignore[arg-type]
            yield Browser(socket)

    return opened
