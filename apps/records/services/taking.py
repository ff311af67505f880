"""Putting what was read into the read model, and saying what changed. All functions run in the caller's transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.core import matching
from apps.directory import selectors as directory
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.realtime import services as realtime
from apps.records import policies
from apps.records.events import RECORD_CHANGED, RECORD_GONE, RECORDS_TAKEN
from apps.records.models import Record, RecordGram, RecordLink
from apps.records.services import messages
from apps.records.services.telling import payment_ref

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """What taking a record did. `new`: the portal did not know it. `changed`: its content is another. `stale`: we have read it later than that.
    `before`: its content until now, empty for a new one."""

    row: Record
    previous_state: str = ""
    new: bool = False
    changed: bool = False
    stale: bool = False
    before: Json = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        return self.previous_state != self.row.state


class Owners:
    """Whose a record is; asks the directory once for each address."""

    def __init__(self) -> None:
        self._by_email: dict[str, uuid.UUID | None] = {}
        self._by_customer: dict[str, uuid.UUID | None] = {}

    def of(self, kind: str, values: Mapping[str, Any]) -> uuid.UUID | None:
        if kind in policies.OF_CUSTOMER:
            return self._seller_of(values["customer_key"])
        return self._person(values["owner_email"])

    def look_up(self, kind: str, customer_keys: Iterable[str]) -> None:
        """The sellers of all these customers at once."""
        wanted = {key for key in customer_keys if key} if kind in policies.OF_CUSTOMER else set()
        rows = Record.objects.filter(kind="customer", key__in=wanted, deleted_at=None).order_by("-pk").values_list("key", "owner_id")
        self._by_customer |= dict.fromkeys(wanted) | dict(rows)

    def _person(self, email: str) -> uuid.UUID | None:
        if email not in self._by_email:
            person = directory.find_person_by_email(email)
            self._by_email[email] = person.pk if person else None
        return self._by_email[email]

    def _seller_of(self, customer_key: str) -> uuid.UUID | None:
        if not customer_key:
            return None
        if customer_key not in self._by_customer:
            row = Record.objects.filter(kind="customer", key=customer_key, deleted_at=None).order_by("pk").values_list("owner_id", flat=True).first()
            self._by_customer[customer_key] = row
        return self._by_customer[customer_key]


def take(*, system: str, connection: str, kind: str, external_id: str, record: Json, as_of: dt.datetime, owners: Owners | None = None) -> Change:
    """Make the row what the source said at `as_of`. A reading older than the row's changes nothing."""
    row = _locked(connection, kind, external_id)
    new = row is None
    if row is None:
        # Two readers may meet a new record at once: the unique index lets one in, both then wait for the row.
        fresh = Record(system=system, connection=connection, kind=kind, external_id=external_id, as_of=dt.datetime.min.replace(tzinfo=dt.UTC))
        Record.objects.bulk_create([fresh], ignore_conflicts=True)
        row = _locked(connection, kind, external_id)
        assert row is not None
        new = row.pk == fresh.pk
    if as_of < row.as_of:
        return Change(row, row.state, stale=True)
    changed, previous, before = dict(row.data) != dict(record) or row.deleted_at is not None, row.state, dict(row.data)
    row.as_of, row.deleted_at = as_of, None
    if not changed:
        row.save(update_fields=["as_of", "deleted_at"])
        return Change(row, previous)
    _fill(row, kind, record, owners or Owners())
    return Change(row, previous, new=new, changed=True, before=before)


def _locked(connection: str, kind: str, external_id: str) -> Record | None:
    return Record.objects.select_for_update().filter(connection=connection, kind=kind, external_id=external_id).first()


def _fill(row: Record, kind: str, record: Json, owners: Owners) -> None:
    before, text = (row.key, row.owner_id), row.search
    _set(row, kind, record, owners)
    row.save()
    wanted = policies.links(record)
    known = set(RecordLink.objects.filter(record=row).values_list("kind", "target"))
    for gone_kind, target in known - wanted:
        RecordLink.objects.filter(record=row, kind=gone_kind, target=target).delete()
    RecordLink.objects.bulk_create([RecordLink(record=row, kind=k, target=t) for k, t in sorted(wanted - known)], ignore_conflicts=True)
    if kind in policies.SEARCHED and row.search != text:
        _index(row, text)
    if kind == "customer" and before != (row.key, row.owner_id):
        _hand_over(row)


def _set(row: Record, kind: str, record: Json, owners: Owners) -> None:
    values = policies.columns(kind, record)
    for name, value in values.items():
        setattr(row, name, value)
    row.data, row.owner_id = dict(record), owners.of(kind, values)


def _hand_over(customer: Record) -> None:
    """Orders and the rest of a customer belong to its seller."""
    if customer.key:
        rows = Record.objects.filter(kind__in=policies.OF_CUSTOMER, customer_key=customer.key)
        rows.exclude(owner_id=customer.owner_id).update(owner_id=customer.owner_id)
        rows.filter(owner_id=None).update(owner_id=customer.owner_id)


def _index(row: Record, text: str) -> None:
    """Only what differs is written."""
    known, wanted = matching.grams(text), matching.grams(row.search)
    if known - wanted:
        RecordGram.objects.filter(record=row, gram__in=known - wanted).delete()
    RecordGram.objects.bulk_create([RecordGram(record=row, gram=gram) for gram in sorted(wanted - known)], ignore_conflicts=True)


def announce(change: Change, *, hint: Json, now: dt.datetime) -> None:
    """Publish `records.record.changed` and tell the browsers. `hint`: transition, event_id, occurred_at, live, origin, echo, where known."""
    row = change.row
    data = {
        "system": row.system, "connection": row.connection, "kind": row.kind, "external_id": row.external_id, "key": row.key, "state": row.state,
        "previous_state": change.previous_state, "as_of": row.as_of.isoformat(), "transition": hint.get("transition", ""),
        "event_id": hint.get("event_id", ""), "occurred_at": hint.get("occurred_at"), "live": bool(hint.get("live")),
        "origin": hint.get("origin", ""), "echo": bool(hint.get("echo")),
    }
    jobs.publish(event=RECORD_CHANGED, data=data, now=now, order_key=f"record:{row.connection}:{row.kind}:{row.external_id}")
    if row.kind == "receivable" and not policies.is_overdue(row.data):
        notifications.resolve(ref=payment_ref(row.key), now=now, outcome="paid")
    notifications.wake_by(record=f"{row.connection}:{row.kind}:{row.external_id}", now=now)
    refresh_pages([row.kind], row.system, now)


def refresh_pages(kinds: Iterable[str], system: str, now: dt.datetime) -> None:
    """Open pages of these kinds fetch themselves again; the hint names nothing of a record."""
    for kind in sorted(set(kinds)):
        realtime.broadcast(hint={"t": "record", "kind": kind, "system": system}, now=now)


def take_read(*, data: Json, now: dt.datetime) -> Change:
    """A record that was read because something happened to it (event integrations.record.read)."""
    change = take(system=data["system"], connection=data["connection"], kind=data["kind"], external_id=data["external_id"],
                  record=data["record"], as_of=dt.datetime.fromisoformat(data["as_of"]))
    if change.changed or data.get("transition"):
        announce(change, hint=data, now=now)
    if change.changed and data.get("live"):
        messages.tell(row=change.row, before=change.before, now=now)
    return change


def take_loaded(*, data: Json, now: dt.datetime) -> int:
    """A page of a whole load. Known records that moved meanwhile are announced as past events; new ones start nothing. Returns how many changed."""
    as_of = dt.datetime.fromisoformat(data["as_of"])
    page = {str(record["external_id"]): record for record in data["records"]}
    taken: list[str] = []
    for change in _take_page(system=data["system"], connection=data["connection"], kind=data["kind"], page=page, as_of=as_of):
        if change.changed:
            taken.append(change.row.external_id)
        if change.changed and not change.new:
            announce(change, hint={}, now=now)
    if taken:
        refresh_pages([data["kind"]], data["system"], now)
        jobs.publish(event=RECORDS_TAKEN, now=now, order_key=f"records:{data['connection']}:{data['kind']}",
                     data={"system": data["system"], "connection": data["connection"], "kind": data["kind"], "external_ids": taken})
    return len(taken)


def _take_page(*, system: str, connection: str, kind: str, page: Mapping[str, Json], as_of: dt.datetime) -> list[Change]:
    """`take` for each of a page: the new ones, all of them in a first load, are written together; so are those that are as they were."""
    owners, fresh = Owners(), []
    rows = Record.objects.select_for_update().filter(connection=connection, kind=kind, external_id__in=list(page)).order_by("pk")
    known = {row.external_id: row for row in rows}
    same = {ident: row for ident, row in known.items() if row.as_of <= as_of and row.deleted_at is None and dict(row.data) == dict(page[ident])}
    Record.objects.filter(pk__in=[row.pk for row in same.values()]).update(as_of=as_of)
    owners.look_up(kind, {str(policies.customer_key(kind, page[ident]))[:120] for ident in set(page) - set(known)})
    for ident, record in page.items():
        if ident not in known:
            row = Record(system=system, connection=connection, kind=kind, external_id=ident, as_of=as_of)
            _set(row, kind, record, owners)
            fresh.append(row)
    written = _insert(fresh, kind)
    found = {ident: Change(row, row.state) for ident, row in same.items()} | {ident: Change(row, new=True, changed=True) for ident, row in written.items()}
    for ident in set(page) - set(found):
        found[ident] = take(system=system, connection=connection, kind=kind, external_id=ident, record=page[ident], as_of=as_of, owners=owners)
    return [found[ident] for ident in page]


def _insert(fresh: list[Record], kind: str) -> dict[str, Record]:
    """External id -> the row, of those that nobody else wrote meanwhile."""
    Record.objects.bulk_create(fresh, ignore_conflicts=True)
    ours = set(Record.objects.filter(pk__in=[row.pk for row in fresh]).values_list("pk", flat=True)) if fresh else set()
    written = {row.external_id: row for row in fresh if row.pk in ours}
    RecordLink.objects.bulk_create([RecordLink(record=row, kind=k, target=t) for row in written.values() for k, t in sorted(policies.links(row.data))])
    if kind in policies.SEARCHED:
        RecordGram.objects.bulk_create(
            [RecordGram(record=row, gram=gram) for row in written.values() for gram in sorted(matching.grams(row.search))], batch_size=5000)
    if kind == "customer":
        for row in written.values():
            _hand_over(row)
    return written


def take_missing(*, data: Json, except_for: Iterable[str], now: dt.datetime) -> int:
    """A stream was read to its end: what was not seen since it began is gone. `except_for`: records that are there, but in quarantine."""
    started = dt.datetime.fromisoformat(data["started_at"])
    rows = Record.objects.select_for_update().filter(connection=data["connection"], kind=data["kind"], as_of__lt=started, deleted_at=None)
    missing = list(rows.exclude(external_id__in=list(except_for)))
    for row in missing:
        _gone(row, as_of=started, hint={}, now=now)
    return len(missing)


def take_gone(*, data: Json, now: dt.datetime) -> Record | None:
    """The source no longer has the record (event integrations.record.gone)."""
    row = _locked(data["connection"], data["kind"], data["external_id"])
    as_of = dt.datetime.fromisoformat(data["as_of"])
    if row is None or row.deleted_at is not None or as_of < row.as_of:
        return None
    _gone(row, as_of=as_of, hint=data, now=now)
    return row


def _gone(row: Record, *, as_of: dt.datetime, hint: Json, now: dt.datetime) -> None:
    row.deleted_at, row.as_of = now, as_of
    row.save(update_fields=["deleted_at", "as_of"])
    data = {
        "system": row.system, "connection": row.connection, "kind": row.kind, "external_id": row.external_id, "key": row.key, "state": row.state,
        "event_id": hint.get("event_id", ""), "occurred_at": hint.get("occurred_at"), "live": bool(hint.get("live")),
    }
    jobs.publish(event=RECORD_GONE, data=data, now=now, order_key=f"record:{row.connection}:{row.kind}:{row.external_id}")
    refresh_pages([row.kind], row.system, now)
