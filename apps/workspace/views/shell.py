"""Small answers for the frame of every page."""

from __future__ import annotations

from django.http import JsonResponse

from apps.core.access import declare
from apps.core.requests import PortalRequest
from apps.notifications import selectors as notifications


@declare("workspace.home", "view")
def todo_count(request: PortalRequest) -> JsonResponse:
    """{"count": what I can act on now}."""
    return JsonResponse({"count": notifications.todo_count(request.person)})
