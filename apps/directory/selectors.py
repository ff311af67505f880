"""Reading people, org units and reporting lines."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.core.access import plan
from apps.core.errors import NotFound
from apps.core.people import KnownPerson
from apps.directory.models import Absence, OrgUnit, Person


def behind(account: Any) -> QuerySet[Person]:
    """The person behind an account (issuer, subject), active only: one or none."""
    if not getattr(account, "is_authenticated", False):
        return Person.objects.none()
    return Person.objects.select_related("org_unit").filter(issuer=account.issuer, subject=account.subject, active=True).order_by()


def person_of(account: Any) -> Person | None:
    """The person behind an account; None for a stranger and for nobody signed in."""
    return behind(account).first()


def get_person(person_id: uuid.UUID | str) -> Person:
    """The person with this id, active or not. Raises NotFound."""
    found = Person.objects.select_related("org_unit").filter(pk=person_id).first()
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


def find_person_by_login(login: str) -> Person | None:
    """By the company's short name."""
    return Person.objects.select_related("org_unit").filter(login=login).first()


def find_person_by_email(email: str) -> Person | None:
    """By a verified address, active or not; None when two people share it, since nobody can say who is meant. For
    records of outside systems only: a sign-on is never joined by e-mail."""
    if not email:
        return None
    found = list(Person.objects.select_related("org_unit").filter(email__iexact=email, email_verified=True)[:2])
    return found[0] if len(found) == 1 else None


def find_person_by_subject(issuer: str, subject: str) -> Person | None:
    """By the key that joins systems."""
    return Person.objects.select_related("org_unit").filter(issuer=issuer, subject=subject).first()


def managers_of(person: Person) -> list[Person]:
    """All managers by line, active or not, ordered by login: the caller's rule decides what several or none mean."""
    return list(Person.objects.filter(reports__person=person, reports__kind="line").select_related("org_unit").order_by("login"))


def unit_and_below(org_unit_id: uuid.UUID | None) -> set[uuid.UUID]:
    """Ids of a unit and of all units below it; empty for none."""
    unit = OrgUnit.objects.filter(pk=org_unit_id).first() if org_unit_id else None
    if unit is None:
        return set()
    return set(OrgUnit.objects.filter(path__startswith=unit.path).values_list("pk", flat=True))


def ids_in_unit(path: str) -> QuerySet[Person, uuid.UUID]:
    """A subquery of the ids of all people of a unit and below, for row filters; `path` is the unit's."""
    return Person.objects.filter(org_unit__path__startswith=path).values_list("pk", flat=True)


def people_in_units(unit_ids: Iterable[uuid.UUID]) -> list[Person]:
    """Active people of these units, by login."""
    return list(active_people().filter(org_unit_id__in=list(unit_ids)))


def active_people() -> QuerySet[Person]:
    """Everybody who works here now, by login."""
    return Person.objects.select_related("org_unit").filter(active=True).order_by("login")


def names() -> list[tuple[uuid.UUID, str, str, str]]:
    """(id, name, Chinese name, login) of all active people, by login."""
    return list(Person.objects.filter(active=True).order_by("login").values_list("pk", "name", "name_zh", "login"))


def people_like(q: str, *, size: int) -> list[Person]:
    """Active people whose name, login or department holds this text, by login."""
    wanted = Q()
    for name in ("name", "name_zh", "login", "org_unit__name", "org_unit__name_zh"):
        wanted |= Q(**{f"{name}__icontains": q})
    return list(active_people().filter(wanted)[:size])


def people_by_id(ids: Iterable[uuid.UUID | str | None]) -> dict[uuid.UUID, Person]:
    """People by id in one query; unknown ids are left out."""
    wanted = {person_id for person_id in ids if person_id}
    return {person.pk: person for person in Person.objects.select_related("org_unit").filter(pk__in=wanted)} if wanted else {}


def people_by_login(logins: Iterable[str]) -> dict[str, Person]:
    """People by the company's short name in one query; unknown ones are left out."""
    return {person.login: person for person in Person.objects.select_related("org_unit").filter(login__in=set(logins))}


def absences_around(person: Person, first: dt.date, last: dt.date) -> list[Absence]:
    """Absences of the person and of the own department with all below it, by day. The reason is in the person's own rows only."""
    mine = Q(person=person)
    if person.org_unit is not None and plan(person, "view", "directory.absence").allowed:
        mine |= Q(person__org_unit__path__startswith=person.org_unit.path, person__active=True)
    rows = Absence.objects.filter(mine, cancelled_at=None, first_date__lte=last, last_date__gte=first).select_related("person", "deputy")
    found = list(rows.order_by("first_date", "person__login"))
    for row in found:
        if row.person_id != person.pk:
            row.reason = ""
    return found


def units() -> list[OrgUnit]:
    """All units, parents before children."""
    return list(OrgUnit.objects.order_by("path"))


def units_by_id(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, OrgUnit]:
    """Units by id in one query."""
    return {unit.pk: unit for unit in OrgUnit.objects.filter(pk__in=set(ids))}


class PeoplePort:
    """Fills apps.core.people."""

    def person_id(self, issuer: str, subject: str) -> uuid.UUID | None:
        return Person.objects.filter(issuer=issuer, subject=subject).values_list("pk", flat=True).first()

    def person_of(self, account: Any) -> Person | None:
        return person_of(account)

    def known_people(self, issuer: str) -> list[KnownPerson]:
        return [
            KnownPerson(
                id=p.pk,
                login=p.login,
                name=p.name,
                name_zh=p.name_zh,
                title=p.title,
                title_zh=p.title_zh,
                email=p.email,
                issuer=p.issuer,
                subject=p.subject,
            )
            for p in active_people().filter(issuer=issuer)
        ]
