"""Deals: board and list, record, set to won."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.records import services as records
from apps.workspace.selectors import deals as selectors
from apps.workspace.selectors.paging import page_number
from apps.workspace.selectors.parts import quoted
from apps.workspace.selectors.systems import state_of
from apps.workspace.views.failures import EXPECTED, Failure, describe
from apps.workspace.views.pinned import pinned


@declare("crm.deal", "view")
@require_GET
def deal_list(request: PortalRequest) -> HttpResponse:
    """Board by stage, or a list."""
    q = request.GET.get("q", "").strip()[:100]
    view = "list" if request.GET.get("view") == "list" else "board"
    context = {"q": q, "view": view, "kept": [("view", view)], "system": state_of("crm")}
    if view == "board":
        context["columns"] = selectors.board(request.person, q=q)
        context["currency"] = selectors.settings.COMPANY_CURRENCY
    else:
        context["page"] = selectors.listed(request.person, q=q, number=page_number(request.GET.get("page")))
    return page(request, "workspace/deals/list.html", context, fragment="workspace/deals/rows.html")


@declare("crm.deal", "view")
@require_GET
def deal_record(request: PortalRequest, deal_id: str) -> HttpResponse:
    """One deal with its lines and what came back from the ERP."""
    return _record(request, deal_id)


def _record(request: PortalRequest, deal_id: str, failure: Failure | None = None) -> HttpResponse:
    sheet = selectors.sheet(request.person, deal_id)
    context = {**sheet, **pinned(request, "deal", sheet["deal"]["id"]), "system": state_of("crm"), "failure": failure}
    status = failure.status if failure else 200
    return page(request, "workspace/deals/record.html", context, fragment="workspace/deals/sheet.html", status=status)


@declare("crm.deal", "win")
@require_POST
def deal_win(request: PortalRequest, deal_id: str) -> HttpResponse:
    """Set to won, in the CRM, as this person; the CRM's own event then starts the case."""
    try:
        records.move_deal(person=request.person, deal_id=deal_id, to="won", now=clock.now())
    except EXPECTED as error:
        failure = describe(error, title=_("The CRM did not take the change"), system="CRM")
        return _record(request, deal_id, failure)
    messages.add_message(request, messages.SUCCESS, _("Won. The approval is on its way."), extra_tags="ok")
    return HttpResponseRedirect(f"/deals/{quoted(deal_id)}/")
