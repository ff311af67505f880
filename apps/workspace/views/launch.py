"""Everything a person may begin."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.access import declare
from apps.core.requests import PortalRequest
from apps.workflows import selectors as workflows


@declare("workspace.home", "view")
@require_GET
def launch(request: PortalRequest) -> HttpResponse:
    """The page behind the widget."""
    return render(request, "workspace/launch.html", {"rows": workflows.startables(request.person)})
