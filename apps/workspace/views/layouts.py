"""Home pages of roles, arranged by an administrator."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput, NotFound
from apps.core.requests import PortalRequest
from apps.core.widgets import WIDGETS
from apps.workspace import services
from apps.workspace.selectors import layouts as selectors
from apps.workspace.views.home import posted_cells

LIST = "/home/layouts/"
EXPECTED = (InvalidInput, NotFound, services.UnableToArrange)


@declare("workspace.layout", "manage")
@require_GET
def layout_list(request: PortalRequest) -> HttpResponse:
    """Every role and whose arrangement it has."""
    return render(request, "workspace/layouts/list.html", {"homes": selectors.role_homes()})


@declare("workspace.layout", "manage")
@require_GET
def layout_edit(request: PortalRequest, role: str) -> HttpResponse:
    """Arrange the page of one role; lock what its readers may not move."""
    home = selectors.role_home(role)
    if home is None:
        raise Http404
    arranged = selectors.role_arrangement(home.layout)
    context = {
        "role": home.role, "layout": home.layout, "rev": home.layout.rev if home.layout else 0, "arranged": arranged, "roles": True,
        "rank": home.layout.rank if home.layout else 100,
        "widgets": [services.WidgetView(WIDGETS[cell.key], "waiting", cell=cell) for cell in arranged.cells],
    }
    return render(request, "workspace/layouts/edit.html", context)


@declare("workspace.layout", "manage")
@require_POST
def layout_save(request: PortalRequest, role: str) -> HttpResponse:
    """The whole arrangement (`cells`: JSON), its rank among roles (`rank`), or one step of a plain button (`step`: "<verb>:<widget>")."""
    try:
        return _saved(request, role)
    except EXPECTED as error:
        messages.error(request, str(error), extra_tags="danger")
        return HttpResponseRedirect(LIST if isinstance(error, NotFound) else f"{LIST}{role}/")


def _saved(request: PortalRequest, role: str) -> HttpResponse:
    common: dict[str, Any] = {"person": request.person, "role": role, "now": clock.now(), "seen_rev": _number(request, "rev")}
    if "step" in request.POST:
        verb, _colon, key = request.POST["step"].partition(":")
        services.change_role(key=key, verb=verb, **common)
        return HttpResponseRedirect(f"{LIST}{role}/#at-{key.replace('.', '-').replace('_', '-')}")
    services.save_role(items=posted_cells(request), rank=_number(request, "rank"), **common)
    messages.success(request, _("Saved. Everybody with this role who has not arranged the page sees it."), extra_tags="ok")
    return HttpResponseRedirect(LIST)


def _number(request: PortalRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidInput(_("The rank is a number from 1 to 999."))
    return int(text)


@declare("workspace.layout", "manage")
@require_POST
def layout_reset(request: PortalRequest, role: str) -> HttpResponse:
    """Back to the company's standard."""
    try:
        services.reset_role(person=request.person, role=role, now=clock.now())
        messages.success(request, _("This role has the company’s standard again."), extra_tags="ok")
    except NotFound as error:
        messages.error(request, str(error), extra_tags="danger")
    return HttpResponseRedirect(LIST)
