"""Saved views: kept from the inbox's menu of views."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError, NotFound
from apps.core.requests import PortalRequest
from apps.notifications import forms, services

STEPS = {"up": -1, "down": 1}


@declare("notifications.notification", "view")
@require_POST
def save(request: PortalRequest) -> HttpResponse:
    """Keep the filters of this URL under the form's `name`."""
    query = forms.query_of(forms.filters_of(request.GET.dict()))
    try:
        services.save_view(person=request.person, name=request.POST.get("name", ""), query=query, now=clock.now())
        messages.success(request, _("The view is kept."))
    except DomainError as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(f"/inbox/?{query}")


@declare("notifications.notification", "view")
@require_POST
def change(request: PortalRequest, view_id: uuid.UUID, verb: str) -> HttpResponse:
    """up, down or delete."""
    if verb == "delete":
        services.delete_view(person=request.person, view_id=view_id)
        messages.success(request, _("The view is deleted."))
    elif verb in STEPS:
        services.move_view(person=request.person, view_id=view_id, by=STEPS[verb])
    else:
        raise NotFound(_("There is no such page."))
    return HttpResponseRedirect(f"/inbox/?{request.GET.urlencode()}")
