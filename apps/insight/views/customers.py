"""Joined customers: the sample profile, exports, consents."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError
from apps.core.requests import PortalRequest, page_number
from apps.insight.policies.customers import FIELDS
from apps.insight.selectors import customers as selectors
from apps.insight.services import customers as services


@declare("insight.customer_data", "view")
@require_GET
def profile(request: PortalRequest) -> HttpResponse:
    """Segments of customers with consent, what may be exported, and what each field means."""
    now = clock.now()
    groups, count = selectors.profile(request.person, now=now)
    largest = max((group.rows or 0 for group in groups), default=0) or 1
    context = {
        "groups": [(group, round(100 * (group.rows or 0) / largest)) for group in groups], "count": count, "fields": FIELDS.items(), "now": now,
        "files": selectors.files(request.person), "may_export": selectors.may(request.person, "export"),
        "may_consent": selectors.may(request.person, "consent"),
    }  # fmt: skip
    return render(request, "insight/customers.html", context)


@declare("insight.customer_data", "export")
@require_POST
def order(request: PortalRequest) -> HttpResponse:
    """`form`: csv or jsonl."""
    try:
        services.order_file(person=request.person, form=request.POST.get("form", ""), now=clock.now())
    except DomainError as error:
        messages.error(request, str(error), extra_tags="danger")
    else:
        messages.success(request, _("The file is being made. It stands in the list in a moment."), extra_tags="ok")
    return HttpResponseRedirect("/board/customers/#files")


@declare("insight.customer_data", "export")
@require_GET
def take(request: PortalRequest, file_id: uuid.UUID) -> HttpResponse:
    """The file itself."""
    return answer(services.taken(person=request.person, file_id=file_id, now=clock.now()))


@declare("insight.customer_data", "consent")
@require_GET
def consents(request: PortalRequest) -> HttpResponse:
    """Customers, and what each agreed to."""
    q = request.GET.get("q", "")[:100]
    listing, known = selectors.consents(request.person, q=q, page=page_number(request.GET.get("page")))
    rows = [(row, known.get(str(row.get("key") or ""))) for row in listing.rows if row.get("key")]
    return render(request, "insight/consents.html", {"rows": rows, "listing": listing, "q": q})


@declare("insight.customer_data", "consent")
@require_POST
def consent_record(request: PortalRequest) -> HttpResponse:
    """`customer`, `given`, `basis`."""
    try:
        services.record_consent(person=request.person, customer_key=request.POST.get("customer", "")[:60], given=bool(request.POST.get("given")),
                                basis=request.POST.get("basis", ""), now=clock.now())
    except DomainError as error:
        messages.error(request, str(error), extra_tags="danger")
    else:
        messages.success(request, _("Recorded."), extra_tags="ok")
    query = request.GET.urlencode()
    return HttpResponseRedirect(f"/board/customers/consents/{'?' + query if query else ''}")


def answer(row: object) -> HttpResponse:
    """A file as a download."""
    form = row.form  # type: ignore[attr-defined]
    return HttpResponse(bytes(row.content), content_type=services.FORMS[form], headers={  # type: ignore[attr-defined]
        "Content-Disposition": f'attachment; filename="customers.{form}"', "Cache-Control": "no-store"})
