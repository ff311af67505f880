"""How frames reach the processes that hold the sockets: directly (one process), or over one Redis channel.

Redis carries hints only. What it loses is caught up from the table: on every reconnect at once, and every two seconds while it is away.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import redis
import redis.asyncio
from django.conf import settings
from django.db import connection

from apps.realtime.hub import CLOSE_PERSON, CLOSE_SESSION, EVERYBODY, Hub, Item, all_hubs

__all__ = ["CLOSE_PERSON", "CLOSE_SESSION", "EVERYBODY", "bus", "channel"]
logger = logging.getLogger(__name__)
BATCH = 500  # frames in one PUBLISH
POLL_WITHOUT_BUS = 2.0
CatchUp = Callable[[Hub], Any]


class Bus(Protocol):
    def publish(self, items: Iterable[Item]) -> None:
        """From any thread; never waits for the network."""
        ...

    async def listen(self, hub: Hub, catch_up: Callable[[], Any]) -> None:
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

    async def listen(self, hub: Hub, catch_up: Callable[[], Any]) -> None:
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
        client = redis.Redis.from_url(self.url, socket_timeout=5, socket_connect_timeout=2, max_connections=2)
        healthy = True
        while True:
            batch = self._next_batch()
            try:
                client.publish(channel(), encode(batch))
                healthy = True
            except redis.RedisError:
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

    async def listen(self, hub: Hub, catch_up: Callable[[], Any]) -> None:
        failures = 0
        while True:
            client = redis.asyncio.Redis.from_url(self.url, socket_timeout=None, socket_connect_timeout=2, socket_keepalive=True)
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(channel())
                    await catch_up()
                    if failures:
                        logger.warning("the bus is back after %s tries", failures)
                    failures = 0
                    async for message in subscription.listen():
                        hub.feed(decode(message["data"]))
            except (redis.RedisError, OSError, RuntimeError):
                if not failures:
                    logger.warning("the bus is away; this process reads the table every %s s", POLL_WITHOUT_BUS, exc_info=True)
                failures += 1
            finally:
                await client.aclose()
            await catch_up()
            await asyncio.sleep(POLL_WITHOUT_BUS if failures > 1 else 0.1)


_buses: dict[tuple[str, str], Bus] = {}


def bus() -> Bus:
    """The bus of settings.REALTIME_BUS."""
    wanted = (settings.REALTIME_BUS, settings.REDIS_URL)
    if wanted not in _buses:
        _buses[wanted] = RedisBus(settings.REDIS_URL) if settings.REALTIME_BUS == "redis" else LocalBus()
    return _buses[wanted]
