"""The fall-back for browsers and proxies that cannot do websockets: the same frames as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from apps.core.access import declare
from apps.core.requests import number
from apps.realtime import selectors
from apps.realtime.consumers import catch_up, join
from apps.realtime.hub import Stream

DIGITS = 18  # of a number that a table can hold


@declare("notifications.notification", "view")
async def events(request: HttpRequest) -> StreamingHttpResponse:
    """GET /events/?since=n&age=ms; the number of the last event wins (Last-Event-ID)."""
    since = number(request.headers.get("Last-Event-ID") or request.GET.get("since"), digits=DIGITS)
    age = min((number(request.GET.get("age"), digits=DIGITS) or 0) / 1000, selectors.OLDEST_PAGE)
    person: Any = request.person  # type: ignore[attr-defined]
    stream = Stream(person.pk, request.session.session_key or "")
    response = StreamingHttpResponse(_frames(stream, since, age), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _frames(stream: Stream, since: int | None, age: float) -> AsyncIterator[bytes]:
    hub = join(stream)
    try:
        yield b"retry: 3000\n\n"
        await catch_up(stream, since, age)
        while (text := await stream.queue.get()) is not None:
            stream.lagging = False
            seq = json.loads(text).get("seq")
            yield (f"id: {seq}\n" if seq else "").encode() + f"data: {text}\n\n".encode()
    finally:
        hub.remove(stream)
