"""Messages that connectors declare in their manifests: made from what a record was and is, told to the right people. In the caller's transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from apps.access import selectors as access
from apps.core.access import plan
from apps.directory import selectors as directory
from apps.integrations import selectors as integrations
from apps.integrations.registry import Message, manifests
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.records import policies, selectors
from apps.records.models import Record

AT = "records.message_at"
LATEST = dt.timedelta(days=14)  # a plan that is older when it is first read helps nobody
Json = Mapping[str, Any]


def kind_key(connector_id: str, message: Message) -> str:
    """The kind of notice that a message of a manifest is."""
    return f"{connector_id}.{message.key}"


def tell(*, row: Record, before: Json, now: dt.datetime) -> None:
    """What this change of a record means to people, by the manifest of its connection's connector."""
    connector_id = integrations.connector_id(row.connection)
    manifest = manifests().get(connector_id)
    for message in manifest.messages if manifest else ():
        if message.record != row.kind or not policies.happened_now(message, before, row.data):
            continue
        if message.at:
            _put_off(row, connector_id, message, now)
        else:
            _report(row, connector_id, message, now)


def _put_off(row: Record, connector_id: str, message: Message, now: dt.datetime) -> None:
    """The moment lies ahead: told when it has come, unless the record says another one by then. It lay ahead when it was written down, and is past now
    that it is read (the system was away, the feed was late): told at once. One moment is told once, by the key of its job."""
    moment = _moment(row, message)
    if moment is not None and (moment > now or _came_late(row, moment, now)):
        jobs.enqueue(kind=AT, run_at=max(moment, now), now=now, key=f"{kind_key(connector_id, message)}:{row.pk}:{moment.isoformat()}",
                     payload={"record": str(row.pk), "connector": connector_id, "message": message.key, "at": moment.isoformat()})


def _came_late(row: Record, moment: dt.datetime, now: dt.datetime) -> bool:
    """Past, but planned: what was written down after its moment is a note of what has been done, and reminds nobody of anything."""
    written = _aware(row.data.get("updated_at"))
    return written is not None and written < moment and now - moment <= LATEST


def _moment(row: Record, message: Message) -> dt.datetime | None:
    return _aware(policies.value_of(row.data, message.at))


def _aware(value: Any) -> dt.datetime | None:
    moment = dt.datetime.fromisoformat(str(value)) if value else None
    return moment.replace(tzinfo=dt.UTC) if moment is not None and moment.tzinfo is None else moment


def tell_at(*, record: uuid.UUID, connector_id: str, key: str, at: dt.datetime, now: dt.datetime) -> bool:
    """The moment has come. False: the record is gone or names another moment."""
    row = Record.objects.filter(pk=record, deleted_at=None).first()
    manifest = manifests().get(connector_id)
    message = next((one for one in manifest.messages if one.key == key), None) if manifest else None
    if row is None or message is None or _moment(row, message) != at:
        return False
    _report(row, connector_id, message, now)
    return True


def _report(row: Record, connector_id: str, message: Message, now: dt.datetime) -> None:
    case = str(policies.value_of(row.data, message.case) or row.external_id)
    params = {
        "values": {path: policies.value_of(row.data, path) for path in sorted(message.title.fields | message.body.fields)},
        "record": f"{row.connection}:{row.kind}:{row.external_id}", "currency": row.currency, "owner_id": str(row.owner_id or ""),
        "number": case if message.case != "external_id" else row.key,
        "url": selectors.page_of(row.kind, row.external_id) or policies.place_of(row.kind, row.data),
    }
    # a fact is named by what it is about: two systems name an order by its number, a stock level is the ERP's alone
    about = "order" if message.fact else row.kind
    notifications.report(
        kind=kind_key(connector_id, message), person_ids=_people(row, message), params=params, now=now, case=f"{about}:{case}",
        fact=message.fact or message.key, ref=f"record:{row.connection}:{row.kind}:{row.external_id}")


def _people(row: Record, message: Message) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for whom in message.to:
        if whom == "owner":
            found |= {row.owner_id} if row.owner_id else set()
        elif whom == "steward":
            person = directory.find_person_by_login(integrations.steward_login(row.connection))
            found |= {person.pk} if person else set()
        else:
            _who, action, resource = whom.split(":")
            found |= {person.pk for person in access.who_may(action, resource)}
    return {person.pk for person in directory.people_by_id(found).values() if person.active and _may_see(person, row)}


def _may_see(person: Any, row: Record) -> bool:
    """A message of nothing but dots helps nobody."""
    rights = plan(person, "view", policies.RESOURCES[row.kind])
    return bool(rights.allowed and rights.matches(row.owner_id))
