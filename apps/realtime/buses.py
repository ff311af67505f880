"""How frames reach the processes that hold the sockets: directly (one process), or over one Redis channel.

Redis carries hints only. What it loses is caught up from the table: on every reconnect at once, and every two seconds while it is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import redis
import redis.asyncio
from django.conf import settings
from django.db import connection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.realtime.hub import CLOSE_PERSON, CLOSE_SESSION, EVERYBODY, Hub, Item, all_hubs

__all__ = ["CLOSE_PERSON", "CLOSE_SESSION", "EVERYBODY", "bus", "channel"]
logger = logging.getLogger(__name__)
BATCH = 500  # frames in one PUBLISH
POLL_WITHOUT_BUS = 2.0
ANSWER = 2.0  # seconds within which a server that lives connects, takes a frame, or answers a ping
CatchUp = Callable[[], Any]


class Bus(Protocol):
    def publish(self, items: Iterable[Item]) -> None:
        """From any thread; never waits for the network."""
        ...

    async def listen(self, hub: Hub, catch_up: CatchUp) -> None:
        """Feed this process's hub until cancelled; `catch_up` is awaited whenever frames may have been lost."""
        ...


def deliver_here(items: Iterable[Item]) -> None:
    """To the hubs of this process."""
    given = list(items)
    for hub in all_hubs():
        hub.feed_from_thread(given)


class LocalBus:
    """Web and worker share one process."""

    def publish(self, items: Iterable[Item]) -> None:
        deliver_here(items)

    async def listen(self, hub: Hub, catch_up: CatchUp) -> None:
        await asyncio.Event().wait()


def channel() -> str:
    """One channel per database, so that tests and stacks may share a server."""
    return f"atrium.{connection.settings_dict['NAME']}"


def encode(items: Iterable[Item]) -> bytes:
    """Lines of target|seq|text; JSON texts hold no line break."""
    return "\n".join(f"{target}|{seq}|{text}" for target, seq, text in items).encode()


def decode(raw: bytes) -> list[Item]:
    """The items of one message."""
    split = (line.split("|", 2) for line in raw.decode().split("\n") if line)
    return [(target, int(seq), text) for target, seq, text in split]


class RedisBus:
    """One publishing thread that sends all that waits in one PUBLISH, and one subscription per process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def publish(self, items: Iterable[Item]) -> None:
        for item in items:
            self._waiting.put(item)
        if self._thread is None or not self._thread.is_alive():
            with self._start:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._send_all, name="bus-publisher", daemon=True)
                    self._thread.start()

    def _send_all(self) -> None:
        # no retries of the client's own: whoever waits for them holds up every later frame, and the table catches up anyway
        client = redis.Redis.from_url(self.url, socket_timeout=ANSWER, socket_connect_timeout=ANSWER, max_connections=2, retry=Retry(NoBackoff(), 0))
        healthy = True
        while True:
            batch = self._next_batch()
            try:
                client.publish(channel(), encode(batch))
                healthy = True
            except Exception:  # whatever it is, a thread that ended would take its frames with it
                if healthy:
                    logger.warning("the bus does not answer; browsers of other processes catch up from the table", exc_info=True)
                healthy = False
                deliver_here(batch)

    def _next_batch(self) -> list[Item]:
        batch = [self._waiting.get()]
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    async def listen(self, hub: Hub, catch_up: CatchUp) -> None:
        failures = 0

        async def subscribed() -> None:
            nonlocal failures
            await _without_failing(catch_up)  # a database that is away is no reason to leave the bus
            if failures:
                logger.warning("the bus is back after %s tries", failures)
            failures = 0

        while True:
            try:
                await self._follow(hub, subscribed)
            except Exception:  # whatever it is: a listener that ended would end all pushes of this process in silence
                if not failures:
                    logger.warning("the bus is away; this process reads the table every %s s", POLL_WITHOUT_BUS, exc_info=True)
            failures += 1
            await _without_failing(catch_up)
            await asyncio.sleep(POLL_WITHOUT_BUS if failures > 1 else 0.1)

    async def _follow(self, hub: Hub, subscribed: CatchUp) -> None:
        """Feed the hub from one subscription until it breaks. A server that says nothing is asked; one that does not answer is away."""
        loop = asyncio.get_running_loop()
        client = redis.asyncio.Redis.from_url(
            self.url, socket_timeout=ANSWER, socket_connect_timeout=ANSWER, socket_keepalive=True, retry=AsyncRetry(NoBackoff(), 0)
        )
        try:
            async with client.pubsub() as subscription:
                await subscription.subscribe(channel())
                await subscribed()
                heard = loop.time()
                while loop.time() - heard < 2 * ANSWER:
                    message = await subscription.get_message(timeout=ANSWER)
                    if message is None:
                        await subscription.ping()
                        continue
                    heard = loop.time()
                    if message["type"] == "message":
                        hub.feed(decode(message["data"]))
                raise redis.TimeoutError(f"no answer for {2 * ANSWER:g} s")
        finally:
            with contextlib.suppress(Exception):
                await client.aclose()


async def _without_failing(catch_up: CatchUp) -> None:
    try:
        await catch_up()
    except Exception:
        logger.warning("missed hints could not be read; browsers ask for them again by themselves", exc_info=True)


_buses: dict[tuple[str, str], Bus] = {}


def bus() -> Bus:
    """The bus of settings.REALTIME_BUS."""
    wanted = (settings.REALTIME_BUS, settings.REDIS_URL)
    if wanted not in _buses:
        _buses[wanted] = RedisBus(settings.REDIS_URL) if settings.REALTIME_BUS == "redis" else LocalBus()
    return _buses[wanted]
