"""Changing people, org units and reporting lines. Who may call is the caller's business: these are set-up and
provisioning steps, not pages."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.clock import company_today
from apps.core.errors import InvalidInput, NotFound
from apps.directory.events import PEOPLE_MOVED
from apps.directory.models import Absence, OrgUnit, Person, ReportingLine
from apps.jobs import services as jobs


def upsert_unit(*, code: str, name: str, name_zh: str = "", parent: OrgUnit | None = None) -> OrgUnit:
    """Make or rename the unit with this code; a unit that moves takes everything below it along."""
    with transaction.atomic():
        unit = OrgUnit.objects.select_for_update().filter(code=code).first()
        if unit is None:
            unit = OrgUnit(code=code)
        old_path = unit.path
        prefix = OrgUnit.objects.get(pk=parent.pk).path if parent else "/"
        if old_path and prefix.startswith(old_path):
            raise InvalidInput(_("A department cannot stand below itself. Choose another parent."))
        unit.name, unit.name_zh, unit.parent, unit.path = name, name_zh, parent, f"{prefix}{unit.pk.hex}/"
        unit.save()
        if old_path and old_path != unit.path:
            for below in OrgUnit.objects.filter(path__startswith=old_path).exclude(pk=unit.pk):
                below.path = unit.path + below.path[len(old_path) :]
                below.save(update_fields=["path"])
    return unit


def upsert_person(
    *,
    login: str,
    issuer: str,
    subject: str,
    name: str,
    now: dt.datetime,
    name_zh: str = "",
    email: str = "",
    email_verified: bool = False,
    title: str = "",
    title_zh: str = "",
    employee_number: str = "",
    phone: str = "",
    org_unit: OrgUnit | None = None,
) -> Person:
    """Make or change the person with this issuer and subject; the login may change, the key never does. Leaves
    `active` alone."""
    with transaction.atomic():
        before = Person.objects.filter(issuer=issuer, subject=subject).values_list("org_unit", flat=True).first()
        person, made = Person.objects.update_or_create(
            issuer=issuer,
            subject=subject,
            defaults={
                "login": login,
                "name": name,
                "name_zh": name_zh,
                "email": email,
                "email_verified": email_verified,
                "title": title,
                "title_zh": title_zh,
                "employee_number": employee_number,
                "phone": phone,
                "org_unit": org_unit,
                "updated_at": now,
            },
        )
        audit.record(
            actor=None,
            action="directory.person.added" if made else "directory.person.changed",
            object=f"directory.person:{login}",
            data={"org_unit": org_unit.code if org_unit else "", "employee_number": employee_number},
            now=now,
        )
        if not made and before != person.org_unit_id:
            _tell_of_a_move(now)
    return person


def _tell_of_a_move(now: dt.datetime) -> None:
    jobs.publish(event=PEOPLE_MOVED, data={}, now=now, order_key=PEOPLE_MOVED)


def set_active(*, person_id: uuid.UUID, active: bool, now: dt.datetime, actor: Person | None = None) -> Person:
    """Switch a person on or off. Off: signed-in sessions see nothing from the next request on; nothing is deleted."""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=person_id)
        if person.active != active:
            person.active, person.updated_at = active, now
            person.save(update_fields=["active", "updated_at"])
            audit.record(
                actor=actor,
                action="directory.person.activated" if active else "directory.person.deactivated",
                object=f"directory.person:{person.login}",
                data={},
                now=now,
            )
            _tell_of_a_move(now)
    return person


def set_manager(*, person: Person, managers: list[Person], now: dt.datetime, actor: Person | None = None) -> None:
    """Replace the person's managers by line with these (none, one or several)."""
    if person in managers:
        raise InvalidInput(_("Nobody reports to himself or herself. Choose another manager."))
    with transaction.atomic():
        ReportingLine.objects.filter(person=person, kind=ReportingLine.Kind.LINE).exclude(manager__in=managers).delete()
        for manager in managers:
            ReportingLine.objects.get_or_create(person=person, manager=manager, kind=ReportingLine.Kind.LINE)
        audit.record(
            actor=actor,
            action="directory.reporting_line.set",
            object=f"directory.person:{person.login}",
            data={"managers": sorted(manager.login for manager in managers)},
            now=now,
        )


LONGEST_ABSENCE = dt.timedelta(days=366)


def add_absence(*, person: Person, first_date: dt.date | None, last_date: dt.date | None, deputy_id: uuid.UUID | str | None = None, reason: str = "",
                now: dt.datetime) -> Absence:
    """The person will be away. Raises NotPermitted, InvalidInput (fields first_date, last_date, deputy)."""
    decide(person, "edit", "directory.absence", person.pk).require(_("You may not enter absences."))
    deputy = Person.objects.filter(pk=deputy_id, active=True).exclude(pk=person.pk).first() if deputy_id else None
    problems: dict[str, list[str]] = {}
    if first_date is None or last_date is None:
        problems = {name: [_("Fill this in.")] for name, day in (("first_date", first_date), ("last_date", last_date)) if day is None}
    elif last_date < first_date:
        problems["last_date"] = [_("It ends before it begins.")]
    elif last_date < company_today(now) or last_date - first_date > LONGEST_ABSENCE:
        problems["last_date"] = [_("Choose a day that is still to come, within a year.")]
    if deputy_id and deputy is None:
        problems["deputy"] = [_("Choose a colleague from the list.")]
    if problems or first_date is None or last_date is None:
        raise InvalidInput(_("Some fields need another value."), details={"fields": problems})
    with transaction.atomic():
        absence = Absence.objects.create(person=person, first_date=first_date, last_date=last_date, deputy=deputy, reason=reason.strip()[:200], created_at=now)
        audit.record(actor=person, action="directory.absence.added", object=f"directory.person:{person.login}", now=now,
                     data={"first_date": first_date.isoformat(), "last_date": last_date.isoformat(), "deputy": deputy.login if deputy else ""})
    return absence


def cancel_absence(*, person: Person, absence_id: uuid.UUID, now: dt.datetime) -> None:
    """The person is there after all; a second time changes nothing. Raises NotFound: another person's absence does not exist for this."""
    if not decide(person, "edit", "directory.absence", person.pk).allowed or not Absence.objects.filter(pk=absence_id, person=person).exists():
        raise NotFound(_("There is no such absence, or it is not yours."))
    with transaction.atomic():
        if Absence.objects.filter(pk=absence_id, person=person, cancelled_at=None).update(cancelled_at=now):
            audit.record(actor=person, action="directory.absence.cancelled", object=f"directory.person:{person.login}", data={}, now=now)
