"""Records that were not taken: held with their reasons, released when a later reading is good, or put away by a person."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.errors import DomainError, NotFound
from apps.directory import selectors as directory
from apps.integrations import policies
from apps.integrations.events import RECORD_QUARANTINED, RECORD_RELEASED, Problem
from apps.integrations.models import Connection, InboundMessage, QuarantineItem
from apps.integrations.services.asking import request_read
from apps.jobs import services as jobs

RECHECK = "integrations.recheck_quarantine"


class UnableToCure(DomainError):
    """The item is closed already."""

    code = "quarantine_closed"


def hold(*, connection: Connection, stream: str, kind: str, external_id: str, raw: Mapping[str, Any], record: Mapping[str, Any] | None,
         problems: Sequence[Problem], live: bool, now: dt.datetime) -> QuarantineItem:
    """Open the record's item, or bring it up to date. Announced when it is new or its reasons changed. In the caller's transaction."""
    email = policies.owner_email(raw, record)
    owner = directory.find_person_by_email(email)
    values = {
        "key": str((record or {}).get("key") or "")[:120], "name": str((record or {}).get("name") or raw.get("name") or "")[:200],
        "url": str((record or {}).get("url") or "")[:400], "owner_email": email[:254], "owner_id": owner.pk if owner else None,
        "raw": dict(raw), "problems": [problem.as_json() for problem in problems], "updated_at": now, "kind": kind,
    }
    with transaction.atomic():
        item = _open_item(connection, stream, external_id)
        news = item is None or not policies.same_problems(item.problems, problems)
        if item is None:
            item = QuarantineItem(connection=connection, stream=stream, external_id=external_id, created_at=now, tries=0)
        for name, value in values.items():
            setattr(item, name, value)
        item.tries += 1
        item.save()
        if news:
            jobs.publish(event=RECORD_QUARANTINED, data=_announced(item, live), now=now, order_key=f"quarantine:{item.pk}")
    return item


def _open_item(connection: Connection, stream: str, external_id: str) -> QuarantineItem | None:
    return (
        QuarantineItem.objects.select_for_update()
        .filter(connection=connection, stream=stream, external_id=external_id, state=QuarantineItem.State.OPEN)
        .first()
    )


def _announced(item: QuarantineItem, live: bool) -> dict[str, Any]:
    return {
        "item_id": str(item.pk), "connection": item.connection.key, "system": item.connection.key, "stream": item.stream, "kind": item.kind,
        "external_id": item.external_id, "key": item.key, "name": item.name, "url": item.url, "owner_email": item.owner_email,
        "owner_id": str(item.owner_id) if item.owner_id else "", "steward": item.connection.steward, "problems": item.problems, "live": live,
    }


def announced(*, item_id: uuid.UUID) -> dict[str, Any]:
    """What was announced of an open item, as it stands now. Raises QuarantineItem.DoesNotExist."""
    return _announced(QuarantineItem.objects.select_related("connection").get(pk=item_id, state=QuarantineItem.State.OPEN), live=True)


def release(*, connection: Connection, stream: str, external_id: str, outcome: str, now: dt.datetime) -> bool:
    """The record is good again, or gone: close its item, if there is one. In the caller's transaction."""
    item = _open_item(connection, stream, external_id)
    if item is None:
        return False
    _close(item, QuarantineItem.State.RELEASED, outcome, None, now)
    return True


def release_all(*, connection: Connection, stream: str, external_ids: Iterable[str], outcome: str, now: dt.datetime) -> None:
    """`release` for each of several records, nearly all of which were never held. In the caller's transaction."""
    items = QuarantineItem.objects.select_for_update().filter(
        connection=connection, stream=stream, external_id__in=list(external_ids), state=QuarantineItem.State.OPEN)
    for item in items.order_by("pk"):
        _close(item, QuarantineItem.State.RELEASED, outcome, None, now)


def _close(item: QuarantineItem, state: str, outcome: str, person: Any, now: dt.datetime, reason: str = "") -> None:
    item.state, item.closed_at, item.closed_by_id, item.updated_at, item.reason = state, now, person.pk if person else None, now, reason or outcome
    item.save(update_fields=["state", "closed_at", "closed_by", "updated_at", "reason"])
    data = {
        "item_id": str(item.pk), "connection": item.connection.key, "system": item.connection.key, "kind": item.kind,
        "external_id": item.external_id, "outcome": outcome, "by": str(person.pk) if person else "",
    }
    jobs.publish(event=RECORD_RELEASED, data=data, now=now, order_key=f"quarantine:{item.pk}")


def _item_to_cure(person: Any, item_id: uuid.UUID) -> QuarantineItem:
    item = QuarantineItem.objects.select_for_update(of=("self",)).select_related("connection").filter(pk=item_id).first()
    if item is None or not decide(person, "view", "integrations.quarantine", item.owner_id).allowed:
        raise NotFound(_("There is no such record in quarantine, or you may not see it."))
    decide(person, "cure", "integrations.quarantine", item.owner_id).require(_("You may not work on this record."))
    if item.state != QuarantineItem.State.OPEN:
        raise UnableToCure(_("This record is out of quarantine already. Look at the list again."))
    return item


def read_again(*, person: Any, item_id: uuid.UUID, now: dt.datetime) -> QuarantineItem:
    """Have the source asked now, because it was corrected there. A good record leaves quarantine by itself."""
    with transaction.atomic():
        item = _item_to_cure(person, item_id)
        request_read(connection=item.connection.key, stream=item.stream, external_id=item.external_id, now=now)
    return item


def dismiss(*, person: Any, item_id: uuid.UUID, reason: str, now: dt.datetime) -> QuarantineItem:
    """Put it away: the record stays untaken and what waited for it is dropped, until the source changes it again."""
    with transaction.atomic():
        item = _item_to_cure(person, item_id)
        if not reason.strip():
            raise UnableToCure(_("Say why this record is not needed."))
        InboundMessage.objects.filter(
            connection=item.connection, stream=item.stream, external_id=item.external_id, state=InboundMessage.State.HELD,
        ).update(state=InboundMessage.State.IGNORED, reason="dismissed")
        _close(item, QuarantineItem.State.DISMISSED, "dismissed", person, now, reason.strip()[:400])
        audit.record(actor=person, action="integrations.quarantine.dismissed", object=f"integrations.quarantine:{item.pk}", now=now,
                     data={"kind": item.kind, "external_id": item.external_id, "reason": reason.strip()[:400]})
    return item


def recheck(*, now: dt.datetime, limit: int = 50) -> int:
    """Have open items read again: the cure may have happened in another system than the record's own. Returns how many."""
    with transaction.atomic():
        items = list(QuarantineItem.objects.select_related("connection").filter(state=QuarantineItem.State.OPEN).order_by("updated_at")[:limit])
        for item in items:
            request_read(connection=item.connection.key, stream=item.stream, external_id=item.external_id, now=now)
    return len(items)
