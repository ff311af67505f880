"""Pages of payments, purchase orders, production orders and service requests."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.core.access import declare
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.workspace.selectors import documents as selectors
from apps.workspace.selectors.paging import page_number
from apps.workspace.selectors.systems import state_of
from apps.workspace.views.pinned import pinned


def _list(request: PortalRequest, name: str) -> HttpResponse:
    kind, q = selectors.KINDS[name], request.GET.get("q", "").strip()[:100]
    found = selectors.listed(request.person, kind, q=q, number=page_number(request.GET.get("page")))
    context = {"kind": kind, "page": found, "q": q, "system": state_of(kind.system)}
    return page(request, "workspace/documents/list.html", context, fragment="workspace/documents/rows.html")


def _record(request: PortalRequest, name: str, ident: str) -> HttpResponse:
    kind = selectors.KINDS[name]
    sheet = selectors.sheet(request.person, kind, ident)
    context = {**sheet, **pinned(request, name, sheet["record"]["id"]), "system": state_of(kind.system)}
    return page(request, "workspace/documents/record.html", context, fragment="workspace/documents/sheet.html")


@declare("erp.payment", "view")
@require_GET
def payment_list(request: PortalRequest) -> HttpResponse:
    """What customers paid."""
    return _list(request, "payment")


@declare("erp.payment", "view")
@require_GET
def payment_record(request: PortalRequest, ident: str) -> HttpResponse:
    return _record(request, "payment", ident)


@declare("erp.purchase_order", "view")
@require_GET
def purchase_order_list(request: PortalRequest) -> HttpResponse:
    """Orders to suppliers."""
    return _list(request, "purchase_order")


@declare("erp.purchase_order", "view")
@require_GET
def purchase_order_record(request: PortalRequest, ident: str) -> HttpResponse:
    return _record(request, "purchase_order", ident)


@declare("erp.production", "view")
@require_GET
def production_list(request: PortalRequest) -> HttpResponse:
    """Production orders."""
    return _list(request, "production")


@declare("erp.production", "view")
@require_GET
def production_record(request: PortalRequest, ident: str) -> HttpResponse:
    return _record(request, "production", ident)


@declare("crm.case", "view")
@require_GET
def case_list(request: PortalRequest) -> HttpResponse:
    """What customers asked for."""
    return _list(request, "case")


@declare("crm.case", "view")
@require_GET
def case_record(request: PortalRequest, ident: str) -> HttpResponse:
    return _record(request, "case", ident)
