"""Telling people, and taking it back when it is dealt with. Every change is pushed to the browsers of those it concerns when it commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core import kinds
from apps.core.errors import DomainError, NotFound
from apps.jobs import services as jobs
from apps.notifications import selectors
from apps.notifications.models import NEVER, UNDONE, Notification, SnoozeWatch, State
from apps.notifications.services import deliveries
from apps.realtime import services as realtime


class Viewer(Protocol):
    @property
    def pk(self) -> Any: ...


WAKE = "notifications.wake"  # the job that ends a snooze
SHORTEST_SNOOZE, LONGEST_SNOOZE = dt.timedelta(minutes=3), dt.timedelta(days=90)


class UnableToSnooze(DomainError):
    """The moment has passed or lies too far ahead, or there is nothing left to do."""

    code = "not_snoozed"
    status = 422


class UnableToPutAway(DomainError):
    """A to-do goes away when its work is done, not by hand."""

    code = "todo_is_open"


class AsleepStill(UnableToPutAway):
    """What is snoozed is taken back first."""

    code = "snoozed"


class UnableToPutBack(DomainError):
    """It ended by what it was about, not by the hand of its person: nothing is left to do."""

    code = "ended"


def notify(*, kind: str, person_ids: Iterable[uuid.UUID], params: Mapping[str, Any], ref: str, now: dt.datetime, dedupe: str = "",
           due_at: dt.datetime | None = None) -> list[uuid.UUID]:
    """One notice to each person, in the caller's transaction; returns the ids of the new ones.

    `kind`: a key of core.kinds (LookupError else). `params`: what the kind renders; ids and values as read, masked only when shown.
    `ref`: the thing it is about; `resolve` closes by it. `dedupe`: with the same value a person is told once, for ever.
    """
    known = kinds.get(kind)
    rows = [
        Notification(person_id=person, kind=kind, system=known.system, todo=known.todo, params=dict(params), ref=ref,
                     dedupe=dedupe or None, due_at=due_at, rank_at=due_at or NEVER, created_at=now)
        for person in sorted(set(person_ids))
    ]
    with transaction.atomic():
        Notification.objects.bulk_create(rows, ignore_conflicts=bool(dedupe))
        new = rows
        if dedupe:
            stored = set(Notification.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
            new = [row for row in rows if row.pk in stored]
        push_changes([row.person_id for row in new], todo=known.todo, change="new", ref=ref, now=now)
        deliveries.announce(notices=new, now=now)
    return [row.pk for row in new]


def resolve(*, ref: str, now: dt.datetime, outcome: str = "", by: uuid.UUID | None = None) -> int:
    """Close every open notice about `ref`, for everybody. `outcome`: a word its kind renders; `by`: who decided. Returns how many."""
    with transaction.atomic():
        open_ones = list(Notification.objects.select_for_update().filter(ref=ref, state=State.OPEN).order_by("person_id", "pk"))
        Notification.objects.filter(pk__in=[row.pk for row in open_ones]).update(
            state=State.RESOLVED, outcome=outcome, closed_at=now, closed_by=by)
        for todo in (True, False):
            push_changes([row.person_id for row in open_ones if row.todo is todo], todo=todo, change="closed", ref=ref, now=now)
        deliveries.close_behind(notices=open_ones, now=now)
    return len(open_ones)


def mark_undone(*, ref: str, person_ids: Iterable[uuid.UUID], closed_at: dt.datetime, by: uuid.UUID, now: dt.datetime) -> int:
    """What `by` decided about `ref` at that moment was undone: the notices of these people that it closed say so from now on. In the caller's
    transaction, beside the new notices of what is open again. Returns how many."""
    rows = Notification.objects.exclude(state=State.OPEN).filter(person_id__in=list(person_ids), closed_at=closed_at, closed_by_id=by, ref=ref)
    people = list(rows.values_list("person_id", flat=True))
    rows.update(outcome=UNDONE)
    push_changes(people, todo=True, change="changed", ref=ref, now=now)
    return len(people)


def push_changes(person_ids: Iterable[uuid.UUID], *, todo: bool, change: str, ref: str, now: dt.datetime) -> None:
    realtime.push(person_ids=person_ids, hint={"t": "todo" if todo else "notice", "change": change, "ref": ref}, now=now)


def _own(person: Viewer, notification_id: uuid.UUID) -> Notification:
    row = Notification.objects.select_for_update().filter(pk=notification_id, person_id=person.pk).first()
    if row is None:
        raise NotFound(_("There is no such message in your inbox."))
    return row


def _changed(row: Notification, fields: list[str], now: dt.datetime) -> Notification:
    row.save(update_fields=fields)
    push_changes([row.person_id], todo=row.todo, change="changed", ref=row.ref, now=now)
    return row


def mark_read(*, person: Viewer, notification_id: uuid.UUID, now: dt.datetime) -> Notification:
    """Take the unread dot away. Raises NotFound for a message that is not this person's."""
    return _change(person, notification_id, "read", now)


def mark_unread(*, person: Viewer, notification_id: uuid.UUID, now: dt.datetime) -> Notification:
    """Put the unread dot back."""
    return _change(person, notification_id, "unread", now)


def dismiss(*, person: Viewer, notification_id: uuid.UUID, now: dt.datetime) -> Notification:
    """Put a message away; what ended by itself stays as it ended. Raises UnableToPutAway for a to-do that is still open: it goes when its work is
    done; and for one that is snoozed."""
    return _change(person, notification_id, "done", now)


def restore(*, person: Viewer, notification_id: uuid.UUID, now: dt.datetime) -> Notification:
    """Undo of `dismiss`. Raises UnableToPutBack for what was not put away by hand."""
    return _change(person, notification_id, "restore", now)


def snooze(*, person: Viewer, notification_id: uuid.UUID, until: dt.datetime | None, now: dt.datetime) -> Notification:
    """Out of the list and the badge until then; None: back into it at once, read or unread as it was. Raises UnableToSnooze for a moment
    that has passed or lies too far ahead, and for what is dealt with."""
    return _change(person, notification_id, "snooze", now, until)


def snooze_until_change(*, person: Viewer, notification_id: uuid.UUID, now: dt.datetime) -> Notification:
    """Out of the list until a record that it depends on changes in its system, at most 90 days. Raises UnableToSnooze when it names none."""
    with transaction.atomic():
        row = _own(person, notification_id)
        if not _watched(row):
            raise UnableToSnooze(_("This depends on no record of another system. Choose a moment."))
        fields = _snooze(row, now, now + LONGEST_SNOOZE)
        row.wakes_on_change = True
        watch_again([row])
        return _changed(row, fields, now)


def _watched(row: Notification) -> list[str]:
    return sorted(set(kinds.get(row.kind).watches(row.params))) if row.kind in kinds.KINDS else []


def watch_again(rows: Iterable[Notification]) -> None:
    """A change of what these depend on wakes them. In the caller's transaction."""
    watches = [SnoozeWatch(notification=row, record=record) for row in rows for record in _watched(row)]
    SnoozeWatch.objects.bulk_create(watches, ignore_conflicts=True)


def wake_by(*, record: str, now: dt.datetime) -> int:
    """A record changed: what was snoozed until then comes back, unread and with the time of now. In the caller's transaction. Returns how many."""
    waiting = list(SnoozeWatch.objects.filter(record=record).values_list("notification_id", flat=True))
    rows = Notification.objects.select_for_update().filter(pk__in=waiting, state=State.OPEN, snoozed_until__gt=now).order_by("pk") if waiting else ()
    for row in rows:
        _back(row, now)
    return len(rows)


def _back(row: Notification, now: dt.datetime) -> None:
    """From a snooze: new again, and told as what is new."""
    row.snoozed_until, row.wakes_on_change, row.read_at, row.created_at = None, False, None, now
    SnoozeWatch.objects.filter(notification=row).delete()
    _changed(row, ["snoozed_until", "wakes_on_change", "read_at", "created_at"], now)
    deliveries.ring_again(notice=row, now=now)


def _change(person: Viewer, notification_id: uuid.UUID, verb: str, now: dt.datetime, until: dt.datetime | None = None) -> Notification:
    with transaction.atomic():
        row = _own(person, notification_id)
        fields = CHANGES[verb](row, now, until)
        return _changed(row, fields, now) if fields else row


def _read(row: Notification, now: dt.datetime, until: dt.datetime | None) -> list[str]:
    if row.read_at is not None:
        return []
    row.read_at = now
    return ["read_at"]


def _unread(row: Notification, now: dt.datetime, until: dt.datetime | None) -> list[str]:
    row.read_at = None
    return ["read_at"]


def _done(row: Notification, now: dt.datetime, until: dt.datetime | None) -> list[str]:
    if row.state == State.RESOLVED:  # how it ended is history, and nobody's to open again
        return []
    if row.todo and row.state == State.OPEN:
        raise UnableToPutAway(_("This waits for your decision. Open it and decide, or snooze it."))
    if row.state == State.OPEN and row.snoozed_until is not None and row.snoozed_until > now:
        raise AsleepStill(_("This is snoozed. Take it back into the inbox first."))
    row.state, row.closed_at, row.read_at = State.DISMISSED, now, row.read_at or now
    deliveries.close_behind(notices=[row], now=now)
    return ["state", "closed_at", "read_at"]


def _restore(row: Notification, now: dt.datetime, until: dt.datetime | None) -> list[str]:
    if row.state == State.OPEN:
        return []
    if row.state == State.RESOLVED or row.todo:  # a to-do is never put away by hand
        raise UnableToPutBack(_("It is dealt with already."))
    row.state, row.closed_at = State.OPEN, None
    deliveries.open_again(notices=[row], now=now)
    return ["state", "closed_at"]


def _snooze(row: Notification, now: dt.datetime, until: dt.datetime | None) -> list[str]:
    if until is not None and not now + SHORTEST_SNOOZE <= until <= now + LONGEST_SNOOZE:
        raise UnableToSnooze(_("Choose a moment between 3 minutes and 90 days ahead."))
    if row.state != State.OPEN:
        raise UnableToSnooze(_("This is dealt with already; nothing has to be snoozed."))
    row.snoozed_until, row.wakes_on_change = until, False
    SnoozeWatch.objects.filter(notification=row).delete()
    if until is not None:
        jobs.enqueue(kind=WAKE, payload={"notification_id": str(row.pk), "until": until.isoformat()}, run_at=until, now=now)
    return ["snoozed_until", "wakes_on_change"]


def _wake(row: Notification, now: dt.datetime, until: dt.datetime | None) -> list[str]:
    return _snooze(row, now, None)


# What one can do with a message: changes the row, returns the names of the changed fields (none: it was so already), raises when it may not.
CHANGES: dict[str, Callable[[Notification, dt.datetime, dt.datetime | None], list[str]]] = {
    "read": _read, "unread": _unread, "done": _done, "restore": _restore, "snooze": _snooze, "wake": _wake,
}  # fmt: skip


def wake(*, notification_id: uuid.UUID, until: dt.datetime, now: dt.datetime) -> bool:
    """The snooze is over: it comes back as new, unread and with the time of now. False when it was snoozed anew, woken or dealt with."""
    with transaction.atomic():
        row = Notification.objects.select_for_update().filter(pk=notification_id, state=State.OPEN, snoozed_until=until).first()
        if row is None:
            return False
        _back(row, now)
    return True


def mark_all_read(*, person: Viewer, now: dt.datetime, only: Iterable[uuid.UUID] | None = None, system: str = "", kind: str = "") -> int:
    """Messages that only inform: this person's that stand in the inbox (of a `system`, of a `kind`), or `only` those. To-dos, what is snoozed
    and other people's are left alone. Returns how many changed."""
    with transaction.atomic():
        if only is None:
            chosen = selectors.inbox(person, now=now, todo=False, system=system, kind=kind)
        else:
            chosen = Notification.objects.filter(person_id=person.pk, state=State.OPEN, todo=False, pk__in=list(only))
        count = chosen.filter(read_at=None).update(read_at=now)
        if count:
            push_changes([person.pk], todo=False, change="changed", ref="", now=now)
    return count
