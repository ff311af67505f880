"""Customer visits: list, form, record, report."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.business import forms, selectors, services
from apps.core import clock
from apps.core.access import declare, plan
from apps.core.errors import DomainError, InvalidInput, NotFound, NotPermitted
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.directory import selectors as directory

VIEWS = ("coming", "report", "all")


@declare("business.visit", "view")
@require_GET
def visit_list(request: PortalRequest) -> HttpResponse:
    """Visits this person makes, joins or may see."""
    now, view = clock.now(), request.GET.get("view", "coming")
    view = view if view in VIEWS else "coming"
    found = selectors.visits(request.person, view=view, now=now, page=forms.number_of(request.GET.get("page")))
    labels = {"coming": _("Coming"), "report": _("To report"), "all": _("All")}
    context = {
        "page": found, "view": view, "may_create": plan(request.person, "create", "business.visit").allowed,
        "tabs": [(f"/visits/?view={name}", labels[name], None, name == view) for name in VIEWS],
    }  # fmt: skip
    return page(request, "business/visits/list.html", context, fragment="business/visits/rows.html")


@declare("business.visit", "view")
@require_GET
def visit_record(request: PortalRequest, visit_id: uuid.UUID) -> HttpResponse:
    """One visit; the part that changes for htmx."""
    return page(request, "business/visits/record.html", _record(request, visit_id), fragment="business/visits/sheet.html")


def _record(request: PortalRequest, visit_id: uuid.UUID) -> dict[str, Any]:
    now, visit = clock.now(), _visit(request, visit_id)
    mine = visit["owner_id"] == request.person.pk and plan(request.person, "create", "business.visit").allowed
    open_states = ("REQUESTED", "APPROVED", "RETURNED")
    return {
        "visit": visit, "now": now, "mine": mine, "may_change": mine and visit.get("state") in open_states,
        "may_report": mine and visit.get("state") == "APPROVED" and _past(visit.get("starts_at"), now),
        "over": _past(visit.get("ends_at"), now),
    }  # fmt: skip


def _visit(request: PortalRequest, visit_id: uuid.UUID) -> Any:
    try:
        return selectors.visit(request.person, visit_id)
    except NotFound as error:
        raise Http404 from error


@declare("business.visit", "create")
@require_http_methods(["GET", "POST"])
def visit_new(request: PortalRequest) -> HttpResponse:
    """The application. `?customer=`: chosen already."""
    if request.method == "GET":
        return _form(request, {"customer_id": request.GET.get("customer", "")[:120], "companions": []})
    typed = forms.visit_typed(request.POST)
    if "find" in request.POST:
        return _form(request, typed)
    try:
        visit = services.request_visit(person=request.person, customer_id=typed["customer_id"], now=clock.now(), **forms.visit_input(typed))
    except InvalidInput as error:
        return _form(request, typed, error)
    messages.success(request, _("Asked for. You are told when it is decided."))
    return HttpResponseRedirect(f"/visits/{visit.pk}/")


@declare("business.visit", "create")
@require_http_methods(["GET", "POST"])
def visit_change(request: PortalRequest, visit_id: uuid.UUID) -> HttpResponse:
    """Move or reword it."""
    visit = _visit(request, visit_id)
    if visit["owner_id"] != request.person.pk:
        raise NotPermitted(_("Only the visitor changes a visit."))
    if request.method == "GET":
        return _form(request, _typed_of(visit), visit=visit)
    typed = forms.visit_typed(request.POST)
    if "find" in request.POST:
        return _form(request, typed, visit=visit)
    try:
        changed = services.change_visit(person=request.person, visit_id=visit_id, now=clock.now(), **forms.visit_input(typed))
    except DomainError as error:
        return _form(request, typed, error, visit=visit)
    asked_again = changed.round > 1 and changed.state == "REQUESTED"
    messages.success(request, _("Changed. On its new day it is asked for again.") if asked_again else _("Changed."))
    return HttpResponseRedirect(f"/visits/{visit_id}/")


def _typed_of(visit: Any) -> dict[str, Any]:
    seen = {name: value for name, value in visit.items() if name not in visit.masked}
    local = {name: timezone.localtime(seen[name]).strftime("%Y-%m-%dT%H:%M") for name in ("starts_at", "ends_at") if name in seen}
    chosen = [str(one.pk) for one in seen.get("companions", ())]
    return {"starts_at": "", "ends_at": "", **local, "companions": chosen, **{name: seen.get(name, "") for name in ("customer_id", "place", "purpose")}}


def _past(at: Any, now: dt.datetime) -> bool:
    """Whoever may not read when it is, is told of no moment that has passed."""
    return isinstance(at, dt.datetime) and at <= now


def _form(request: PortalRequest, typed: dict[str, Any], error: DomainError | None = None, visit: Any = None) -> HttpResponse:
    fields = error.details.get("fields", {}) if error else {}
    route = selectors.approver_of_person(request.person)
    context = {
        "typed": typed, "errors": fields, "refusal": error if error and not fields else None, "visit": visit,
        "deciders": list(directory.people_by_id(route.person_ids).values()), "fallback": route.fallback,
        **_customer_hits(request, typed.get("customer_q", ""), typed["customer_id"]), **_people_hits(request, typed.get("people_q", ""), typed["companions"]),
    }  # fmt: skip
    return render(request, "business/visits/form.html", context, status=error.status if error else 200)


@declare("business.visit", "create")
@require_GET
def customer_hits(request: PortalRequest) -> HttpResponse:
    """The list under the customer's search field."""
    context = _customer_hits(request, request.GET.get("customer_q", ""), request.GET.get("customer_id", ""))
    return render(request, "business/parts/customer_hits.html", context)


def _customer_hits(request: PortalRequest, q: str, chosen_id: str) -> dict[str, Any]:
    found, chosen = selectors.customers_to_pick(request.person, q.strip()[:100], chosen_id[:120])
    return {"customers": found, "chosen_customer": chosen, "customer_q": q.strip()[:100]}


@declare("business.visit", "create")
@require_GET
def people_hits(request: PortalRequest) -> HttpResponse:
    """The list under the colleagues' search field."""
    context = _people_hits(request, request.GET.get("people_q", ""), forms.ids_of(request.GET.getlist("companions")))
    return render(request, "business/parts/people_hits.html", context)


def _people_hits(request: PortalRequest, q: str, chosen: list[str]) -> dict[str, Any]:
    found, kept = selectors.people_to_pick(q.strip()[:100], chosen, without=request.person)
    return {"people": found, "chosen_people": kept, "people_q": q.strip()[:100], "pick_name": "companions"}


@declare("business.visit", "create")
@require_POST
def visit_cancel(request: PortalRequest, visit_id: uuid.UUID) -> HttpResponse:
    """Call it off."""
    try:
        services.cancel_visit(person=request.person, visit_id=visit_id, reason=request.POST.get("reason", ""), now=clock.now())
        messages.success(request, _("Cancelled. Whoever was asked or invited has been told."))
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(f"/visits/{visit_id}/")


@declare("business.visit", "create")
@require_http_methods(["GET", "POST"])
def visit_report(request: PortalRequest, visit_id: uuid.UUID) -> HttpResponse:
    """Write the report."""
    context, error = _record(request, visit_id), None
    if request.method == "POST":
        try:
            services.report_visit(person=request.person, visit_id=visit_id, report=request.POST.get("report", ""), now=clock.now())
            messages.success(request, _("Reported. The CRM gets it as a follow-up."))
            return HttpResponseRedirect(f"/visits/{visit_id}/")
        except NotFound as missing:
            raise Http404 from missing
        except DomainError as refused:
            error = refused
    fields = error.details.get("fields", {}) if error else {}
    context |= {"report": request.POST.get("report", ""), "errors": fields, "refusal": error if error and not fields else None}
    return render(request, "business/visits/report.html", context, status=error.status if error else 200)
