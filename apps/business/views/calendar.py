"""The calendar: month, week, agenda; absences; the secret link and the feed behind it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.access import selectors as access
from apps.business import forms, policies, selectors, services
from apps.core import clock
from apps.core.access import declare, plan, public
from apps.core.errors import DomainError, NotFound
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.directory import selectors as directory
from apps.directory import services as directory_services
from apps.identity import selectors as identity

VIEWS = ("month", "week", "agenda")
PAST, AHEAD = dt.timedelta(days=31), dt.timedelta(days=180)


@declare("business.calendar", "view")
@require_GET
def calendar(request: PortalRequest) -> HttpResponse:
    """`?view=` month | week | agenda, `?day=` any day in it."""
    return _page(request)


def _page(request: PortalRequest, *, typed: dict[str, Any] | None = None, error: DomainError | None = None) -> HttpResponse:
    now = clock.now()
    today = timezone.localtime(now).date()
    view = request.GET.get("view", "month")
    view = view if view in VIEWS else "month"
    day = forms.day_of(request.GET.get("day", "")) or today
    day = day if dt.date(2000, 1, 1) <= day <= dt.date(2100, 1, 1) else today
    first, last = selectors.span(view, day)
    found = selectors.entries(request.person, first, last, now)
    shown = selectors.days(found, first, last, day.month if view == "month" else 0)
    labels = {"month": _("Month"), "week": _("Week"), "agenda": _("Agenda")}
    context = {
        "view": view, "day": day, "today": today, "first": first, "last": last, "weeks": [shown[at : at + 7] for at in range(0, len(shown), 7)],
        "days": shown, "busy": [one for one in shown if one.entries and one.inside], "previous": _moved(view, day, -1), "next": _moved(view, day, 1),
        "tabs": [(f"/calendar/?view={name}&day={day.isoformat()}", labels[name], None, name == view) for name in VIEWS],
        "weekdays": [dt.date(2024, 1, at) for at in range(1, 8)],  # a Monday and what follows
        "away": [one for one in found if one.mine], "may_absence": plan(request.person, "edit", "directory.absence").allowed,
        "typed": typed or {}, "errors": error.details.get("fields", {}) if error else {},
        "colleagues": [one for one in directory.active_people() if one.pk != request.person.pk][:500],
    }  # fmt: skip
    return page(request, "business/calendar/page.html", context, fragment="business/calendar/sheet.html", status=error.status if error else 200)


def _moved(view: str, day: dt.date, by: int) -> dt.date:
    if view == "week":
        return day + dt.timedelta(days=7 * by)
    if view == "agenda":
        return day + dt.timedelta(days=30 * by)
    begin = day.replace(day=1)
    return (begin + dt.timedelta(days=32)).replace(day=1) if by > 0 else (begin - dt.timedelta(days=1)).replace(day=1)


@declare("directory.absence", "edit")
@require_POST
def absence_add(request: PortalRequest) -> HttpResponse:
    """I will be away."""
    typed = {name: request.POST.get(name, "")[:200] for name in ("first_date", "last_date", "deputy", "reason")}
    deputy = next(iter(forms.ids_of([typed["deputy"]])), None)
    try:
        directory_services.add_absence(
            person=request.person, first_date=forms.day_of(typed["first_date"]), last_date=forms.day_of(typed["last_date"]), deputy_id=deputy,
            reason=typed["reason"], now=clock.now(),
        )  # fmt: skip
    except DomainError as error:
        return _page(request, typed=typed, error=error)
    messages.success(request, _("Entered. Your department sees the days, never the reason."))
    return HttpResponseRedirect("/calendar/")


@declare("directory.absence", "edit")
@require_POST
def absence_cancel(request: PortalRequest, absence_id: uuid.UUID) -> HttpResponse:
    """I am there after all."""
    try:
        directory_services.cancel_absence(person=request.person, absence_id=absence_id, now=clock.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The absence is taken back."))
    return HttpResponseRedirect("/calendar/")


@declare("business.calendar", "view")
@require_GET
def link(request: PortalRequest) -> HttpResponse:
    """The card of the profile page."""
    return _link(request)


@declare("business.calendar", "edit")
@require_POST
def link_make(request: PortalRequest) -> HttpResponse:
    """A new secret; shown this once."""
    token = services.make_calendar_link(person=request.person, now=clock.now())
    return _link(request, request.build_absolute_uri(f"/calendar/feed/{token}.ics"))


@declare("business.calendar", "edit")
@require_POST
def link_revoke(request: PortalRequest) -> HttpResponse:
    """The link opens nothing any more."""
    services.revoke_calendar_link(person=request.person, now=clock.now())
    return _link(request)


def _link(request: PortalRequest, url: str = "") -> HttpResponse:
    context = {"link": selectors.calendar_link(request.person), "url": url}
    response = page(request, "business/calendar/link_page.html", context, fragment="business/calendar/link.html")
    response["Cache-Control"] = "no-store"
    return response


@public("calendar programs cannot sign in: the secret in the address is the key, and opens one person's own calendar only")
@require_GET
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of the secret's person as iCalendar, with the rights of now. An unknown or revoked secret: 404."""
    person, now = selectors.person_of_link(token), clock.now()
    if person is None:
        raise Http404
    account = identity.account_by_subject(person.issuer, person.subject)
    zone = getattr(account, "time_zone", "") or settings.COMPANY_TIME_ZONE
    with access.one_request(), translation.override(getattr(account, "language", "") or settings.LANGUAGE_CODE), timezone.override(zone):
        if not plan(person, "view", "business.calendar").allowed:
            raise Http404
        today = timezone.localtime(now).date()
        found = selectors.entries(person, today - PAST, today + AHEAD, now)
        text = policies.ical.calendar(name=_("Atrium: %(name)s") % {"name": person.display(translation.get_language() or "en")},
                                      events=[_event(request, one) for one in found], stamp=now)
    services.touch_calendar_link(person=person, now=now)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    return response


def _event(request: HttpRequest, one: selectors.Entry) -> dict[str, Any]:
    whole = {"first_date": one.first_date, "last_date": one.last_date} if one.starts_at is None else {}
    url = request.build_absolute_uri(one.url) if one.url else ""
    return {"uid": f"{one.kind}-{one.ident}@atrium", "title": one.title, "place": one.place, "url": url, "starts_at": one.starts_at, "ends_at": one.ends_at,
            **whole}  # fmt: skip
