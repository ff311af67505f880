"""The alternative: what most Django projects would do. A channels consumer in a group of channels_redis' pub/sub layer.

Served by uvicorn with the portal's own options: `uvicorn tests.bench.realtime.alternative:application`.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

GROUP = "everybody"


def layer_of(redis_url: str) -> dict[str, Any]:
    return {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [redis_url], "prefix": "bench"}}}


if not settings.configured:  # the server process; in the process that publishes Django is the portal's
    settings.configure(CHANNEL_LAYERS=layer_of(os.environ["REDIS_URL"]), DATABASES={}, SECRET_KEY="of no use here")

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402


class Browser(AsyncJsonWebsocketConsumer):
    """As the documentation of channels writes it."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send_json({"hello": {}})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def notice(self, event: dict[str, Any]) -> None:
        await self.send_json({"hint": event["hint"]})


application = ProtocolTypeRouter({"websocket": Browser.as_asgi()})
