"""Websocket routes, and what stands before everything else on their way."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
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


def from_own_pages(application: Application) -> Application:
    """A socket is opened by a page of this very portal, port included: what else runs on the same machine is somebody else, and the browser would
    send the session along."""

    async def guarded(scope: Any, receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin, host = (headers.get(name, b"").decode("latin1").lower() for name in (b"origin", b"host"))
        chosen = application if is_own(origin, host) else WebsocketDenier()
        return await chosen(scope, receive, send)

    return guarded


def is_own(origin: str, host: str) -> bool:
    """`origin` is the portal's address, or that under which this request came (a host that is allowed)."""
    if origin == settings.PORTAL_URL.lower().rstrip("/"):
        return True
    to = urlsplit(origin)
    return to.scheme in ("http", "https") and to.netloc == host and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
