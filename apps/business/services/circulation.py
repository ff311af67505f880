"""Copying a case to people who should know of it, with receipts. A copy lets its reader see the case, each fact as the reader's own rights show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.business.models import Circulation
from apps.core.access import decide
from apps.core.errors import InvalidInput
from apps.directory import selectors as directory
from apps.notifications import services as notifications
from apps.realtime import services as realtime
from apps.workflows import selectors as workflow_selectors

MOST = 50


def circulate(*, person: Any, business_key: str, person_ids: Iterable[Any], note: str = "", now: dt.datetime) -> list[Circulation]:
    """Copy a case that this person may see; who has a copy gets no second one. Returns the new ones. Raises NotFound, NotPermitted, InvalidInput."""
    decide(person, "create", "business.circulation", person.pk).require(_("You may not copy cases to others."))
    instance = workflow_selectors.instance_for(person, business_key=business_key)
    people = [one for one in directory.people_by_id(person_ids).values() if one.active and one.pk != person.pk]
    if not people or len(people) > MOST:
        raise InvalidInput(_("Choose who gets a copy."), details={"fields": {"people": [_("Choose at least one colleague.")]}})
    with transaction.atomic():
        known = set(Circulation.objects.filter(instance_id=instance.pk).values_list("person_id", flat=True))
        rows = [
            Circulation(instance_id=instance.pk, business_key=business_key, sender=person, person=one, note=note.strip()[:500], sent_at=now)
            for one in people
            if one.pk not in known
        ]
        Circulation.objects.bulk_create(rows, ignore_conflicts=True)
        fresh = [row.person_id for row in rows]
        subject = instance.subject or {}
        notifications.notify(
            kind="business.case_copied", person_ids=fresh, ref=f"circulation:{instance.pk}", now=now, dedupe=f"copied:{instance.pk}",
            params={"business_key": business_key, "label": instance.label, "title": instance.title, "subject": dict(subject), "note": note.strip()[:500],
                    "sender": person.name, "sender_zh": person.name_zh},
        )  # fmt: skip
        audit.record(actor=person, action="business.case.copied", object=f"workflows.instance:{instance.pk}",
                     data={"people": sorted(one.login for one in people if one.pk in set(fresh))}, now=now)
        realtime.push(person_ids=[*fresh, person.pk], hint={"t": "circulation", "id": str(instance.pk)}, now=now)
    return rows


def read_copy(*, person: Any, instance_id: Any, now: dt.datetime) -> None:
    """The reader opened the case: the receipt says when, the first time."""
    if Circulation.objects.filter(instance_id=instance_id, person_id=person.pk, read_at=None).update(read_at=now):
        senders = Circulation.objects.filter(instance_id=instance_id, person_id=person.pk).values_list("sender_id", flat=True)
        realtime.push(person_ids=list(senders), hint={"t": "circulation", "id": str(instance_id)}, now=now)
