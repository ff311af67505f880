"""The three that are compared, each a server process with its own crowd of browsers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from tests.bench.processes import Server, free_port
from tests.bench.realtime import product
from tests.bench.realtime.crowd import Crowd

MICRO = 1e6


@dataclasses.dataclass
class Side:
    """`to_all(number)` notifies every browser once; `to_each(rounds)` each person by itself, `rounds` times over."""

    server: Server
    crowd: Crowd
    to_all: Callable[[int], Awaitable[Any]]
    to_each: Callable[[int], Awaitable[Any]] | None = None

    async def cost_to_all(self, rounds: int) -> float:
        """Microseconds of the server's CPU a delivery, of notifications that are sent one after another."""
        before = self.server.cpu()
        for number in range(rounds):
            wanted = self.crowd.total + len(self.crowd.browsers)
            await self.to_all(number)
            await self.crowd.until(wanted)
        return (self.server.cpu() - before) / (rounds * len(self.crowd.browsers)) * MICRO

    async def cost_to_each(self, rounds: int) -> float:
        """The same of a burst to single people."""
        assert self.to_each is not None
        deliveries = rounds * len(self.crowd.browsers)
        before, wanted = self.server.cpu(), self.crowd.total + deliveries
        await self.to_each(rounds)
        await self.crowd.until(wanted, seconds=600)
        return (self.server.cpu() - before) / deliveries * MICRO


@contextlib.asynccontextmanager
async def _crowded(server: Server, cookies: Sequence[str], *, greets: bool = True) -> AsyncIterator[Crowd]:
    """A crowd at the server; both are gone afterwards."""
    crowd = Crowd(server.port, greets=greets)
    try:
        server.wait_until_it_listens()
        await crowd.join(cookies)
        yield crowd
    finally:
        await crowd.leave()
        server.end()


@contextlib.asynccontextmanager
async def floor(browsers: int, log: pathlib.Path) -> AsyncIterator[Side]:
    port = free_port()
    server = Server([sys.executable, "-m", "tests.bench.realtime.floor", str(port)], port, log)
    async with _crowded(server, [""] * browsers, greets=False) as crowd:
        yield Side(server, crowd, lambda number: _get(port, "/all?n=1"), lambda rounds: _get(port, f"/each?n={rounds * browsers}"))


async def _get(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    said = await reader.readline()
    writer.close()
    await writer.wait_closed()
    if not said.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"GET {path} answered {said!r}")


@contextlib.asynccontextmanager
async def portal(people: Sequence[product.Employee], log: pathlib.Path) -> AsyncIterator[Side]:
    ids = [person.id for person in people]
    server = product.serve(log)
    async with _crowded(server, [person.cookie for person in people]) as crowd:
        yield Side(server, crowd, product.notify_all, lambda rounds: product.notify_each(ids, rounds))


@contextlib.asynccontextmanager
async def alternative(browsers: int, redis_url: str, log: pathlib.Path) -> AsyncIterator[Side]:
    from channels_redis.pubsub import RedisPubSubChannelLayer

    from tests.bench.realtime.alternative import GROUP, layer_of

    layer = RedisPubSubChannelLayer(**layer_of(redis_url)["default"]["CONFIG"])

    async def to_all(number: int) -> None:
        await layer.group_send(GROUP, {"type": "notice", "hint": {"t": "notice", "n": number}})

    server = product.serve_alternative(log)
    async with _crowded(server, [""] * browsers, greets=False) as crowd:
        yield Side(server, crowd, to_all)
    await layer.flush()
