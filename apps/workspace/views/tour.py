"""The tour of the demo: the sales loop runs while the person watches, each step explained."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.htmx import wants_fragment
from apps.core.requests import PortalRequest
from apps.workspace import services
from apps.workspace.selectors import tour as selectors
from apps.workspace.selectors.parts import quoted
from apps.workspace.views.failures import EXPECTED, Failure, describe


def _only_in_the_demo() -> None:
    if not selectors.is_on():
        raise Http404


@declare("workspace.home", "view")
@require_GET
def tour_start(request: PortalRequest) -> HttpResponse:
    """Choose a deal."""
    _only_in_the_demo()
    return render(request, "workspace/tour/start.html", {"deals": selectors.offered()})


@declare("workspace.home", "view")
@require_GET
def tour_page(request: PortalRequest, deal_id: str) -> HttpResponse:
    """The loop of one deal, as it goes."""
    _only_in_the_demo()
    return _show(request, deal_id, running=request.GET.get("pause") is None)


@declare("workspace.home", "view")
@require_POST
def tour_go(request: PortalRequest, deal_id: str) -> HttpResponse:
    """The next step of the person who does it; without script the page comes back, with script the panel."""
    _only_in_the_demo()
    failure = None
    try:
        act = services.take_step(deal_id=deal_id, now=clock.now())
    except EXPECTED as error:
        act, failure = "", describe(error, title=_("The tour stopped here"), system=_("The system"))
    if not wants_fragment(request):
        return HttpResponseRedirect(f"/tour/{quoted(deal_id)}/")
    return _show(request, deal_id, running=failure is None, failure=failure, just=act)


def _show(request: PortalRequest, deal_id: str, *, running: bool, failure: Failure | None = None, just: str = "") -> HttpResponse:
    here = selectors.place(deal_id)
    if here is None:
        raise Http404
    context: dict[str, Any] = {
        "here": here,
        "current": here.current,
        "running": running and not here.finished and not here.broken,
        # long enough to read what was just explained; short while a system works
        "pause": 1 if here.current is not None and not here.current.act else 4,
        "failure": failure,
        "just": just,
        "agreement": selectors.agreement(here.loop),
        "loop_url": selectors.loop_url(here.loop),
        "deal_url": f"/deals/{quoted(deal_id)}/",
        "order_url": f"/orders/{quoted(here.loop.order_id)}/" if here.loop and here.loop.order_id else "",
        "path": f"/tour/{quoted(deal_id)}/",
    }
    template = "workspace/tour/panel.html" if wants_fragment(request) else "workspace/tour/page.html"
    return render(request, template, context)
