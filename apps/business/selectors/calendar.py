"""What stands on a person's calendar: visits, to-dos that fall due, absences of the own department."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.business.models import CalendarLink
from apps.business.selectors.visits import visits_between
from apps.directory import selectors as directory
from apps.notifications import selectors as notifications

VIEWS = ("month", "week", "agenda")
DUE_LENGTH = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class Entry:
    """One line of a calendar. `kind`: visit | due | absence. Whole days have `last_date`; `mine`: the person's own absence (may be cancelled);
    `short`: the title where there is little room, empty: the title itself."""

    kind: str
    ident: str
    title: str
    first_date: dt.date
    last_date: dt.date
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    url: str = ""
    place: str = ""
    mine: bool = False
    short: str = ""

    def covers(self, day: dt.date) -> bool:
        return self.first_date <= day <= self.last_date


@dataclass(frozen=True)
class Day:
    date: dt.date
    entries: list[Entry]
    inside: bool = True


def entries(person: Any, first: dt.date, last: dt.date, now: dt.datetime) -> list[Entry]:
    """From the first to the last day, both included, in the current time zone; whole days first, then by time."""
    zone = timezone.get_current_timezone()
    start, end = (dt.datetime.combine(day, dt.time(), zone) for day in (first, last + dt.timedelta(days=1)))
    found = [*_visits(person, start, end), *_due(person, start, end, now), *_absences(person, first, last)]
    return sorted(found, key=lambda one: (one.first_date, one.starts_at is not None, one.starts_at or start, one.title))


def _visits(person: Any, start: dt.datetime, end: dt.datetime) -> Iterable[Entry]:
    for row in visits_between(person, start, end):
        begin, over = row.get("starts_at"), row.get("ends_at")
        if isinstance(begin, dt.datetime) and isinstance(over, dt.datetime):  # whoever may not read when, has it on no calendar
            whom = str(row.get("customer", row.get("number", "")))
            title = _("Visit: %(customer)s") % {"customer": whom}
            yield replace(_timed("visit", str(row["id"]), title, begin, over, f"/visits/{row['id']}/", str(row.get("place", ""))), short=whom)


def _due(person: Any, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> Iterable[Entry]:
    for row in notifications.inbox(person, now=now, todo=True).filter(due_at__gte=start, due_at__lt=end):
        shown = notifications.rendered(row, person)
        if row.due_at is None:  # the filter leaves none
            continue
        entry = _timed("due", str(row.pk), _("Due: %(title)s") % {"title": shown.title}, row.due_at, row.due_at + DUE_LENGTH, shown.url or "/inbox/")
        yield replace(entry, short=shown.about or shown.title)


def _absences(person: Any, first: dt.date, last: dt.date) -> Iterable[Entry]:
    language = get_language() or "en"
    for row in directory.absences_around(person, first, last):
        own = row.person_id == person.pk
        name = _("You are away") if own else _("%(name)s is away") % {"name": row.person.display(language)}
        deputy = _("%(name)s stands in") % {"name": row.deputy.display(language)} if row.deputy else ""
        yield Entry("absence", str(row.pk), name, row.first_date, row.last_date, place=deputy, mine=own)


def _timed(kind: str, ident: str, title: str, begin: dt.datetime, end: dt.datetime, url: str, place: str = "") -> Entry:
    last = max(begin, end - dt.timedelta(seconds=1))
    return Entry(kind, ident, title, timezone.localtime(begin).date(), timezone.localtime(last).date(), begin, end, url, place)


def days(found: list[Entry], first: dt.date, last: dt.date, month: int = 0) -> list[Day]:
    """Each day with what stands on it. `month`: days of other months are outside."""
    dates = [first + dt.timedelta(days=at) for at in range((last - first).days + 1)]
    return [Day(day, [one for one in found if one.covers(day)], not month or day.month == month) for day in dates]


def span(view: str, day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day that a view shows: whole weeks of the month, the week, or thirty days."""
    if view == "agenda":
        return day, day + dt.timedelta(days=29)
    if view == "week":
        monday = day - dt.timedelta(days=day.weekday())
        return monday, monday + dt.timedelta(days=6)
    begin = day.replace(day=1)
    end = (begin + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    return begin - dt.timedelta(days=begin.weekday()), end + dt.timedelta(days=6 - end.weekday())


def calendar_link(person: Any) -> CalendarLink | None:
    """The person's link, without its secret."""
    return CalendarLink.objects.filter(person_id=person.pk).first()


def person_of_link(token: str) -> Any:
    """Whose calendar this secret opens; None for an unknown one and for somebody who left."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    link = CalendarLink.objects.select_related("person__org_unit").filter(token_sha256=digest, person__active=True).first()
    return link.person if link else None
