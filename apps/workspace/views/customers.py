"""Customers: list, record, edit (written to the CRM), follow-ups."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import NotPermitted
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.records import services as records
from apps.workspace.selectors import customers as selectors
from apps.workspace.selectors.paging import page_number
from apps.workspace.selectors.systems import state_of
from apps.workspace.views.failures import EXPECTED, Failure, describe
from apps.workspace.views.pinned import pinned


@declare("crm.customer", "view")
@require_GET
def customer_list(request: PortalRequest) -> HttpResponse:
    """All customers this person may see."""
    q = request.GET.get("q", "").strip()[:100]
    context = {
        "page": selectors.listed(request.person, q=q, number=page_number(request.GET.get("page"))),
        "q": q,
        "system": state_of("crm"),
    }
    return page(request, "workspace/customers/list.html", context, fragment="workspace/customers/rows.html")


@declare("crm.customer", "view")
@require_GET
def customer_record(request: PortalRequest, customer_id: str) -> HttpResponse:
    """One customer with deals, orders, follow-ups and, for those who may, the receivable."""
    return _record(request, customer_id)


def _record(request: PortalRequest, customer_id: str, *, failure: Failure | None = None, form: Any = None) -> HttpResponse:
    sheet = selectors.sheet(request.person, customer_id)
    context = {
        **sheet,
        **pinned(request, "customer", sheet["customer"]["id"]),
        "system": state_of("crm"),
        "erp": state_of("erp"),
        "failure": failure,
        "form": form or {"channel": "call", "subject": "", "body": ""},
        "channels": selectors.CHANNELS,
    }
    status = failure.status if failure else 200
    return page(request, "workspace/customers/record.html", context, fragment="workspace/customers/sheet.html", status=status)


@declare("crm.customer", "edit")
@require_http_methods(["GET", "POST"])
def customer_edit(request: PortalRequest, customer_id: str) -> HttpResponse:
    """The form; saving writes to the CRM as this person and reads back. A refusal shows the CRM's words and its values.

    403 for a customer that this person may see but not edit, whatever was posted."""
    failure = None
    if request.method == "POST":
        failure = _save(request, customer_id)
        if failure is None:
            messages.add_message(request, messages.SUCCESS, _("Saved in the CRM."), extra_tags="ok")
            return HttpResponseRedirect(_url(customer_id))
    customer = selectors.found(request.person, customer_id)
    selectors.require_edit(request.person, customer)
    context = {
        "customer": customer,
        "fields": selectors.form_fields(request.person, customer, failure.fields if failure else {}),
        "system": state_of("crm"),
        "failure": failure,
    }
    return page(request, "workspace/customers/edit.html", context, status=failure.status if failure else 200)


def _save(request: PortalRequest, customer_id: str) -> Failure | None:
    """None: saved. A field that this person may not write is sent on all the same: the service refuses it, and the refusal is audited."""
    fields = selectors.form_fields(request.person, selectors.found(request.person, customer_id), {})
    posted = {f.name: request.POST[f.name].strip() for f in fields if f.name in request.POST}
    changes = {f.name: posted[f.name] for f in fields if f.name in posted and posted[f.name] != str(f.value or "")}
    if not changes:
        return None
    labels = {f.name: str(f.label) for f in fields}
    try:
        records.edit_customer(
            person=request.person,
            customer_id=customer_id,
            changes=changes,
            if_version=request.POST.get("version", ""),
            now=clock.now(),
        )
    except NotPermitted:
        raise
    except EXPECTED as error:
        entered = [(labels[name], text) for name, text in changes.items()]
        return describe(error, title=_("The CRM did not take the change"), system="CRM", entered=entered)
    return None


@declare("crm.follow_up", "create")
@require_POST
def follow_up_add(request: PortalRequest, customer_id: str) -> HttpResponse:
    """A follow-up, written to the CRM as this person."""
    form = {name: request.POST.get(name, "").strip() for name in ("channel", "subject", "body")}
    if form["channel"] not in selectors.CHANNELS:
        form["channel"] = "note"
    try:
        records.add_follow_up(person=request.person, customer_id=customer_id, now=clock.now(), **form)
    except EXPECTED as error:
        failure = describe(error, title=_("The CRM did not take the follow-up"), system="CRM",
                           entered=[(_("Subject"), form["subject"])])  # fmt: skip
        return _record(request, customer_id, failure=failure, form=form)
    messages.add_message(request, messages.SUCCESS, _("Follow-up added in the CRM."), extra_tags="ok")
    return HttpResponseRedirect(_url(customer_id))


def _url(customer_id: str) -> str:
    return f"/customers/{quote(customer_id, safe='')}/"
