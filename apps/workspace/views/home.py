"""Home: what I can do now comes first; figures and news second. Each person arranges it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput, NotFound
from apps.core.requests import PortalRequest
from apps.core.widgets import WIDGETS
from apps.workspace import services
from apps.workspace.selectors import home as selectors
from apps.workspace.selectors import layouts
from apps.workspace.selectors.navigation import may_open
from apps.workspace.services.layouts import UnableToArrange
from apps.workspace.views.frames import home_page

EDIT = "/home/edit/"


@declare("workspace.home", "view")
@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """The page; widgets that are not at hand are fetched by the browser, one by one. `whole`: for a browser without script, all in the page."""
    return home_page(request, _page(request, whole="whole" in request.GET))


def _page(request: PortalRequest, *, whole: bool = False) -> dict[str, Any]:
    now, arranged = clock.now(), layouts.arrangement(request.person)
    views = services.shown(person=request.person, cells=arranged.cells, widgets=WIDGETS, now=now, whole=whole)
    todos = next((view.context["todos"] for view in views if "todos" in view.context), None) or selectors.todos(request.person, now)
    request.todo_count = todos.count  # the frame shows the same number
    return {
        "arranged": arranged,
        "widgets": views,
        "todos": todos,
        "today": timezone.localtime(now).date(),
        "hour": timezone.localtime(now).hour,
    }


@declare("workspace.home", "view")
@require_GET
def home_edit(request: PortalRequest) -> HttpResponse:
    """The same page, to be arranged: by mouse, by keys, and by plain buttons without script."""
    context = {**_page(request), "may_arrange_roles": may_open(request.person, "workspace.layout", "manage")}
    return render(request, "workspace/home_edit.html", context)


@declare("workspace.home", "view")
@require_POST
def home_layout(request: PortalRequest) -> HttpResponse:
    """Save the whole arrangement (`cells`: JSON), or one step of a plain button (`step`: "<verb>:<widget>")."""
    now = clock.now()
    try:
        if "step" in request.POST:
            verb, _colon, key = request.POST["step"].partition(":")
            services.change_own(person=request.person, key=key, verb=verb, now=now)
            return HttpResponseRedirect(f"{EDIT}#at-{key.replace('.', '-').replace('_', '-')}")
        services.save_own(person=request.person, items=posted_cells(request), now=now)
    except (InvalidInput, NotFound, UnableToArrange) as error:
        messages.error(request, str(error), extra_tags="danger")
        return HttpResponseRedirect(EDIT)
    messages.success(request, _("Your home page is arranged."), extra_tags="ok")
    return HttpResponseRedirect("/")


def posted_cells(request: PortalRequest) -> Any:
    """The layout as the editor sends it. Raises InvalidInput for what is no JSON."""
    try:
        return json.loads(request.POST.get("cells", ""))
    except ValueError as error:
        raise InvalidInput(_("This is no layout of a home page.")) from error


@declare("workspace.home", "view")
@require_POST
def home_reset(request: PortalRequest) -> HttpResponse:
    """Back to the layout of the role."""
    services.reset_own(person=request.person, now=clock.now())
    messages.success(request, _("Your home page is as your company arranged it."), extra_tags="ok")
    return HttpResponseRedirect("/")


@declare("workspace.home", "view")
@require_GET
def todos(request: PortalRequest) -> HttpResponse:
    """The to-do card alone, after a push."""
    return render(request, "workspace/home_todos.html", WIDGETS["workspace.todos"].load(person=request.person, now=clock.now()))


@declare("workspace.home", "view")
@require_GET
def notices(request: PortalRequest) -> HttpResponse:
    """The messages card alone, after a push."""
    return render(request, "workspace/home_notices.html", WIDGETS["workspace.messages"].load(person=request.person, now=clock.now()))


@declare("workspace.home", "view")
@require_GET
def widget(request: PortalRequest, key: str) -> HttpResponse:
    """One widget, read now. `again`: a person pressed "Try again"."""
    return widget_card(request, key, again="again" in request.GET)


@declare("workspace.home", "view")
@require_GET
def widgets_together(request: PortalRequest) -> HttpResponse:
    """The portal's own widgets that a page had not at hand (`key`, repeated), each for its place: one request for all, since each costs more than its
    reading. Outside systems are asked one by one: the slowest would hold up the rest."""
    own = [WIDGETS[key] for key in dict.fromkeys(request.GET.getlist("key")) if key in WIDGETS and not WIDGETS[key].outside]
    views = services.fetched_together(person=request.person, widgets=own, now=clock.now())
    found = [(view.widget.key, render_to_string(view.widget.frame, {"view": view, "note": {}, "data": view.context}, request)) for view in views]
    place = """<div hx-swap-oob="innerHTML:[gs-id='{}'] > .grid-stack-item-content">{}</div>"""
    return HttpResponse(format_html_join("", place, ((key, mark_safe(card)) for key, card in found)))  # noqa: S308 - drawn by templates of ours


def widget_card(request: PortalRequest, key: str, *, again: bool = False, note: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """The card of a widget. `note`: what an action in it came to: {"tone", "text"} and what its form needs to be shown again."""
    if key not in WIDGETS:
        raise Http404
    view = services.fetched(person=request.person, widget=WIDGETS[key], now=clock.now(), again=again)
    return render(request, WIDGETS[key].frame, {"view": view, "note": note or {}, "data": view.context}, status=status)


