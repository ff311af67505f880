"""The Redis bus: one message for many frames; a Redis that is wiped, killed or away loses nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from channels.db import database_sync_to_async
from hypothesis import given
from hypothesis import strategies as st

from apps.core import clock
from apps.realtime import buses, services
from apps.realtime.hub import Hub
from apps.realtime.models import Hint
from tests.browser.servers import ThreadServer
from tests.support.servers import Servers

Connect = Callable[..., Any]
items = st.lists(st.tuples(st.sampled_from(["*", "!s", "!p", "7f3c"]), st.integers(0, 2**40), st.text().map(lambda t: json.dumps({"x": t}))))


@given(items)
def test_what_goes_over_the_bus_comes_out_the_same(given_items: list[tuple[str, int, str]]) -> None:
    assert buses.decode(buses.encode(given_items)) == given_items


@pytest.fixture
def over_redis(settings: Any, redis_url: str, portal: ThreadServer) -> redis.Redis:
    settings.REALTIME_BUS, settings.REDIS_URL = "redis", redis_url
    return redis.Redis.from_url(redis_url)


async def push(person: Any, *numbers: int) -> None:
    def all_of_them() -> None:
        for number in numbers:
            services.push(person_ids=[person.pk], hint={"t": "record", "n": number}, now=clock.now())

    await database_sync_to_async(all_of_them)()


async def until(browser: Any, number: int, seconds: float = 40) -> None:
    """Read until this number came; doubles of earlier ones may stand before it (the page leaves them out)."""
    async with asyncio.timeout(seconds):
        while (await browser.frame(seconds)).get("hint", {}).get("n") != number:
            pass


async def numbers_of(browser: Any, count: int, seconds: float = 40) -> list[int]:
    """The next `count` different numbers, doubles left out as the page does."""
    found: dict[int, int] = {}
    async with asyncio.timeout(seconds):
        while len(found) < count:
            frame = await browser.frame(seconds)
            if "hint" in frame:
                found.setdefault(frame["seq"], frame["hint"]["n"])
    return [found[seq] for seq in sorted(found)]


async def open_browser(browser: Any, client: redis.Redis) -> None:
    await browser.say(None)
    assert "hello" in await browser.frame()
    await listened_to(client)


async def listened_to(client: redis.Redis) -> None:
    async with asyncio.timeout(40):
        while not client.pubsub_numsub(buses.channel())[0][1]:  # type: ignore[index]
            await asyncio.sleep(0.02)


async def hints_are_only_late(browser: Any, person: Any) -> None:
    """While Redis says nothing: one written by another process, which cannot reach anybody (only the table knows), and one of ours."""
    await database_sync_to_async(_write_behind_the_bus)(person, 2)
    await until(browser, 2)
    await push(person, 3)
    await until(browser, 3)


@pytest.mark.django_db(transaction=True)
async def test_frames_travel_by_redis_and_many_travel_together(connect: Connect, cast: Any, over_redis: redis.Redis) -> None:
    async with connect(cast.ana) as browser:
        await open_browser(browser, over_redis)
        await push(cast.ana, *range(30))
        assert await numbers_of(browser, 30) == list(range(30))

        before = over_redis.info("commandstats")["cmdstat_publish"]["calls"]  # type: ignore[index]
        buses.bus().publish([(str(cast.ana.pk), 0, '{"hint":{"t":"record","n":1}}')] * 1000)
        for _ in range(1000):
            await browser.frame()
        after = over_redis.info("commandstats")["cmdstat_publish"]["calls"]  # type: ignore[index]
        assert after - before <= 20


@pytest.mark.django_db(transaction=True)
async def test_a_wiped_redis_loses_no_hint(connect: Connect, cast: Any, over_redis: redis.Redis) -> None:
    async with connect(cast.ana) as browser:
        await open_browser(browser, over_redis)
        for number in range(10):
            over_redis.flushall()
            await push(cast.ana, number)
        assert await numbers_of(browser, 10) == list(range(10))


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(240)
async def test_a_redis_that_is_away_only_makes_hints_late_and_it_is_taken_up_again(
    connect: Connect, cast: Any, over_redis: redis.Redis, redis_servers: Servers,
) -> None:
    async with connect(cast.ana) as browser:
        await open_browser(browser, over_redis)
        await push(cast.ana, 1)
        assert await numbers_of(browser, 1) == [1]
        await asyncio.to_thread(redis_servers.kill, "redis")
        try:
            await hints_are_only_late(browser, cast.ana)
        finally:
            await asyncio.to_thread(redis_servers.start_again, "redis")  # other tests want it, however this one ends
        await listened_to(over_redis)
        await push(cast.ana, 4)
        await until(browser, 4)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(180)
async def test_a_redis_that_stands_still_is_treated_as_away_and_taken_up_again(
    connect: Connect, cast: Any, over_redis: redis.Redis, redis_servers: Servers,
) -> None:
    async with connect(cast.ana) as browser:
        await open_browser(browser, over_redis)
        await push(cast.ana, 1)
        await until(browser, 1)
        await asyncio.to_thread(redis_servers.pause, "redis")  # its sockets stay open: only silence tells
        try:
            await hints_are_only_late(browser, cast.ana)
        finally:
            await asyncio.to_thread(redis_servers.go_on, "redis")
        await push(cast.ana, 4)
        await until(browser, 4)


async def test_a_listener_outlives_whatever_a_broken_server_sends(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    async def follow(self: buses.RedisBus, hub: Any, subscribed: Any) -> None:
        tries.append(1)
        raise ValueError("nobody foresaw this")

    async def unreadable() -> None:
        raise LookupError("nor this")

    monkeypatch.setattr(buses.RedisBus, "_follow", follow)
    monkeypatch.setattr(buses, "POLL_WITHOUT_BUS", 0.01)
    listening = asyncio.create_task(buses.RedisBus(redis_url).listen(Hub(asyncio.get_running_loop()), unreadable))
    async with asyncio.timeout(20):
        while len(tries) < 4:
            await asyncio.sleep(0.01)
    assert not listening.done()
    listening.cancel()


def _write_behind_the_bus(person: Any, number: int) -> None:
    last = Hint.objects.filter(person_id=person.pk).order_by("-seq").first()
    assert last is not None
    Hint.objects.create(person_id=person.pk, body=json.dumps({"t": "record", "n": number}), at=clock.now(),
                        seq=None if _numbers_itself() else (last.seq or 0) + 1)


def _numbers_itself() -> bool:
    from django.db import connection

    return connection.vendor == "postgresql"


async def test_publishing_never_waits_for_a_redis_that_does_not_answer() -> None:
    bus = buses.RedisBus("redis://127.0.0.1:9/0")
    began = time.monotonic()
    bus.publish([("*", 0, "{}")] * 2000)
    assert time.monotonic() - began < 0.5
