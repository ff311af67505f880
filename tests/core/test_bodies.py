"""A body is bounded in size and in time, whether its length is said or not; what is refused reaches no view."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from apps.core.bodies import Bounded, Receive, Send

pytestmark = pytest.mark.req("S8")


def asked(parts: list[bytes], *, headers: list[tuple[bytes, bytes]], path: str = "/x/", never_ends: bool = False) -> tuple[list[int], list[bytes]]:
    """(statuses that were answered, bodies that reached the application)."""
    answered, reached, waiting = list[int](), list[bytes](), list(parts)

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        whole = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            whole += message.get("body", b"")
            if not message.get("more_body"):
                break
        reached.append(whole)
        await send({"type": "http.response.start", "status": 200})

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting) or never_ends}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    bounded = Bounded(application, most=lambda path: 100 if path == "/large/" else 10, seconds=0.05)
    asyncio.run(bounded({"type": "http", "path": path, "headers": headers}, receive, send))
    return answered, reached


CHUNKED = [(b"transfer-encoding", b"chunked")]


@pytest.mark.parametrize(
    ("parts", "headers", "path", "answered"),
    [
        ([b""], [], "/x/", [200]),
        ([b"x" * 10], [(b"content-length", b"10")], "/x/", [200]),
        ([b"x" * 11], [(b"content-length", b"11")], "/x/", [413]),
        ([b"x" * 11], [(b"content-length", b"11")], "/large/", [200]),
        ([b"x"], [(b"content-length", b"9" * 40)], "/x/", [413]),
        ([b"x" * 11], [(b"content-length", b"1")], "/x/", [413]),  # a length that lies
        ([b"x" * 5, b"x" * 5], CHUNKED, "/x/", [200]),
        ([b"x" * 5, b"x" * 5, b"x"], CHUNKED, "/x/", [413]),
    ],
)
def test_no_more_is_taken_than_a_path_may_have(parts: list[bytes], headers: list[tuple[bytes, bytes]], path: str, answered: list[int]) -> None:
    assert asked(parts, headers=headers, path=path) == (answered, [b"".join(parts)] if answered == [200] else [])


def test_a_body_that_never_ends_is_given_up() -> None:
    assert asked([b"x"], headers=CHUNKED, never_ends=True) == ([408], [])


def test_the_portal_refuses_an_endless_callback_before_anything_is_kept() -> None:
    from portal.asgi import HOOKS, MOST, most

    assert (most("/hooks/wecom/chat/"), most("/hooks/erp/"), most("/inbox/batch/"), most("/oidc/backchannel-logout/")) == (HOOKS, HOOKS, MOST, MOST)
