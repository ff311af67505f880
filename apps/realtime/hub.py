"""The hub: which connections this process holds, and how a frame gets to them without one slow reader holding up the others.

One hub per event loop. Everything here runs in that loop; other threads reach it through `feed_from_thread`.
"""

from __future__ import annotations

import asyncio
import logging
import types
import uuid
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

from apps.core import sessions

logger = logging.getLogger(__name__)
EVERYBODY, CLOSE_SESSION, CLOSE_PERSON = "*", "!s", "!p"
QUEUE = 64  # frames that wait for a reader who does not read
PAUSE_EVERY = 64  # pushes between two pauses
PAUSE = 0.001  # seconds in which a page that is being made gets the processor, which mere yielding does not give it
PING_EVERY = 3.0  # a browser that hears nothing for 8 s knows that it is offline
SESSIONS_EVERY = 15.0
SIGNED_OUT, TRY_LATER, TOO_MANY = 4401, 1013, 4429
MOST = 24  # connections of one person in one process: the tabs somebody really has; a page beyond them asks by itself
SERVER_SEND = "atrium.send"  # where a scope keeps the server's own send (routing.py)
RESYNC, PING = '{"resync":true}', '{"ping":true}'
Item = tuple[str, int, str]  # target (person id, EVERYBODY or a control), seq (0: not numbered), text
Send = Callable[[dict[str, Any]], Awaitable[None]]
T = TypeVar("T")
_database = ThreadPoolExecutor(2, "realtime-db")


async def in_database_thread(work: Callable[[], T]) -> T:
    """Run a read in one of the hub's own two threads: it never waits behind pages, and pages never wait behind it."""

    def run() -> T:
        close_old_connections()
        try:
            return work()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_database, run)


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, Any], waited: Any) -> Generator[Any, Any, Any]:
    """Go on with a coroutine that was stepped once by hand and waits for `waited`."""
    while True:
        try:
            value = yield waited
        except BaseException as error:
            waited = coroutine.throw(error)
        else:
            try:
                waited = coroutine.send(value)
            except StopIteration as stop:
                return stop.value


def encoded(text: str) -> bytes:
    """A whole text frame (RFC 6455), the same for every browser."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return (b"\x81\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x81\x7f" + size.to_bytes(8, "big")) + payload


class Wire:
    """uvicorn's own connection beneath an ASGI `send`: a frame that was encoded once goes to its transport as it is."""

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self._protocol = protocol

    @classmethod
    def beneath(cls, send: Send) -> Wire | None:
        """None under another server, or when an extension would change the frames: then all goes by `send`."""
        protocol = getattr(send, "__self__", None)
        return cls(protocol) if isinstance(protocol, WebSocketsSansIOProtocol) and not protocol.conn.extensions else None

    def write(self, frame: bytes) -> bool:
        """False, and nothing written, when `send` would wait or refuse."""
        protocol = self._protocol
        if protocol.conn.state is not OPEN or protocol.close_sent or not protocol.writable.is_set() or protocol.transport.is_closing():
            return False
        protocol.transport.write(frame)
        return True


class Connection:
    """One browser. `seq`: newest number up to which nothing is missing. Subclasses say how a frame leaves."""

    def __init__(self, person_id: uuid.UUID, session_key: str) -> None:
        self.person_id, self.session_key = person_id, session_key
        self.person = str(person_id)
        self.seq = -1  # until its page said what it has
        self.closed = False
        self.lagging = False

    def push(self, text: str, frame: bytes = b"") -> None:
        """Send or queue; never waits. `frame`: the text as `encoded` makes it, where that is at hand."""
        raise NotImplementedError

    def close(self, code: int) -> None:
        """End it; the browser learns the code."""
        raise NotImplementedError


class Socket(Connection):
    """A websocket. The send coroutine is stepped once by hand: it ends at once unless the socket is backed up, and costs no task then."""

    def __init__(self, person_id: uuid.UUID, session_key: str, send: Send) -> None:
        super().__init__(person_id, session_key)
        self._send = send
        self._wire = Wire.beneath(send)
        self._busy = False
        self._waiting: deque[str] = deque()
        self._task: asyncio.Task[None] | None = None

    def push(self, text: str, frame: bytes = b"") -> None:
        if self.closed:
            return
        if self._busy:
            self._queue(text)
            return
        if frame and self._wire and self._wire.write(frame):
            return
        coroutine: Any = self._send({"type": "websocket.send", "text": text})
        try:
            waited = coroutine.send(None)
        except StopIteration:
            return
        except Exception:
            self.closed = True  # gone; its consumer hears of it and takes it out
            return
        self._busy = True
        self._task = asyncio.ensure_future(self._finish(coroutine, waited))

    def _queue(self, text: str) -> None:
        if len(self._waiting) < QUEUE:
            self._waiting.append(text)
        elif self.lagging:
            self.close(TRY_LATER)
        else:
            self.lagging = True
            self._waiting.clear()
            self._waiting.append(RESYNC)

    async def _finish(self, coroutine: Any, waited: Any) -> None:
        try:
            await _resume(coroutine, waited)
            while self._waiting:
                await self._send({"type": "websocket.send", "text": self._waiting.popleft()})
            self.lagging = False
        except Exception:
            self.closed = True
        finally:
            self._busy = False

    def close(self, code: int) -> None:
        if self.closed:
            return
        self.closed = True
        self._waiting.clear()
        if self._task and self._busy:
            self._task.cancel()
        self._task = asyncio.ensure_future(self._close(code))

    async def _close(self, code: int) -> None:
        try:
            await asyncio.wait_for(self._send({"type": "websocket.close", "code": code}), 5)
        except Exception:
            logger.debug("a socket was gone before it could be closed")


class Stream(Connection):
    """A server-sent-events response: its generator takes from the queue."""

    def __init__(self, person_id: uuid.UUID, session_key: str) -> None:
        super().__init__(person_id, session_key)
        self.queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE + 1)

    def push(self, text: str, frame: bytes = b"") -> None:
        if self.closed:
            return
        if self.queue.qsize() < QUEUE:
            self.queue.put_nowait(text)
        elif self.lagging:
            self.close(TRY_LATER)
        else:
            self.lagging = True
            self._drain()
            self.queue.put_nowait(RESYNC)

    def _drain(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()

    def close(self, code: int) -> None:
        if not self.closed:
            self.closed = True
            self._drain()
            if code in (SIGNED_OUT, TOO_MANY):
                self.queue.put_nowait(f'{{"closed":{code}}}')
            self.queue.put_nowait(None)


class Hub:
    """Connections of one event loop, by person. `feed` is the only way in for frames; they leave in the order they came."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.by_person: dict[str, list[Connection]] = {}
        self.count = 0
        self._inbox: deque[Item] = deque()
        self._draining: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    def listen_to(self, listener: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start the bus's listener once for the life of the loop (again if it ended)."""
        if self._listening is None or self._listening.done():
            self._listening = self.loop.create_task(listener())

    def add(self, connection: Connection) -> None:
        """From now on frames for its person reach it. Beyond MOST the person's oldest one is closed: the page just opened is the one that is looked at."""
        held = self.by_person.setdefault(connection.person, [])
        living = [one for one in held if not one.closed]
        for oldest in living[: max(0, len(living) + 1 - MOST)]:
            oldest.close(TOO_MANY)
        held.append(connection)
        self.count += 1
        if self._keeping is None or self._keeping.done():
            self._keeping = self.loop.create_task(self._keep())

    def remove(self, connection: Connection) -> None:
        """Forget it; twice does nothing."""
        connection.closed = True
        held = self.by_person.get(connection.person, [])
        if connection in held:
            held.remove(connection)
            self.count -= 1
        if not held:
            self.by_person.pop(connection.person, None)

    def connections(self) -> list[Connection]:
        """All of them, as they are now."""
        return [connection for held in self.by_person.values() for connection in held]

    def feed_from_thread(self, items: Iterable[Item]) -> None:
        """Hand over from another thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.feed, list(items))

    def feed(self, items: Iterable[Item]) -> None:
        """Take frames and controls; people without a connection here cost one look-up."""
        self._inbox.extend(items)
        if self._draining is None or self._draining.done():
            self._draining = self.loop.create_task(self._drain())

    async def _drain(self) -> None:
        pushed = 0
        while self._inbox:
            target, seq, text = self._inbox.popleft()
            frame = b""
            for connection in self._targets(target, text):
                if target in (CLOSE_SESSION, CLOSE_PERSON):
                    connection.close(SIGNED_OUT)
                    continue
                frame = frame or encoded(text)
                connection.push(text, frame)
                if seq == connection.seq + 1:
                    connection.seq = seq
                pushed += 1
                if pushed % PAUSE_EVERY == 0:
                    await asyncio.sleep(PAUSE)

    def _targets(self, target: str, text: str) -> list[Connection]:
        if target == EVERYBODY:
            return self.connections()
        if target == CLOSE_PERSON:
            return list(self.by_person.get(text, ()))
        if target == CLOSE_SESSION:
            return [connection for connection in self.connections() if connection.session_key == text]
        return list(self.by_person.get(target, ()))

    async def _keep(self) -> None:
        """Pings, and every 15 s the question whether the sessions still live; ends with the last connection."""
        since_check = 0.0
        while self.count:
            await asyncio.sleep(PING_EVERY)
            self.feed([(EVERYBODY, 0, PING)])
            since_check += PING_EVERY
            if since_check >= SESSIONS_EVERY:
                since_check = 0.0
                await self.close_dead_sessions()

    async def close_dead_sessions(self) -> None:
        """Close what belongs to a session that ended without a word (expired, deleted, another process died before it told)."""
        keys = {connection.session_key for connection in self.connections()}
        try:
            dead = keys - await in_database_thread(lambda: sessions.alive_among(keys))
        except Exception:
            logger.warning("sessions could not be checked; asked again in %s s", SESSIONS_EVERY, exc_info=True)
            return
        for connection in self.connections():
            if connection.session_key in dead:
                connection.close(SIGNED_OUT)


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def running_hub() -> Hub:
    """The hub of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(loop)
    return _hubs[loop]


def all_hubs() -> list[Hub]:
    """Every hub of this process (one, except in tests)."""
    return list(_hubs.values())
