"""Announcements: written, published, read, confirmed, reminded of, withdrawn. Right, change, audit and messages in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.audit import services as audit
from apps.business import policies, selectors
from apps.business.models import Announcement, AnnouncementReceipt
from apps.core.access import decide
from apps.core.clock import company_today
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.directory import selectors as directory
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.realtime import services as realtime

RESOURCE = "business.announcement"
DELIVER = "business.announcement_deliver"
END = "business.announcement_end"
CONFIRM = "business.announcement_confirm"
BATCH = 200
TEXTS = ("title", "title_zh", "body", "body_zh")
State = Announcement.State


class UnableToChangeAnnouncement(DomainError):
    """The announcement is in a state in which this cannot be done."""

    code = "unable_to_change_announcement"


def save_announcement(*, person: Any, fields: Mapping[str, Any], now: dt.datetime, announcement_id: Any = None) -> Announcement:
    """Write a draft or change it. `fields`: title title_zh body body_zh everybody unit_ids role_ids person_ids visible_from visible_until pinned
    confirm confirm_by. Raises NotPermitted, NotFound, InvalidInput, UnableToChangeAnnouncement (it is published already)."""
    decide(person, "manage", RESOURCE, person.pk).require(_("You may not write announcements."))
    texts = {name: policies.richtext.plain(str(fields.get(name) or "")).strip() for name in TEXTS}
    values = {**fields, **texts, "visible_from": fields.get("visible_from") or now}
    with transaction.atomic():
        row = _managed(person, announcement_id) if announcement_id else Announcement(author=person, created_at=now)
        if row.state != State.DRAFT:
            raise UnableToChangeAnnouncement(_("It is published. Correct its words, or withdraw it and write a new one."))
        units, roles, people = _audience(values)
        _require_sound(values, has_audience=bool(values.get("everybody") or units or roles or people))
        for name in (*TEXTS, "visible_from"):
            setattr(row, name, values[name])
        row.everybody, row.pinned, row.confirm = (bool(values.get(name)) for name in ("everybody", "pinned", "confirm"))
        row.visible_until, row.confirm_by = values.get("visible_until"), values.get("confirm_by") if row.confirm else None
        row.updated_at = now
        row.save()
        row.org_units.set(units)
        row.roles.set(roles)
        row.people.set(people)
        _audit(person, row, "saved", now, {"everybody": row.everybody, "units": sorted(one.code for one in units)})
    return row


def publish_announcement(*, person: Any, announcement_id: Any, now: dt.datetime) -> Announcement:
    """The audience is told when it begins to be shown. Raises NotFound, UnableToChangeAnnouncement."""
    with transaction.atomic():
        row = _after(_managed(person, announcement_id), "publish")
        row.visible_from = max(row.visible_from, now)
        if row.visible_until and row.visible_until <= now:
            raise UnableToChangeAnnouncement(_("Its end has passed. Choose a later one."))
        row.published_at, row.updated_at = now, now
        row.save(update_fields=["state", "visible_from", "published_at", "updated_at"])
        jobs.enqueue(kind=DELIVER, payload={"announcement_id": str(row.pk), "after": ""}, key=f"announcement:{row.pk}", run_at=row.visible_from, now=now)
        if row.visible_until:
            jobs.enqueue(kind=END, payload={"announcement_id": str(row.pk)}, key=f"announcement-end:{row.pk}", run_at=row.visible_until, now=now)
        _audit(person, row, "published", now, {"visible_from": row.visible_from.isoformat()})
    return row


def correct_announcement(*, person: Any, announcement_id: Any, texts: Mapping[str, Any], ask_again: bool, now: dt.datetime) -> Announcement:
    """Other words for what is published: title title_zh body body_zh; whom it is for and when stays. The words before are kept in the audit.

    `ask_again`: who confirmed the older words is asked once more; else their confirmation stands. Raises NotFound, InvalidInput,
    UnableToChangeAnnouncement.
    """
    values = {name: str(texts.get(name) or "").strip() for name in TEXTS}
    with transaction.atomic():
        row = _after(_managed(person, announcement_id), "correct")
        _require_sound({**values, "visible_from": row.visible_from}, has_audience=True)
        before = {name: getattr(row, name) for name in TEXTS if getattr(row, name) != values[name]}
        if not before:
            return row
        for name in TEXTS:
            setattr(row, name, values[name])
        row.updated_at = now
        row.save(update_fields=[*TEXTS, "updated_at"])
        asked = _ask_again(row, now) if ask_again and row.confirm else 0
        _audit(person, row, "corrected", now, {"before": before, "asked_again": asked})
        realtime.broadcast(hint={"t": "announcement", "id": str(row.pk)}, now=now)
    return row


def _ask_again(row: Announcement, now: dt.datetime) -> int:
    """Who confirmed the older words, and is still among the readers, owes a confirmation again."""
    readers = {one.pk: one for one in selectors.audience(row)}
    confirmed = row.receipts.filter(person__in=readers).exclude(confirmed_at=None)
    people = [readers[pk] for pk in confirmed.values_list("person_id", flat=True)]
    row.receipts.filter(person__in=[one.pk for one in people]).update(confirmed_at=None, reminded_at=None)
    for one in people:
        notifications.notify(kind=CONFIRM, person_ids=[one.pk], ref=_ref(row, one.pk), params=_params(row), now=now, due_at=row.confirm_by,
                             dedupe=f"corrected:{row.pk}:{now.isoformat()}")
    return len(people)


def withdraw_announcement(*, person: Any, announcement_id: Any, now: dt.datetime) -> Announcement:
    """It is shown no more, and what asks for a confirmation goes away. Raises NotFound, UnableToChangeAnnouncement."""
    with transaction.atomic():
        row = _after(_managed(person, announcement_id), "withdraw")
        row.updated_at = now
        row.save(update_fields=["state", "updated_at"])
        jobs.cancel(key=f"announcement:{row.pk}")
        _close_messages(row, "withdrawn", now, by=person.pk)
        _audit(person, row, "withdrawn", now, {})
        realtime.broadcast(hint={"t": "announcement", "id": str(row.pk)}, now=now)
    return row


def pin_announcement(*, person: Any, announcement_id: Any, pinned: bool, now: dt.datetime) -> Announcement:
    """Hold it at the top, or let it go. Raises NotFound, UnableToChangeAnnouncement."""
    with transaction.atomic():
        row = _after(_managed(person, announcement_id), "pin")
        if row.pinned != pinned:
            row.pinned, row.updated_at = pinned, now
            row.save(update_fields=["pinned", "updated_at"])
            _audit(person, row, "pinned" if pinned else "unpinned", now, {})
            realtime.broadcast(hint={"t": "announcement", "id": str(row.pk)}, now=now)
    return row


def read_announcement(*, person: Any, announcement_id: Any, now: dt.datetime) -> None:
    """The person has opened it: the receipt says when, the first time. Raises NotFound."""
    row = selectors.announcement_of(person, announcement_id, now)
    known = AnnouncementReceipt.objects.filter(announcement=row, person_id=person.pk).exclude(read_at=None)
    if row.state != State.PUBLISHED or known.exists() or not selectors.is_addressed(person, row):
        return
    with transaction.atomic():
        receipt, _made = AnnouncementReceipt.objects.get_or_create(announcement=row, person_id=person.pk)
        if AnnouncementReceipt.objects.filter(pk=receipt.pk, read_at=None).update(read_at=now):
            realtime.push(person_ids=[person.pk], hint={"t": "announcement", "id": str(row.pk)}, now=now)


def confirm_announcement(*, person: Any, announcement_id: Any, now: dt.datetime) -> None:
    """The person says to have read it; a second time changes nothing. Raises NotFound, UnableToChangeAnnouncement."""
    row = selectors.announcement_of(person, announcement_id, now)
    if row.state != State.PUBLISHED or not row.confirm or not selectors.is_addressed(person, row):
        raise UnableToChangeAnnouncement(_("It asks for no confirmation of yours."))
    with transaction.atomic():
        receipt, _made = AnnouncementReceipt.objects.get_or_create(announcement=row, person_id=person.pk)
        if AnnouncementReceipt.objects.filter(pk=receipt.pk, confirmed_at=None).update(confirmed_at=now, read_at=receipt.read_at or now):
            notifications.resolve(ref=_ref(row, person.pk), outcome="confirmed", by=person.pk, now=now)
            _audit(person, row, "confirmed", now, {})


def remind_announcement(*, person: Any, announcement_id: Any, now: dt.datetime) -> int:
    """Remind whoever has not read (or not confirmed) it; each at most once in twenty hours. Returns how many. Raises NotFound."""
    with transaction.atomic():
        row = _after(_managed(person, announcement_id), "remind")
        missing = selectors.missing_readers(row, now)
        lately = set(row.receipts.filter(reminded_at__gt=now - policies.REMIND_EVERY).values_list("person_id", flat=True))
        due = [one for one in missing if one.pk not in lately]
        AnnouncementReceipt.objects.bulk_create([AnnouncementReceipt(announcement=row, person=one) for one in due], ignore_conflicts=True)
        row.receipts.filter(person__in=[one.pk for one in due]).update(reminded_at=now)
        notifications.notify(kind="business.announcement_reminder", person_ids=[one.pk for one in due], ref=_ref(row), params=_params(row), now=now,
                             dedupe=f"remind:{row.pk}:{now.isoformat()}")
        _audit(person, row, "reminded", now, {"people": len(due)})
    return len(due)


def deliver_announcement(*, announcement_id: Any, after: str, now: dt.datetime) -> str:
    """Tell the next of the audience, by login; returns the last login told, "" when all are. In the caller's transaction."""
    row = Announcement.objects.select_for_update().filter(pk=announcement_id, state=State.PUBLISHED).first()
    if row is None:
        return ""
    waiting = [one for one in selectors.audience(row) if one.login > after]
    batch = waiting[:BATCH]
    AnnouncementReceipt.objects.bulk_create([AnnouncementReceipt(announcement=row, person=one, told_at=now) for one in batch], ignore_conflicts=True)
    row.receipts.filter(person__in=[one.pk for one in batch], told_at=None).update(told_at=now)  # who read it on the page before being told
    done = set(row.receipts.exclude(confirmed_at=None).values_list("person_id", flat=True))
    _tell(row, [one for one in batch if one.pk != row.author_id and one.pk not in done], now)
    if len(waiting) > BATCH:
        return str(batch[-1].login)
    row.delivered_at = now
    row.save(update_fields=["delivered_at"])
    realtime.broadcast(hint={"t": "announcement", "id": str(row.pk)}, now=now)
    return ""


def end_announcement(*, announcement_id: Any, now: dt.datetime) -> None:
    """It is shown no more: nobody has to confirm what nobody can open."""
    with transaction.atomic():
        row = Announcement.objects.select_for_update().filter(pk=announcement_id, state=State.PUBLISHED, visible_until__lte=now).first()
        if row is not None:
            _close_messages(row, "ended", now)


def tell_again(*, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
    """A to-do that was lost, in the caller's transaction. `ref`: as the message has it."""
    row = Announcement.objects.get(pk=ref.split(":")[1])
    notifications.notify(kind=CONFIRM, person_ids=person_ids, ref=ref, params=_params(row), now=now, due_at=row.confirm_by)


def _close_messages(row: Announcement, outcome: str, now: dt.datetime, by: Any = None) -> None:
    open_ones = row.receipts.filter(confirmed_at=None).values_list("person_id", flat=True) if row.confirm else []
    for ref in (_ref(row), *(_ref(row, one) for one in open_ones)):
        notifications.resolve(ref=ref, outcome=outcome, by=by, now=now)


def _tell(row: Announcement, people: Iterable[Any], now: dt.datetime) -> None:
    """One that asks for confirmation is a to-do of each reader, closed one by one; else it is news."""
    if not row.confirm:
        notifications.notify(kind="business.announcement", person_ids=[one.pk for one in people], ref=_ref(row), params=_params(row), now=now,
                             dedupe=f"announced:{row.pk}")
        return
    for one in people:
        notifications.notify(kind=CONFIRM, person_ids=[one.pk], ref=_ref(row, one.pk), params=_params(row), now=now,
                             due_at=row.confirm_by, dedupe=f"announced:{row.pk}")


def _params(row: Announcement) -> dict[str, Any]:
    by = company_today(row.confirm_by).isoformat() if row.confirm_by else ""
    return {"announcement_id": str(row.pk), "title": row.title, "title_zh": row.title_zh, "confirm": row.confirm, "confirm_by": by}


_ref = selectors.announcement_ref


def _managed(person: Any, announcement_id: Any) -> Announcement:
    row = Announcement.objects.select_for_update().filter(pk=announcement_id).first()
    if row is None or not decide(person, "manage", RESOURCE, row.author_id).allowed:
        raise NotFound(_("There is no such announcement, or it is not yours to change."))
    return row


def _after(row: Announcement, happens: str) -> Announcement:
    state = policies.announcement_state(row.state, happens)
    if state is None:
        words = {State.DRAFT: _("Publish it first."), State.PUBLISHED: _("It is published already."), State.WITHDRAWN: _("It was withdrawn.")}
        raise UnableToChangeAnnouncement(words[State(row.state)])
    row.state = state
    return row


def _audience(values: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Units, roles and people by id; unknown ids are refused."""
    units = list(directory.units_by_id(_ids(values.get("unit_ids"))).values())
    people = [one for one in directory.people_by_id(_ids(values.get("person_ids"))).values() if one.active]
    wanted = set(_ids(values.get("role_ids")))
    roles = [role for role in access.roles() if role.pk in wanted]
    if len(units) + len(roles) + len(people) != sum(len(_ids(values.get(name))) for name in ("unit_ids", "role_ids", "person_ids")):
        raise InvalidInput(_("Some fields need another value."), details={"fields": {"audience": [_("Choose from the lists.")]}})
    return units, roles, people


def _ids(texts: Any) -> list[uuid.UUID]:
    try:
        return list(dict.fromkeys(uuid.UUID(str(text)) for text in texts or ()))
    except ValueError as error:
        raise InvalidInput(_("Some fields need another value."), details={"fields": {"audience": [_("Choose from the lists.")]}}) from error


def _require_sound(values: Mapping[str, Any], *, has_audience: bool) -> None:
    full = {"visible_until": None, "confirm": False, "confirm_by": None, **values}
    words = {
        "empty": _("Fill this in."), "long": _("This is too long."), "order": _("It ends before it begins."),
        "audience": _("Choose everybody, or at least one department, role or person."), "deadline": _("Choose a moment after it is first shown."),
    }  # fmt: skip
    found = policies.problems_of_announcement(full, has_audience=has_audience)
    if found:
        raise InvalidInput(_("Some fields need another value."), details={"fields": {name: [words[code]] for name, code in found.items()}})


def _audit(person: Any, row: Announcement, verb: str, now: dt.datetime, data: Mapping[str, Any]) -> None:
    audit.record(actor=person, action=f"business.announcement.{verb}", object=f"{RESOURCE}:{row.pk}", data=dict(data), now=now)
