"""What people add to figures: targets and notes."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.errors import InvalidInput, NotFound
from apps.core.kpis import KPIS, Kpi
from apps.directory import selectors as directory
from apps.insight.models import Note, Target
from apps.insight.payloads import Period
from apps.insight.selectors.rights import reach
from apps.realtime import services as realtime

LONGEST = 1000
LARGEST = Decimal(10) ** 15


def _kpi(key: str) -> Kpi:
    if key not in KPIS:
        raise NotFound(_("There is no such indicator."))
    return KPIS[key]


def _invalid(name: str, message: str) -> InvalidInput:
    return InvalidInput(message, details={"fields": {name: [message]}})


def set_target(*, person: Any, key: str, period: Period, department: uuid.UUID | None = None, value: Decimal, now: dt.datetime) -> Target:
    """What an indicator should be in a period, for the company or for a unit; the one before ends. Raises NotFound, NotPermitted, InvalidInput."""
    kpi = _kpi(key)
    decide(person, "manage", "insight.target").require(_("You may not set targets."))
    _check_target(kpi, period, department, value)
    with transaction.atomic():
        _in_force(key, period, department).update(replaced_at=now)
        row = Target.objects.create(key=key, period_kind=period.kind, period_start=period.start, department_id=department, value=value,
                                    set_by_id=person.pk, set_at=now)  # fmt: skip
        audit.record(actor=person, action="insight.target.set", object=f"insight.target:{row.pk}", now=now,
                     data={"key": key, "period": f"{period.kind} {period.start}", "department": str(department or ""), "value": str(value)})
        _tell(key, now)
    return row


def _in_force(key: str, period: Period, department: uuid.UUID | None) -> QuerySet[Target]:
    return Target.objects.filter(key=key, period_kind=period.kind, period_start=period.start, department=department, replaced_at=None)


def _check_target(kpi: Kpi, period: Period, department: uuid.UUID | None, value: Decimal) -> None:
    if period.kind not in {"month", "quarter", "year"}:
        raise _invalid("period", _("A target belongs to a month, a quarter or a year."))
    if not value.is_finite() or abs(value) >= LARGEST:
        raise _invalid("value", _("Enter a number."))
    if kpi.unit == "percent" and not 0 <= value <= 100:
        raise _invalid("value", _("A percentage lies between 0 and 100."))
    if department and department not in directory.units_by_id([department]):
        raise _invalid("department", _("There is no such department."))
    if department and "department" not in kpi.knows:
        raise _invalid("department", _("This indicator is not kept by department."))


def clear_target(*, person: Any, key: str, period: Period, department: uuid.UUID | None = None, now: dt.datetime) -> bool:
    """Take a target away; False when there was none. Former boards go on showing it."""
    _kpi(key)
    decide(person, "manage", "insight.target").require(_("You may not set targets."))
    with transaction.atomic():
        found = _in_force(key, period, department).first()
        if found is None:
            return False
        audit.record(actor=person, action="insight.target.cleared", object=f"insight.target:{found.pk}", now=now,
                     data={"key": key, "period": f"{period.kind} {period.start}", "department": str(department or ""), "value": str(found.value)})
        found.replaced_at = now
        found.save(update_fields=["replaced_at"])
        _tell(key, now)
    return True


def add_note(*, person: Any, key: str, period: Period, text: str, now: dt.datetime) -> Note:
    """Write on a figure that one may see. Raises NotFound, NotPermitted, InvalidInput."""
    kpi = _kpi(key)
    decide(person, "create", "insight.note").require(_("You may not write notes on figures."))
    if not reach(person, kpi).allowed:
        decide(person, kpi.action, kpi.resource).require(_("You may not see this figure."))
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise _invalid("text", _("Write a note of at most 1000 characters."))
    with transaction.atomic():
        row = Note.objects.create(key=key, period_start=period.start, text=words, author_id=person.pk, written_at=now)
        audit.record(actor=person, action="insight.note.added", object=f"insight.note:{row.pk}", now=now,
                     data={"key": key, "period": str(period.start), "length": len(words)})
        _tell(key, now)
    return row


def remove_note(*, person: Any, note_id: uuid.UUID, now: dt.datetime) -> None:
    """Take the own note away; it stays in the table, and in figures as they were shown then. Raises NotFound."""
    with transaction.atomic():
        row = Note.objects.select_for_update().filter(pk=note_id, author_id=person.pk, removed_at=None).first()
        if row is None:
            raise NotFound(_("There is no such note of yours."))
        row.removed_at = now
        row.save(update_fields=["removed_at"])
        audit.record(actor=person, action="insight.note.removed", object=f"insight.note:{row.pk}", now=now, data={"key": row.key})
        _tell(row.key, now)


def _tell(key: str, now: dt.datetime) -> None:
    """Open boards read the figure again; the hint says which, nothing of it."""
    realtime.broadcast(hint={"t": "kpi", "key": key}, now=now)
