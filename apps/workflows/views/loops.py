"""The timeline of a case, and the repair of what broke."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput, NotFound
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.workflows import selectors, services
from apps.workflows.models import Incident


@declare("workflows.instance", "view")
@require_GET
def loop(request: PortalRequest, business_key: str) -> HttpResponse:
    """One case, as page or (for htmx) as the part that changes."""
    try:
        instance = selectors.instance_for(request.person, business_key=business_key)
    except NotFound as error:
        raise Http404 from error
    now = clock.now()
    context = {"timeline": selectors.timeline(instance, request.person, now), "instance": instance, "now": now,
               "technical": request.GET.get("detail") == "technical"}
    return page(request, "workflows/loop.html", context, fragment="workflows/loop_part.html")


def _repair(request: PortalRequest, incident_id: uuid.UUID, act: Callable[[], Incident], done: str) -> HttpResponse:
    try:
        incident = act()
        messages.success(request, done)
    except NotFound as error:
        raise Http404 from error
    except (services.UnableToRepair, InvalidInput) as error:
        messages.error(request, str(error))
        known = Incident.objects.select_related("instance").filter(pk=incident_id).first()
        if known is None:
            raise Http404 from error
        incident = known
    return HttpResponseRedirect(f"/loop/{incident.instance.business_key}/")


@declare("workflows.instance", "repair")
@require_POST
def incident_retry(request: PortalRequest, incident_id: uuid.UUID) -> HttpResponse:
    """Try the step again from there."""
    return _repair(request, incident_id, lambda: services.retry_incident(incident_id=incident_id, person=request.person, now=clock.now()),
                   _("It is tried again now, from this step on. Earlier steps are not repeated."))


@declare("workflows.instance", "repair")
@require_POST
def incident_skip(request: PortalRequest, incident_id: uuid.UUID) -> HttpResponse:
    """Go on without the step."""
    def act() -> Incident:
        return services.skip_incident(incident_id=incident_id, person=request.person, reason=request.POST.get("reason", ""), now=clock.now(),
                                      flow=request.POST.get("flow", ""))

    return _repair(request, incident_id, act, _("Skipped. The reason stands in the timeline."))


@declare("workflows.instance", "view")
@require_POST
def incident_resolve(request: PortalRequest, incident_id: uuid.UUID) -> HttpResponse:
    """It was looked at."""
    return _repair(request, incident_id, lambda: services.resolve_incident(
        incident_id=incident_id, person=request.person, note=request.POST.get("note", ""), now=clock.now()), _("Marked as dealt with."))


