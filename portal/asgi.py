"""HTTP and websockets of the portal; starts the worker thread where the embedded default wants one."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from apps.core.lanes import Lanes, PageHandler  # noqa: E402
from apps.jobs import services as jobs  # noqa: E402
from apps.realtime.routing import websocket_urlpatterns, with_server_send  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Lanes(PageHandler(), settings.WEB_LANES),
        "websocket": with_server_send(AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))),
    }
)

if settings.ATRIUM_WORKER == "thread":
    jobs.start_worker_thread()
