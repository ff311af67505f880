"""Changing people, org units and reporting lines. Who may call is the caller's business: these are set-up and
provisioning steps, not pages."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.errors import InvalidInput
from apps.directory.models import OrgUnit, Person, ReportingLine


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
    return person


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
