"""One search field for everything: the page, and the palette under the field of every page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core import clock
from apps.core.access import declare
from apps.core.requests import PortalRequest
from apps.workspace.selectors import search as selectors


@declare("workspace.search", "view")
@require_GET
def search(request: PortalRequest) -> HttpResponse:
    """Hits of all systems, as far as this person may see them."""
    q = request.GET.get("q", "").strip()[: selectors.LONGEST]
    results = selectors.search(request.person, q, clock.now()) if q else []
    return render(request, "workspace/search.html", {"search_query": q, "results": results})


@declare("workspace.search", "view")
@require_GET
def quick(request: PortalRequest) -> HttpResponse:
    """The list of the palette while somebody types."""
    q = request.GET.get("q", "").strip()[: selectors.LONGEST]
    results = selectors.search(request.person, q, clock.now(), size=selectors.QUICK) if q else []
    return render(request, "workspace/search_quick.html", {"search_query": q, "results": results})
