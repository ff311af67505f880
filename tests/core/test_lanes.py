"""Lanes: as many pages at once as there are lanes, each in its own thread; the rest wait; a stream holds none."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.core.lanes import Lanes

HTTP = {"type": "http"}
pytestmark = pytest.mark.req("E14")


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}


async def _nowhere(message: Any) -> None:
    """The browser."""


def test_no_more_pages_at_once_than_lanes_and_their_threads_are_used_again() -> None:
    lock, now, most, threads = threading.Lock(), [0], [0], set()
    both = threading.Barrier(2)

    def page() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            threads.add(threading.get_ident())
        both.wait(timeout=30)  # two are inside together, always
        with lock:
            now[0] -= 1

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(page)()

    async def rush() -> None:
        lanes = Lanes(application, 2)
        await asyncio.gather(*(lanes(HTTP, _receive, _nowhere) for _ in range(20)))

    asyncio.run(rush())
    assert (most[0], len(threads)) == (2, 2)


def test_all_synchronous_parts_of_one_request_run_in_its_lane() -> None:
    seen: list[tuple[int, int]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((await sync_to_async(threading.get_ident)(), await sync_to_async(threading.get_ident)()))

    async def rush() -> None:
        lanes = Lanes(application, 4)
        await asyncio.gather(*(lanes(HTTP, _receive, _nowhere) for _ in range(40)))

    asyncio.run(rush())
    assert len(seen) == 40 and all(first == second for first, second in seen) and len({first for first, _ in seen}) <= 4


@pytest.mark.parametrize(("kind", "gets_in"), [(b"text/event-stream; charset=utf-8", True), (b"text/html", False)])
def test_a_stream_of_events_gives_its_lane_to_the_next_page_and_a_page_does_not(kind: bytes, gets_in: bool) -> None:
    async def story() -> bool:
        began, over, in_it = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["path"] == "/first/":
                await send({"type": "http.response.start", "headers": [(b"Content-Type", kind)]})
                began.set()
                await over.wait()
            else:
                in_it.set()

        lanes = Lanes(application, 1)
        first = asyncio.create_task(lanes(HTTP | {"path": "/first/"}, _receive, _nowhere))
        await began.wait()
        second = asyncio.create_task(lanes(HTTP | {"path": "/second/"}, _receive, _nowhere))
        for _ in range(20):
            await asyncio.sleep(0)
        found = in_it.is_set()
        over.set()
        await asyncio.gather(first, second)
        assert in_it.is_set()  # whoever waited was served in the end
        return found

    assert asyncio.run(story()) is gets_in


def test_a_request_that_fails_gives_its_lane_back() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError

    async def story() -> None:
        lanes = Lanes(application, 1)
        for _ in range(3):
            with pytest.raises(LookupError):
                await asyncio.wait_for(lanes(HTTP, _receive, _nowhere), 10)

    asyncio.run(story())


def test_a_body_that_comes_slowly_holds_no_lane_and_arrives_whole() -> None:
    async def story() -> list[bytes]:
        parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        bodies: list[bytes] = []

        async def application(scope: Any, receive: Any, send: Any) -> None:
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message["body"], message.get("more_body", False)
            bodies.append(body)

        lanes = Lanes(application, 1)
        slow = asyncio.create_task(lanes(HTTP, parts.get, _nowhere))
        await parts.put({"type": "http.request", "body": b"one ", "more_body": True})
        await asyncio.wait_for(lanes(HTTP, _receive, _nowhere), 10)  # passes it
        await parts.put({"type": "http.request", "body": b"two"})
        await asyncio.wait_for(slow, 10)
        return bodies

    assert asyncio.run(story()) == [b"", b"one two"]
