"""Stock with order points."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.core.access import declare
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.workspace.selectors import pins
from apps.workspace.selectors import stock as selectors
from apps.workspace.selectors.paging import page_number
from apps.workspace.selectors.systems import state_of


@declare("erp.stock", "view")
@require_GET
def stock_list(request: PortalRequest) -> HttpResponse:
    """Products, below their order point first."""
    q = request.GET.get("q", "").strip()[:100]
    context = {
        "page": selectors.listed(request.person, q=q, number=page_number(request.GET.get("page"))),
        "q": q,
        "starred_ids": pins.starred_ids(request.person, "stock"),
        "system": state_of("erp"),
    }
    return page(request, "workspace/stock/list.html", context, fragment="workspace/stock/rows.html")
