"""Several messages at once: each with its own result, what is unusual held out by rule, and one undo for all of it.

A decision on several is looked at first (`check`): each item is read live, the rules of its kind name what is left out and why. `decide` then
takes the rest, each as by itself, and the time to undo begins when the last one is taken; until it is over nothing reaches another system.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.http import OutsideError
from apps.notifications.models import Batch, Notification, State
from apps.notifications.registry import DECIDERS, Looked
from apps.notifications.services import deliveries
from apps.notifications.services.notices import CHANGES, Viewer, push_changes, watch_again

MOST_AT_ONCE = 100
HOLD = dt.timedelta(minutes=10)  # decisions of a batch wait this long if whoever takes them is stopped in between
PLAIN = ("read", "unread", "done", "snooze", "wake")
DECISIONS = ("approved", "rejected", "returned")
RESTORED = ("read_at", "snoozed_until", "wakes_on_change", "state", "closed_at")


class UnableToUndoBatch(DomainError):
    """The time is over, or it was undone already."""

    code = "unable_to_undo"


class UnableToDecideBatch(DomainError):
    """It was decided already, or a reason is missing."""

    code = "unable_to_decide"


def act(*, person: Viewer, verb: str, notification_ids: Sequence[uuid.UUID], now: dt.datetime, until: dt.datetime | None = None) -> Batch:
    """read, unread, done, snooze or wake (a snooze without an end, too); what cannot be done is held with its reason, the rest is done.
    Raises InvalidInput."""
    if verb not in PLAIN:
        raise InvalidInput(_("Choose what to do with the messages."))
    verb = _meant(verb, until)
    wanted = _wanted(notification_ids)
    with transaction.atomic():
        rows = {row.pk: row for row in Notification.objects.select_for_update().filter(person_id=person.pk, pk__in=wanted).order_by("pk")}
        items = [_changed_item(rows[key], verb, now, until) for key in wanted if key in rows]
        Notification.objects.bulk_update(rows.values(), RESTORED)
        _tell([rows[uuid.UUID(item["id"])] for item in items if item["result"] == "done"], now)
        return Batch.objects.create(person_id=person.pk, verb=verb, state=Batch.State.DONE, items=items, created_at=now,
                                    undo_until=now + settings.UNDO_WINDOW)


def act_on_one(*, person: Viewer, verb: str, notification_id: uuid.UUID, now: dt.datetime, until: dt.datetime | None = None) -> Batch:
    """done, snooze or wake of one message, with the time to undo it. Raises NotFound and what the verb itself raises."""
    verb = _meant(verb, until)
    with transaction.atomic():
        row = Notification.objects.select_for_update().filter(person_id=person.pk, pk=notification_id).first()
        if row is None:
            raise NotFound(_("There is no such message in your inbox."))
        item = _done_item(row, verb, now, until)
        row.save(update_fields=RESTORED)
        _tell([row], now)
        return Batch.objects.create(person_id=person.pk, verb=verb, state=Batch.State.DONE, items=[item], created_at=now,
                                    undo_until=now + settings.UNDO_WINDOW)


def _meant(verb: str, until: dt.datetime | None) -> str:
    """A snooze until now is the end of one."""
    return "wake" if verb == "snooze" and until is None else verb


def _wanted(notification_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    wanted = list(dict.fromkeys(notification_ids))
    if not wanted:
        raise InvalidInput(_("Choose messages first."))
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidInput(_("At most %(n)d messages at once.") % {"n": MOST_AT_ONCE})
    return wanted


def _changed_item(row: Notification, verb: str, now: dt.datetime, until: dt.datetime | None) -> dict[str, Any]:
    try:
        return _done_item(row, verb, now, until)
    except DomainError as error:
        return _item(row, "held", error.code)


def _done_item(row: Notification, verb: str, now: dt.datetime, until: dt.datetime | None) -> dict[str, Any]:
    before = {name: value.isoformat() if isinstance(value := getattr(row, name), dt.datetime) else value for name in RESTORED}
    CHANGES[verb](row, now, until)
    return _item(row, "done") | {"before": before}


def _item(row: Notification, result: str, code: str = "", version: str = "") -> dict[str, Any]:
    return {"id": str(row.pk), "result": result, "code": code, "version": version}


def _tell(rows: Sequence[Notification], now: dt.datetime) -> None:
    for todo in (True, False):
        push_changes([row.person_id for row in rows if row.todo is todo], todo=todo, change="changed", ref="", now=now)


# --- decisions ------------------------------------------------------------------------------------------------------------------------------


def check(*, person: Viewer, outcome: str, notification_ids: Sequence[uuid.UUID], now: dt.datetime) -> Batch:
    """Look at each (network): ready, or held by which rule. Nothing is decided. Raises InvalidInput; strangers' messages are left out.

    The answer says in `told` what was seen, with the values that this person may read now. They are not kept: the code of the rule is.
    """
    if outcome not in DECISIONS:
        raise InvalidInput(_("Choose approve, reject or return."))
    wanted = _wanted(notification_ids)
    rows = {row.pk: row for row in Notification.objects.filter(person_id=person.pk, pk__in=wanted)}
    seen = [(rows[key], _looked_at(rows[key], person, outcome, now)) for key in wanted if key in rows]
    items = [_item(row, "held" if looked.code else "ready", looked.code, looked.version) for row, looked in seen]
    batch = Batch.objects.create(person_id=person.pk, verb=outcome, state=Batch.State.CHECKED, items=items, created_at=now)
    batch.told = {str(row.pk): looked.why for row, looked in seen if looked.why}
    return batch


def _looked_at(row: Notification, person: Viewer, outcome: str, now: dt.datetime) -> Looked:
    decider = DECIDERS.get(row.kind)
    if row.state != State.OPEN:
        return Looked("", "not_open")
    if decider is None or outcome not in decider.outcomes:
        return Looked("", "no_decision")
    try:
        return decider.look(person=person, params=row.params, outcome=outcome, now=now)
    except (DomainError, OutsideError) as error:
        return Looked("", getattr(error, "code", "unavailable"), str(error))


def decide(*, person: Viewer, batch_id: uuid.UUID, comment: str, now: dt.datetime) -> Batch:
    """Take what was ready (network), each as by itself and with the version that was looked at; what moved meanwhile is held.

    A second call answers the first. The decisions wait for `begin_undo`, or for HOLD. Whoever undoes meanwhile, on another device, stops it: what
    was taken is taken back, the rest is left alone. Raises NotFound, UnableToDecideBatch.
    """
    comment = comment.strip()
    with transaction.atomic():
        batch = _own_batch(person, batch_id)
        if batch.state != Batch.State.CHECKED:
            return batch
        if batch.verb != "approved" and not comment:
            words = _("Say why: whoever asked reads it.")
            raise UnableToDecideBatch(words, details={"fields": {"comment": [words]}})
        batch.state, batch.comment, batch.undo_until = Batch.State.DONE, comment, now + HOLD
        batch.save(update_fields=["state", "comment", "undo_until"])
    rows = Notification.objects.in_bulk([item["id"] for item in batch.items])
    for item in [item for item in batch.items if item["result"] == "ready"]:
        if Batch.objects.filter(pk=batch.pk, state=Batch.State.UNDONE).exists():
            break
        row = rows.get(uuid.UUID(item["id"]))
        batch = _noted(batch, item, _decided(row, batch, person, item["version"], now))
        if batch.state == Batch.State.UNDONE and row is not None:
            batch = _noted(batch, {**item, "result": "done"}, _taken_back(row, person, now))
    return _own_batch(person, batch_id, lock=False)


def _noted(batch: Batch, item: dict[str, Any], result: dict[str, str]) -> Batch:
    """Write down what became of one, unless somebody else wrote meanwhile: who decides and who undoes may be at it together. What is undone is
    undone. Returns the batch as it is now."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        stored = next(one for one in batch.items if one["id"] == item["id"])
        if result["result"] == "undone" or stored["result"] == item["result"]:
            stored.update(result)
            batch.save(update_fields=["items"])
    return batch


def _decided(row: Notification | None, batch: Batch, person: Viewer, version: str, now: dt.datetime) -> dict[str, str]:
    if row is None:
        return {"result": "held", "code": "not_open"}
    try:
        DECIDERS[row.kind].decide(person=person, params=row.params, outcome=batch.verb, comment=batch.comment, version=version,
                                  until=now + HOLD, now=now)
    except (DomainError, OutsideError) as error:
        return {"result": "held", "code": getattr(error, "code", "unavailable")}
    return {"result": "done"}


def begin_undo(*, person: Viewer, batch_id: uuid.UUID, now: dt.datetime) -> Batch:
    """From now the time to undo runs, the same for all of it. While it is still being decided (the form was sent twice) nothing begins."""
    batch = _own_batch(person, batch_id, lock=False)
    until = now + settings.UNDO_WINDOW
    if any(item["result"] == "ready" for item in batch.items):
        return batch
    if batch.state != Batch.State.DONE or batch.undo_until is None or batch.undo_until <= until:
        return batch
    for kind, rows in _by_kind(batch, "done").items():
        DECIDERS[kind].begin(person=person, params=[row.params for row in rows], until=until, now=now)
    batch.undo_until = until
    batch.save(update_fields=["undo_until"])
    return batch


def _by_kind(batch: Batch, result: str) -> dict[str, list[Notification]]:
    found: dict[str, list[Notification]] = {}
    for row in Notification.objects.filter(pk__in=[item["id"] for item in batch.items if item["result"] == result]):
        found.setdefault(row.kind, []).append(row)
    return found


def undo(*, person: Viewer, batch_id: uuid.UUID, now: dt.datetime) -> Batch:
    """Take all of it back while the time runs. What others changed meanwhile stays and is named. Raises NotFound, UnableToUndoBatch."""
    with transaction.atomic():
        batch = _own_batch(person, batch_id)
        if batch.state != Batch.State.DONE:
            raise UnableToUndoBatch(_("This was undone already."))
        if batch.undo_until is None or now >= batch.undo_until:
            raise UnableToUndoBatch(_("The time to undo is over; what you decided is in effect."))
        batch.state = Batch.State.UNDONE
        if batch.verb in PLAIN:
            _restore(batch, now)
        batch.save(update_fields=["state", "items"])
    return _undecide(batch, person, now) if batch.verb in DECISIONS else batch


def _restore(batch: Batch, now: dt.datetime) -> None:
    """As it was, except for what was dealt with meanwhile."""
    rows = {str(row.pk): row for row in Notification.objects.select_for_update().filter(pk__in=[item["id"] for item in batch.items])}
    changed, reopened = [], []
    for item in batch.items:
        row = rows.get(item["id"])
        if item["result"] != "done" or row is None:
            continue
        if row.state == State.RESOLVED and item["before"]["state"] != State.RESOLVED:
            item.update(result="failed", code="not_open")
            continue
        if row.state == State.DISMISSED and item["before"]["state"] == State.OPEN:
            reopened.append(row)
        for name, value in item.pop("before").items():
            setattr(row, name, dt.datetime.fromisoformat(value) if value and name.endswith(("_at", "_until")) else value)
        item["result"] = "undone"
        changed.append(row)
    Notification.objects.bulk_update(changed, RESTORED)
    deliveries.open_again(notices=reopened, now=now)
    watch_again([row for row in changed if row.wakes_on_change])
    _tell(changed, now)


def _undecide(batch: Batch, person: Viewer, now: dt.datetime) -> Batch:
    """Also what is ready: whoever decided may have been stopped before writing it down."""
    rows = Notification.objects.in_bulk([item["id"] for item in batch.items])
    for item in batch.items:
        row = rows.get(uuid.UUID(item["id"]))
        if item["result"] not in ("done", "ready") or row is None:
            continue
        result = _taken_back(row, person, now)
        if item["result"] == "ready" and result["result"] == "failed":
            result = {"result": "held", "code": "undone"}
        batch = _noted(batch, item, result)
    return batch


def _taken_back(row: Notification, person: Viewer, now: dt.datetime) -> dict[str, str]:
    try:
        DECIDERS[row.kind].undo(person=person, params=row.params, now=now)
    except DomainError as error:
        return {"result": "failed", "code": error.code}
    return {"result": "undone", "code": ""}


def _own_batch(person: Viewer, batch_id: uuid.UUID, *, lock: bool = True) -> Batch:
    rows = Batch.objects.select_for_update() if lock else Batch.objects.all()
    batch: Batch | None = rows.filter(pk=batch_id, person_id=person.pk).first()
    if batch is None:
        raise NotFound(_("There is no such batch."))
    return batch
