"""One search field for everything."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.access import declare
from apps.core.requests import PortalRequest
from apps.workspace.selectors import search as selectors


@declare("workspace.search", "view")
@require_GET
def search(request: PortalRequest) -> HttpResponse:
    """Hits of all systems, as far as this person may see them."""
    q = request.GET.get("q", "").strip()[:100]
    results = selectors.search(request.person, q) if q else []
    return render(request, "workspace/search.html", {"search_query": q, "results": results})
