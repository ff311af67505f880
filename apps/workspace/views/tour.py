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
    failure, told = None, _number(request.POST.get("told"))
    try:
        services.take_step(deal_id=deal_id, told=told, now=clock.now())
    except EXPECTED as error:
        failure = describe(error, title=_("The tour stopped here"), system=_("The system"))
    if not wants_fragment(request):
        return HttpResponseRedirect(f"/tour/{quoted(deal_id)}/")
    return _show(request, deal_id, running=failure is None, failure=failure, told=told)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 3 else None


def _pause(here: selectors.Place, reached: int) -> int:
    """Seconds to the next step: long enough to read what was just told, short while a system works."""
    if here.reached < reached:
        return 3
    return 4 if here.current is not None and here.current.act else 1


def _show(request: PortalRequest, deal_id: str, *, running: bool, failure: Failure | None = None, told: int | None = None) -> HttpResponse:
    whole = selectors.place(deal_id)
    if whole is None:
        raise Http404
    here = whole if told is None else whole.revealed(min(whole.reached, told + 1))
    context: dict[str, Any] = {
        "here": here,
        "current": here.current,
        "running": running and not here.finished and not here.broken,
        "pause": _pause(here, whole.reached),
        "failure": failure,
        "agreement": selectors.agreement(here.loop),
        "loop_url": selectors.loop_url(here.loop),
        "deal_url": f"/deals/{quoted(deal_id)}/",
        "order_url": f"/orders/{quoted(here.loop.order_id)}/" if here.loop and here.loop.order_id else "",
        "path": f"/tour/{quoted(deal_id)}/",
    }
    template = "workspace/tour/panel.html" if wants_fragment(request) else "workspace/tour/page.html"
    return render(request, template, context)
