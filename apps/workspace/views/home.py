"""Home: what I can do now comes first; figures and news second."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.core import clock
from apps.core.access import declare
from apps.core.requests import PortalRequest
from apps.core.widgets import WIDGETS
from apps.workspace.selectors import home as selectors
from apps.workspace.selectors.navigation import to_begin


@declare("workspace.home", "view")
@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """The page; widgets that are not at hand are fetched by the browser, one by one."""
    now = clock.now()
    context = {
        **_todos(request, now),
        "notices": selectors.recent_messages(request.person, now),
        "widgets": selectors.widget_views(request.person, now),
        "today": timezone.localtime(now).date(),
        "hour": timezone.localtime(now).hour,
    }
    return render(request, "workspace/home.html", context)


@declare("workspace.home", "view")
@require_GET
def todos(request: PortalRequest) -> HttpResponse:
    """The to-do card alone, after a push."""
    return render(request, "workspace/home_todos.html", _todos(request, clock.now()))


def _todos(request: PortalRequest, now: dt.datetime) -> dict[str, Any]:
    found = selectors.todos(request.person, now)
    return {"todos": found, "places": [] if found.count else to_begin(request.person)}


@declare("workspace.home", "view")
@require_GET
def notices(request: PortalRequest) -> HttpResponse:
    """The messages card alone, after a push."""
    return render(request, "workspace/home_notices.html", {"notices": selectors.recent_messages(request.person, clock.now())})


@declare("workspace.home", "view")
@require_GET
def widget(request: PortalRequest, key: str) -> HttpResponse:
    """One widget, read now."""
    if key not in WIDGETS:
        raise Http404
    view = selectors.widget_view(WIDGETS[key], request.person, clock.now(), load=True)
    return render(request, "workspace/widgets/frame.html", {"view": view})
