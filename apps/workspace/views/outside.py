"""The way into another system's own screens, signed on as oneself."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import SystemUnavailable
from apps.core.requests import PortalRequest
from apps.records import services as records
from apps.workspace.selectors.systems import NAMES
from apps.workspace.views.failures import EXPECTED, describe

KINDS = {"erp": ("order", "shipment", "invoice", ""), "crm": ("customer", "deal", "")}


@declare("workspace.home", "view")
@require_POST
def open_outside(request: PortalRequest, system: str) -> HttpResponse:
    """A one-time link, followed at once. A page, not a redirect: the policy lets our forms end at the portal only."""
    kind = request.POST.get("kind", "")
    if system not in KINDS or kind not in KINDS[system]:
        raise Http404
    name = NAMES[system]
    try:
        url = records.open_ticket(
            person=request.person, system=system, kind=kind, external_id=request.POST.get("id", "") if kind else "", now=clock.now()
        )
        if urlsplit(url).scheme not in ("http", "https"):
            raise SystemUnavailable(_("The link it gave cannot be followed."))
    except EXPECTED as error:
        failure = describe(error, title=_("%(system)s could not be opened") % {"system": name}, system=name)
        return render(request, "workspace/not_opened.html", {"failure": failure}, status=failure.status)
    response = render(request, "workspace/opening.html", {"url": url, "name": name})
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
