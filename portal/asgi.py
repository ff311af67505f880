"""HTTP and websockets of the portal; starts the worker thread where the embedded default wants one."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from apps.core import heap  # noqa: E402
from apps.core.bodies import Bounded  # noqa: E402
from apps.core.lanes import Lanes, PageHandler  # noqa: E402
from apps.integrations.webhooks import LARGEST as HOOKS  # noqa: E402
from apps.jobs import services as jobs  # noqa: E402
from apps.realtime.routing import from_own_pages, websocket_urlpatterns, with_server_send  # noqa: E402

MOST = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
BODY_SECONDS = 30.0  # in which a body must have arrived


def most(path: str) -> int:
    """Bytes that a request to this path may bring."""
    return HOOKS if path.startswith("/hooks/") else MOST


application = ProtocolTypeRouter(
    {
        "http": Bounded(Lanes(PageHandler(), settings.WEB_LANES), most=most, seconds=BODY_SECONDS),
        "websocket": with_server_send(from_own_pages(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))),
    }
)

get_resolver().url_patterns  # noqa: B018 - loads all views before the heap is settled, and the first page need not
heap.settle()

if settings.ATRIUM_WORKER == "thread":
    jobs.start_worker_thread()
