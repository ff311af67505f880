"""Announcements as their readers and their writers see them, and cases copied to somebody."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.audit import selectors as audit
from apps.business.models import Announcement, AnnouncementReceipt, Circulation
from apps.business.selectors.paging import SIZE, Listed, listed
from apps.core.access import decide, plan
from apps.core.errors import NotFound
from apps.directory import selectors as directory
from apps.workflows import selectors as workflow_selectors

RESOURCE = "business.announcement"
State = Announcement.State


@dataclass(frozen=True)
class Reading:
    """An announcement in the reader's language, with what this reader did with it."""

    row: Announcement
    title: str
    body: str
    read_at: dt.datetime | None
    confirmed_at: dt.datetime | None
    addressed: bool

    @property
    def waits(self) -> bool:
        """A confirmation of this reader is missing."""
        return self.addressed and self.row.confirm and self.confirmed_at is None


@dataclass(frozen=True)
class ReadingReport:
    """Who of the audience did what. `rows`: (person, receipt or None), those who are missing first."""

    rows: list[tuple[Any, AnnouncementReceipt | None]]
    total: int
    read: int
    confirmed: int


def announcement_ref(row: Announcement, person_id: Any = None) -> str:
    """What messages about it are about; of one reader: the confirmation that is asked of that reader."""
    return f"announcement:{row.pk}:{person_id}" if person_id else f"announcement:{row.pk}"


def to_confirm(now: dt.datetime) -> list[tuple[uuid.UUID, str]]:
    """(person, ref) of every confirmation that is asked for and missing."""
    shown = Q(announcement__visible_until=None) | Q(announcement__visible_until__gt=now)
    open_ones = AnnouncementReceipt.objects.filter(shown, announcement__state=State.PUBLISHED, announcement__confirm=True, confirmed_at=None)
    asked = open_ones.exclude(told_at=None).exclude(person_id=F("announcement__author_id")).select_related("announcement")
    return [(one.person_id, announcement_ref(one.announcement, one.person_id)) for one in asked]


def confirmation_refs(announcement_ids: list[Any]) -> list[str]:
    """Refs of all confirmations of these announcements, given or not."""
    receipts = AnnouncementReceipt.objects.filter(announcement__in=announcement_ids).select_related("announcement")
    return [announcement_ref(one.announcement, one.person_id) for one in receipts]


def announcements(person: Any, *, now: dt.datetime, page: int = 1, size: int = SIZE) -> Listed:
    """Shown now to this reader: pinned first, then the newest."""
    found = _shown_to(person, now).order_by("-pinned", "-visible_from", "pk")
    return listed(found, page, size, lambda rows: _readings(person, list(rows)))


def written(person: Any, *, page: int = 1, size: int = SIZE) -> Listed:
    """What this person may change: drafts first, then the newest."""
    rights = plan(person, "manage", RESOURCE)
    found = Announcement.objects.filter(rights.q("author_id")).select_related("author").order_by(F("published_at").desc(nulls_first=True), "-created_at", "pk")
    return listed(found, page, size, lambda rows: _readings(person, list(rows)))


def unread_count(person: Any, now: dt.datetime) -> int:
    """How many of those shown now this reader has not opened."""
    return _shown_to(person, now).exclude(receipts__in=AnnouncementReceipt.objects.filter(person_id=person.pk).exclude(read_at=None)).count()


def announcement(person: Any, announcement_id: uuid.UUID, now: dt.datetime) -> Reading:
    """One, for its reader or its writer. Raises NotFound."""
    return _readings(person, [announcement_of(person, announcement_id, now)])[0]


def announcement_of(person: Any, announcement_id: Any, now: dt.datetime) -> Announcement:
    """The row, if this person may see it. Raises NotFound."""
    row = Announcement.objects.select_related("author").filter(pk=announcement_id).first()
    seen = row is not None and (_shown_to(person, now).filter(pk=row.pk).exists() or decide(person, "manage", RESOURCE, row.author_id).allowed)
    if row is None or not seen:
        raise NotFound(_("There is no such announcement, or it is not for you."))
    return row


def is_addressed(person: Any, row: Announcement) -> bool:
    """This person belongs to the audience."""
    return Announcement.objects.filter(_reaches(person), pk=row.pk).exists()


def deadlines(person: Any, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> list[Reading]:
    """Announcements whose confirmation by this reader falls due in between."""
    if not plan(person, "view", RESOURCE).allowed:
        return []
    found = _shown_to(person, now).filter(confirm=True, confirm_by__gte=start, confirm_by__lt=end).order_by("confirm_by", "pk")
    return [one for one in _readings(person, list(found)) if one.waits]


def audience(row: Announcement) -> list[Any]:
    """Active people whom it is for, by login."""
    everybody = directory.active_people()
    if row.everybody:
        return list(everybody)
    paths = [unit.path for unit in row.org_units.all()]
    named, roles = set(row.people.values_list("pk", flat=True)), set(row.roles.values_list("pk", flat=True))
    with access.one_request():
        return [one for one in everybody if _is_meant(one, paths, named, roles)]


def _is_meant(one: Any, paths: list[str], named: set[Any], roles: set[Any]) -> bool:
    in_unit = one.org_unit is not None and any(one.org_unit.path.startswith(path) for path in paths)
    return in_unit or one.pk in named or bool(roles and roles & {role.pk for role in access.roles_of(one)})


def corrected_at(row: Announcement) -> dt.datetime | None:
    """When its words were last changed after it was published."""
    if row.updated_at == row.published_at:
        return None
    return audit.entries(object=f"{RESOURCE}:{row.pk}", action=f"{RESOURCE}.corrected").order_by("-seq").values_list("at", flat=True).first()


def reading_report(row: Announcement) -> ReadingReport:
    """Of everybody whom it is for now."""
    receipts = {one.person_id: one for one in row.receipts.all()}
    rows = [(one, receipts.get(one.pk)) for one in audience(row)]
    read = sum(1 for _one, receipt in rows if receipt and receipt.read_at)
    confirmed = sum(1 for _one, receipt in rows if receipt and receipt.confirmed_at)
    rows.sort(key=lambda pair: (_did(pair[1], row.confirm), pair[0].login))
    return ReadingReport(rows, len(rows), read, confirmed)


def _did(receipt: AnnouncementReceipt | None, confirm: bool) -> bool:
    return bool(receipt and (receipt.confirmed_at if confirm else receipt.read_at))


def missing_readers(row: Announcement, now: dt.datetime) -> list[Any]:
    """Who has not read it, or not confirmed it where that is asked; never its author."""
    return [one for one, receipt in reading_report(row).rows if not _did(receipt, row.confirm) and one.pk != row.author_id]


def _reaches(person: Any) -> Q:
    unit = person.org_unit
    above = [uuid.UUID(hex=part) for part in unit.path.split("/") if part] if unit else []
    roles = [role.pk for role in access.roles_of(person)]
    through = (
        Q(pk__in=Announcement.org_units.through.objects.filter(orgunit_id__in=above).values("announcement_id")),
        Q(pk__in=Announcement.roles.through.objects.filter(role_id__in=roles).values("announcement_id")),
        Q(pk__in=Announcement.people.through.objects.filter(person_id=person.pk).values("announcement_id")),
    )
    return Q(everybody=True) | through[0] | through[1] | through[2]


def _shown_to(person: Any, now: dt.datetime) -> QuerySet[Announcement]:
    plan(person, "view", RESOURCE).decision.require(_("You may not see announcements."))
    in_time = Q(visible_from__lte=now) & (Q(visible_until=None) | Q(visible_until__gt=now))
    return Announcement.objects.filter(_reaches(person) & in_time, state=State.PUBLISHED).select_related("author")


def _readings(person: Any, rows: list[Announcement]) -> list[Reading]:
    ids = [row.pk for row in rows]
    mine = {one.announcement_id: one for one in AnnouncementReceipt.objects.filter(person_id=person.pk, announcement__in=ids)} if ids else {}
    addressed = set(Announcement.objects.filter(_reaches(person), pk__in=ids).values_list("pk", flat=True)) if ids else set()
    return [_reading(row, mine.get(row.pk), row.pk in addressed) for row in rows]


def _reading(row: Announcement, receipt: AnnouncementReceipt | None, addressed: bool) -> Reading:
    chinese = (get_language() or "").startswith("zh")
    title = row.title_zh if chinese and row.title_zh else row.title
    body = row.body_zh if chinese and row.body_zh else row.body
    return Reading(row, title, body, receipt.read_at if receipt else None, receipt.confirmed_at if receipt else None, addressed)


# --- copies -----------------------------------------------------------------------------------------------------------------------------------


def copies_to(person: Any, *, page: int = 1, size: int = SIZE) -> Listed:
    """Cases copied to this person, the latest first, as (copy, title as this person may read it, label)."""
    found = Circulation.objects.filter(person_id=person.pk).select_related("sender").order_by("-sent_at", "pk")
    return listed(found, page, size, lambda rows: _with_titles(person, list(rows)))


def _with_titles(person: Any, rows: list[Circulation]) -> list[tuple[Circulation, Any, str]]:
    known = workflow_selectors.titles(person, [row.instance_id for row in rows])
    return [(row, *known[row.instance_id]) for row in rows if row.instance_id in known]


def copies_of(instance_id: Any) -> list[Circulation]:
    """Who has a copy of a case, and who opened it."""
    return list(Circulation.objects.filter(instance_id=instance_id).select_related("person", "sender").order_by("sent_at", "person__login"))


def has_copy(instance_id: Any, person: Any) -> bool:
    return Circulation.objects.filter(instance_id=instance_id, person_id=person.pk).exists()
