"""Websocket routes, and what stands before everything else on their way."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.urls import path

from apps.realtime.consumers import LiveConsumer
from apps.realtime.hub import SERVER_SEND

websocket_urlpatterns = [path("ws/", LiveConsumer.as_asgi(), name="live-socket")]

Application = Callable[[Any, Any, Any], Awaitable[Any]]


def with_server_send(application: Application) -> Application:
    """Outermost: keeps the server's own `send` in the scope for the hub. The session middleware looks at the session before each frame it
    lets through, which costs as much as the frame itself, and a push never changes a session."""

    async def outermost(scope: Any, receive: Any, send: Any) -> Any:
        return await application({**scope, SERVER_SEND: send}, receive, send)

    return outermost
