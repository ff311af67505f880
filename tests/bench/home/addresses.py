"""Addresses of the measured portal: its own, and beside them the two ways in which home pages are usually made.

/bench/sequential/ asks one after the other, /bench/pool/ all at once in a pool of threads of its own; both draw the same page.
"""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from apps.core import clock
from apps.core.access import declare
from apps.core.widgets import WIDGETS, Widget
from apps.workspace.selectors import layouts
from apps.workspace.services import WidgetView
from tests.bench.home.widgets import install

install()


def _drawn(request: HttpRequest, contexts: list[dict[str, Any]], cells: list[Any]) -> HttpResponse:
    views = [WidgetView(WIDGETS[cell.key], "ready", context, cell=cell) for cell, context in zip(cells, contexts, strict=True)]
    return render(request, "workspace/home.html", {"widgets": views, "hour": 9, "today": clock.now().date(), "todos": {"count": 0}})


@declare("workspace.home", "view")
def sequential(request: HttpRequest) -> HttpResponse:
    person, now = request.person, clock.now()  # type: ignore[attr-defined]
    cells = layouts.arrangement(person).cells
    return _drawn(request, [WIDGETS[cell.key].load(person=person, now=now) for cell in cells], cells)


@declare("workspace.home", "view")
def pool(request: HttpRequest) -> HttpResponse:
    person, now = request.person, clock.now()  # type: ignore[attr-defined]
    cells = layouts.arrangement(person).cells

    def load(widget: Widget) -> dict[str, Any]:
        return widget.load(person=person, now=now)

    with ThreadPoolExecutor(len(cells)) as threads:
        waiting = [threads.submit(contextvars.copy_context().run, load, WIDGETS[cell.key]) for cell in cells]
        return _drawn(request, [one.result() for one in waiting], cells)


urlpatterns = [path("bench/sequential/", sequential), path("bench/pool/", pool), path("", include("portal.urls"))]
handler403, handler404, handler500 = "apps.access.views.forbidden", "apps.access.views.not_found", "apps.access.views.server_error"
