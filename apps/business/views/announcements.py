"""Announcements for their readers and writers, and cases copied to somebody."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.access import selectors as access
from apps.business import forms, selectors, services
from apps.core import clock
from apps.core.access import decide, declare, plan
from apps.core.errors import DomainError, NotFound
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.directory import selectors as directory
from apps.workflows import selectors as workflow_selectors

VIEW, MANAGE = ("business.announcement", "view"), ("business.announcement", "manage")


def _tabs(request: PortalRequest, current: str) -> list[tuple[str, str, Any, bool]]:
    found = [("/announcements/", _("Announcements"), None, current == "shown"), ("/announcements/copies/", _("Copied to me"), None, current == "copies")]
    if plan(request.person, "manage", "business.announcement").allowed:
        found.append(("/announcements/written/", _("Written by us"), None, current == "written"))
    return found


@declare(*VIEW)
@require_GET
def announcement_list(request: PortalRequest) -> HttpResponse:
    """What is shown to this person now."""
    found = selectors.announcements(request.person, now=clock.now(), page=forms.number_of(request.GET.get("page")))
    context = {"page": found, "tabs": _tabs(request, "shown"), "may_manage": plan(request.person, "manage", "business.announcement").allowed}
    return page(request, "business/announcements/list.html", context, fragment="business/announcements/rows.html")


@declare(*MANAGE)
@require_GET
def announcement_written(request: PortalRequest) -> HttpResponse:
    """Drafts and what was published, for those who write."""
    found = selectors.written(request.person, page=forms.number_of(request.GET.get("page")))
    context = {"page": found, "tabs": _tabs(request, "written"), "may_manage": True, "writing": True, "now": clock.now()}
    return page(request, "business/announcements/list.html", context, fragment="business/announcements/rows.html")


@declare(*VIEW)
@require_GET
def announcement_record(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """One announcement; opening it is reading it."""
    now = clock.now()
    try:
        services.read_announcement(person=request.person, announcement_id=announcement_id, now=now)
        reading = selectors.announcement(request.person, announcement_id, now)
    except NotFound as error:
        raise Http404 from error
    may_manage = decide(request.person, "manage", "business.announcement", reading.row.author_id).allowed
    report = selectors.reading_report(reading.row) if may_manage and reading.row.state != "DRAFT" else None
    context = {
        "reading": reading, "may_manage": may_manage, "report": report, "now": now, "coming": reading.row.visible_from > now,
        "corrected_at": selectors.corrected_at(reading.row),
    }  # fmt: skip
    return page(request, "business/announcements/record.html", context, fragment="business/announcements/sheet.html")


@declare(*MANAGE)
@require_http_methods(["GET", "POST"])
def announcement_form(request: PortalRequest, announcement_id: uuid.UUID | None = None) -> HttpResponse:
    """Write a draft; with the button "publish" it is published at once."""
    if request.method == "GET":
        return _form(request, _typed_of(request, announcement_id), announcement_id)
    typed = forms.announcement_typed(request.POST)
    if "find" in request.POST:
        return _form(request, typed, announcement_id)
    try:
        row = services.save_announcement(person=request.person, fields=forms.announcement_input(typed), announcement_id=announcement_id, now=clock.now())
        if "publish" in request.POST:
            services.publish_announcement(person=request.person, announcement_id=row.pk, now=clock.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _form(request, typed, announcement_id, error)
    messages.success(request, _("Published.") if "publish" in request.POST else _("Saved as a draft."))
    return HttpResponseRedirect(f"/announcements/{row.pk}/")


@declare(*MANAGE)
@require_http_methods(["GET", "POST"])
def announcement_correct(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Other words for what is published."""
    typed = {**_typed_of(request, announcement_id), "ask_again": False}
    error: DomainError | None = None
    if request.method == "POST":
        typed |= {**forms.words_typed(request.POST), "ask_again": "ask_again" in request.POST}
        try:
            services.correct_announcement(person=request.person, announcement_id=announcement_id, texts=typed, ask_again=typed["ask_again"],
                                          now=clock.now())
        except NotFound as missing:
            raise Http404 from missing
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("Corrected."))
            return HttpResponseRedirect(f"/announcements/{announcement_id}/")
    fields = error.details.get("fields", {}) if error else {}
    context = {"typed": typed, "errors": fields, "refusal": error if error and not fields else None, "announcement_id": announcement_id}
    return render(request, "business/announcements/correct.html", context, status=error.status if error else 200)


def _typed_of(request: PortalRequest, announcement_id: uuid.UUID | None) -> dict[str, Any]:
    if announcement_id is None:
        return {"everybody": False, "unit_ids": [], "role_ids": [], "person_ids": []}
    try:
        row = selectors.announcement_of(request.person, announcement_id, clock.now())
    except NotFound as error:
        raise Http404 from error
    decide(request.person, "manage", "business.announcement", row.author_id).require(_("Only its writer changes an announcement."))
    moments = {name: _local(getattr(row, name)) for name in ("visible_from", "visible_until", "confirm_by")}
    plain = {name: getattr(row, name) for name in ("title", "title_zh", "body", "body_zh", "everybody", "pinned", "confirm")}
    lists = {"unit_ids": row.org_units.all(), "role_ids": row.roles.all(), "person_ids": row.people.all()}
    return {**plain, **moments, **{name: [str(one.pk) for one in rows] for name, rows in lists.items()}}


def _local(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M") if at else ""


def _form(request: PortalRequest, typed: dict[str, Any], announcement_id: uuid.UUID | None, error: DomainError | None = None) -> HttpResponse:
    fields = error.details.get("fields", {}) if error else {}
    q = typed.get("people_q", "").strip()[:100]
    found, kept = selectors.people_to_pick(q, typed["person_ids"])
    context = {
        "typed": typed, "errors": fields, "refusal": error if error and not fields else None, "announcement_id": announcement_id,
        "units": [(unit, str(unit.pk) in typed["unit_ids"], unit.path.count("/") - 2) for unit in directory.units()],
        "roles": [(role, str(role.pk) in typed["role_ids"]) for role in access.roles()],
        "people": found, "chosen_people": kept, "people_q": q, "pick_name": "person_ids",
    }  # fmt: skip
    return render(request, "business/announcements/form.html", context, status=error.status if error else 200)


@declare(*MANAGE)
@require_GET
def announcement_people(request: PortalRequest) -> HttpResponse:
    """The list under the search field of people."""
    q = request.GET.get("people_q", "").strip()[:100]
    found, kept = selectors.people_to_pick(q, forms.ids_of(request.GET.getlist("person_ids")))
    context = {"people": found, "chosen_people": kept, "people_q": q, "pick_name": "person_ids"}
    return render(request, "business/parts/people_hits.html", context)


def _act(request: PortalRequest, announcement_id: uuid.UUID, act: Callable[[], Any], done: Callable[[Any], str]) -> HttpResponse:
    try:
        messages.success(request, done(act()))
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(f"/announcements/{announcement_id}/")


@declare(*MANAGE)
@require_POST
def announcement_publish(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Publish a draft."""
    return _act(request, announcement_id,
                lambda: services.publish_announcement(person=request.person, announcement_id=announcement_id, now=clock.now()), lambda _row: _("Published."))


@declare(*MANAGE)
@require_POST
def announcement_withdraw(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Show it no more."""
    return _act(request, announcement_id,
                lambda: services.withdraw_announcement(person=request.person, announcement_id=announcement_id, now=clock.now()),
                lambda _row: _("Withdrawn. Nobody sees it any more."))  # fmt: skip


@declare(*MANAGE)
@require_POST
def announcement_pin(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Hold it at the top or let it go."""
    pinned = request.POST.get("pinned") == "1"
    return _act(request, announcement_id,
                lambda: services.pin_announcement(person=request.person, announcement_id=announcement_id, pinned=pinned, now=clock.now()),
                lambda row: _("Pinned.") if row.pinned else _("No longer pinned."))  # fmt: skip


@declare(*MANAGE)
@require_POST
def announcement_remind(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Remind whoever is missing."""
    return _act(request, announcement_id,
                lambda: services.remind_announcement(person=request.person, announcement_id=announcement_id, now=clock.now()),
                _reminded_words)  # fmt: skip


def _reminded_words(n: int) -> str:
    return ngettext("%(n)d person reminded.", "%(n)d people reminded.", n) % {"n": n} if n else _("Everybody missing was reminded within the last day.")


@declare(*VIEW)
@require_POST
def announcement_confirm(request: PortalRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """I have read it."""
    return _act(request, announcement_id,
                lambda: services.confirm_announcement(person=request.person, announcement_id=announcement_id, now=clock.now()),
                lambda _none: _("Confirmed."))  # fmt: skip


# --- copies -----------------------------------------------------------------------------------------------------------------------------------


@declare("business.circulation", "view")
@require_GET
def copy_list(request: PortalRequest) -> HttpResponse:
    """Cases copied to me."""
    found = selectors.copies_to(request.person, page=forms.number_of(request.GET.get("page")))
    return page(request, "business/announcements/copies.html", {"page": found, "tabs": _tabs(request, "copies")},
                fragment="business/announcements/copy_rows.html")


@declare("business.circulation", "view")
@require_GET
def case_copies(request: PortalRequest, business_key: str) -> HttpResponse:
    """The card on a case's timeline: who has a copy, and the form. Its reader's receipt is written here."""
    return _case(request, business_key)


@declare("business.circulation", "create")
@require_POST
def case_copy(request: PortalRequest, business_key: str) -> HttpResponse:
    """Copy the case to people."""
    typed: dict[str, Any] = {"person_ids": forms.ids_of(request.POST.getlist("person_ids")), "note": request.POST.get("note", "")[:500]}
    if "find" in request.POST:
        return _case(request, business_key, typed=typed, q=request.POST.get("people_q", ""))
    try:
        services.circulate(person=request.person, business_key=business_key, person_ids=typed["person_ids"], note=typed["note"], now=clock.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _case(request, business_key, typed=typed, error=error)
    return _case(request, business_key)


def _case(request: PortalRequest, business_key: str, *, typed: dict[str, Any] | None = None, q: str = "", error: DomainError | None = None) -> HttpResponse:
    try:
        instance = workflow_selectors.instance_for(request.person, business_key=business_key)
    except NotFound as missing:
        raise Http404 from missing
    services.read_copy(person=request.person, instance_id=instance.pk, now=clock.now())
    found, kept = selectors.people_to_pick(q.strip()[:100], (typed or {}).get("person_ids", []), without=request.person)
    context = {
        "business_key": business_key, "copies": selectors.copies_of(instance.pk), "typed": typed or {}, "error": error,
        "may_copy": plan(request.person, "create", "business.circulation").allowed, "people": found, "chosen_people": kept, "people_q": q.strip(),
        "pick_name": "person_ids", "open": bool(typed),
    }  # fmt: skip
    return page(request, "business/announcements/case_page.html", context, fragment="business/announcements/case.html", status=error.status if error else 200)


@declare("business.circulation", "create")
@require_GET
def case_people(request: PortalRequest) -> HttpResponse:
    """The list under the search field of people."""
    q = request.GET.get("people_q", "").strip()[:100]
    found, kept = selectors.people_to_pick(q, forms.ids_of(request.GET.getlist("person_ids")), without=request.person)
    context = {"people": found, "chosen_people": kept, "people_q": q, "pick_name": "person_ids"}
    return render(request, "business/parts/people_hits.html", context)
