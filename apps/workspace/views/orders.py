"""Sales orders, and the way into the ERP's own screens."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.core.access import declare
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.workspace.selectors import orders as selectors
from apps.workspace.selectors.paging import page_number
from apps.workspace.selectors.systems import state_of
from apps.workspace.views.pinned import pinned


@declare("erp.order", "view")
@require_GET
def order_list(request: PortalRequest) -> HttpResponse:
    """Orders this person may see, newest first."""
    q = request.GET.get("q", "").strip()[:100]
    context = {
        "page": selectors.listed(request.person, q=q, number=page_number(request.GET.get("page"))),
        "q": q,
        "system": state_of("erp"),
    }
    return page(request, "workspace/orders/list.html", context, fragment="workspace/orders/rows.html")


@declare("erp.order", "view")
@require_GET
def order_record(request: PortalRequest, order_id: str) -> HttpResponse:
    """One order with lines, shipments and, for those who may, invoices."""
    sheet = selectors.sheet(request.person, order_id)
    context = {**sheet, **pinned(request, "order", sheet["order"]["id"]), "system": state_of("erp")}
    return page(request, "workspace/orders/record.html", context, fragment="workspace/orders/sheet.html")
