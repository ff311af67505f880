"""Shipments: list, record, the next step, partial quantities."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.records import services as records
from apps.workspace.selectors import shipments as selectors
from apps.workspace.selectors.paging import page_number
from apps.workspace.selectors.parts import quoted
from apps.workspace.selectors.systems import state_of
from apps.workspace.views.failures import EXPECTED, Failure, describe
from apps.workspace.views.pinned import pinned

STATES = ("open", "gone")
MOST = Decimal(10) ** 9


@declare("erp.shipment", "view")
@require_GET
def shipment_list(request: PortalRequest) -> HttpResponse:
    """What has to leave the house first."""
    q, state = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
    state = state if state in STATES else ""
    context = {
        "page": selectors.listed(request.person, q=q, number=page_number(request.GET.get("page")), state=state),
        "q": q,
        "kept": [("state", state)] if state else [],
        "chosen_state": state,
        "state_options": [("", _("All"), None), ("open", _("To ship"), None), ("gone", _("Left the house"), None)],
        "system": state_of("erp"),
    }
    return page(request, "workspace/shipments/list.html", context, fragment="workspace/shipments/rows.html")


@declare("erp.shipment", "view")
@require_GET
def shipment_record(request: PortalRequest, shipment_id: str) -> HttpResponse:
    """One delivery note."""
    return _record(request, shipment_id)


def _record(request: PortalRequest, shipment_id: str, failure: Failure | None = None) -> HttpResponse:
    sheet = selectors.sheet(request.person, shipment_id)
    context = {**sheet, **pinned(request, "shipment", sheet["shipment"]["id"]), "system": state_of("erp"), "failure": failure}
    return page(request, "workspace/shipments/record.html", context, status=failure.status if failure else 200)


@declare("erp.shipment", "view")
@require_GET
def shipment_news(request: PortalRequest, shipment_id: str) -> HttpResponse:
    """Did it change since the page was shown? What is being typed stays."""
    shipment = selectors.found(request.person, shipment_id)
    changed = request.GET.get("seen", "") != str(shipment.get("state", ""))
    return render(request, "workspace/shipments/news.html", {"shipment": shipment, "changed": changed})


@declare("erp.shipment", "advance")
@require_POST
def shipment_advance(request: PortalRequest, shipment_id: str) -> HttpResponse:
    """The next step, in the ERP, as this person."""
    try:
        step = selectors.next_step(str(selectors.found(request.person, shipment_id).get("state", "")))
        if step is None or request.POST.get("to") != step.to:
            raise InvalidInput(_("The shipment is already further on. Look at its state, then go on."))
        records.advance_shipment(
            person=request.person,
            shipment_id=shipment_id,
            to=step.to,
            quantities=_quantities(request) if step.partial else {},
            now=clock.now(),
        )
    except EXPECTED as error:
        return _record(request, shipment_id, describe(error, title=_("The ERP did not take the step"), system="ERP"))
    messages.add_message(request, messages.SUCCESS, _("Done in the ERP: %(step)s") % {"step": step.label}, extra_tags="ok")
    return HttpResponseRedirect(f"/shipments/{quoted(shipment_id)}/")


def _quantities(request: PortalRequest) -> dict[str, Decimal]:
    """sku -> quantity to ship now. Raises InvalidInput for what is no number or negative."""
    found = {}
    for name, text in request.POST.items():
        if not name.startswith("quantity:"):
            continue
        try:
            number = Decimal(str(text).strip() or "0")
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or not 0 <= number <= MOST:
            raise InvalidInput(_("A quantity must be a number from 0 on."))
        found[name.removeprefix("quantity:")] = number
    return found
