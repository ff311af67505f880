"""Joined customers, for one person: those who agreed, of each what this person may see."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.business import selectors as business
from apps.core import clock
from apps.core.access import Projected, plan
from apps.core.errors import NotFound
from apps.insight.models import Consent, CustomerFile
from apps.insight.policies import customers as policies
from apps.insight.policies.customers import Group
from apps.records import selectors as records
from apps.workflows import selectors as workflows

KINDS = ("order", "deal", "follow_up", "case")
CHUNK = 200
VISITS = 200


def rows_of(person: Any, *, now: dt.datetime) -> list[dict[str, Any]]:
    """Every customer with consent that this person may see, joined and scored, by code. The caller asks for the right."""
    consents = {row.customer_key: row for row in Consent.objects.filter(given=True).order_by("customer_key")}
    keys = sorted(consents)
    found: list[dict[str, Any]] = []
    for start in range(0, len(keys), CHUNK):
        found += _joined(person, keys[start : start + CHUNK], consents, clock.company_today(now))
    return policies.scored(found)


def _joined(person: Any, keys: Sequence[str], consents: dict[str, Consent], today: dt.date) -> Iterator[dict[str, Any]]:
    customers = records.naming("customer", keys)
    seen = records.projected(person, [(one.connection, "customer", one.external_id) for one in customers])
    named = _named(person, [one for one in customers if (one.connection, "customer", one.external_id) in seen])
    cases = business.cases_of_customers(keys)
    visible = workflows.visible_cases(person, [case for some in cases.values() for case in some])
    for one in sorted(customers, key=lambda one: one.key):
        shown = seen.get((one.connection, "customer", one.external_id))
        if shown is None:
            continue
        visits = business.visits_of_customer(person, one.external_id, size=VISITS) or []
        yield policies.joined(
            shown, consents[one.key], named.get(one.key, {}), visits=len(visits), cases=sum(1 for case in cases.get(one.key, ()) if case in visible),
            today=today, currency=settings.COMPANY_CURRENCY)


def _named(person: Any, customers: Sequence[Any]) -> dict[str, dict[str, list[Projected]]]:
    """Customer code -> kind -> what names it, as this person may see it."""
    key_of = {one.external_id: one.key for one in customers}
    measured = records.measured_of_customers(KINDS, list(key_of.values()), list(key_of))
    shown = records.projected(person, [(one.connection, one.kind, one.external_id) for one in measured])
    found: dict[str, dict[str, list[Projected]]] = {}
    for one in measured:
        record, key = shown.get((one.connection, one.kind, one.external_id)), one.customer_key or key_of.get(one.customer_id, "")
        if record is not None and key:
            found.setdefault(key, {}).setdefault(one.kind, []).append(record)
    return found


def profile(person: Any, *, now: dt.datetime) -> tuple[list[Group], int]:
    """(the sample profile, how many customers it is made of)."""
    rows = rows_of(person, now=now)
    return policies.profile(rows, least=settings.INSIGHT_SMALLEST_GROUP), len(rows)


def consents(person: Any, *, q: str = "", page: int = 1) -> tuple[Any, dict[str, Consent]]:
    """(a page of customers this person may see, code -> what is recorded of those)."""
    listing = records.customers(person, q=q, page=page)
    keys = [str(row.get("key") or "") for row in listing.rows]
    return listing, {row.customer_key: row for row in Consent.objects.filter(customer_key__in=keys)}


def files(person: Any, limit: int = 10) -> list[CustomerFile]:
    """The own exports, the newest first."""
    return list(CustomerFile.objects.filter(person=person.pk).defer("content").order_by("-ordered_at", "-pk")[:limit])


def file(person: Any, file_id: uuid.UUID, now: dt.datetime) -> CustomerFile:
    """One that is ready and has not run out. Raises NotFound, alike for what is not there and what is another person's."""
    row = CustomerFile.objects.filter(pk=file_id, person=person.pk, state=CustomerFile.State.READY, expires_at__gt=now).first()
    if row is None:
        raise NotFound(_("There is no such file, or it has run out. Order it anew."))
    return row


def may(person: Any, action: str) -> bool:
    return plan(person, action, "insight.customer_data").allowed
