"""Freezing what was before, naming the departments that are live, and keeping how old figures were when they were looked at."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core import clock
from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.directory import selectors as directory
from apps.insight.models import Baseline, LiveDepartment, Sight
from apps.insight.payloads import Reading
from apps.insight.policies.meter import MEASURES
from apps.insight.selectors.crowd import too_few
from apps.insight.selectors.meter import is_small, sample

KEPT_FOR = dt.timedelta(days=400)
LARGEST = 20_000  # values of a frozen sample; of more, as many are kept, evenly spread over their order


class UnableToFreeze(DomainError):
    """There is a baseline already, or nothing to make one of."""

    code = "unable_to_freeze"


def freeze_baseline(*, person: Any, key: str, first_day: dt.date, last_day: dt.date, department: uuid.UUID | None = None, now: dt.datetime) -> Baseline:
    """Keep what a measure was between two days, both counted, for ever. Raises NotFound, NotPermitted, InvalidInput, UnableToFreeze."""
    if key not in MEASURES:
        raise NotFound(_("There is no such measure."))
    decide(person, "manage", "insight.target").require(_("You may not freeze baselines."))
    if last_day < first_day or last_day > clock.company_today(now):
        words = _("A baseline needs a first and a last day that are over.")
        raise InvalidInput(words, details={"fields": {"last_day": [words]}})
    _known(department)
    if is_small(key, first_day=first_day, last_day=last_day, department=department):
        raise UnableToFreeze(too_few())
    values = sample(key, first_day=first_day, last_day=last_day, department=department)
    if not values:
        raise UnableToFreeze(_("Nothing was measured between these days."))
    kept = _thinned(values)
    try:
        with transaction.atomic():
            row = Baseline.objects.create(key=key, department_id=department, first_day=first_day, last_day=last_day, sample=[value for value, _unit in kept],
                                          by_department=_by_department(kept), frozen_by_id=person.pk, frozen_at=now)  # fmt: skip
            audit.record(actor=person, action="insight.baseline.frozen", object=f"insight.baseline:{row.pk}", now=now,
                         data={"key": key, "first_day": str(first_day), "last_day": str(last_day), "values": len(values)})
    except IntegrityError as error:
        raise UnableToFreeze(_("The baseline of this measure is frozen: it is never replaced.")) from error
    return row


def _by_department(values: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for value, unit in values:
        found.setdefault(unit, []).append(value)
    return found


def _thinned(values: list[tuple[int, str]]) -> list[tuple[int, str]]:
    if len(values) <= LARGEST:
        return values
    return [values[index * (len(values) - 1) // (LARGEST - 1)] for index in range(LARGEST)]


def _known(department: uuid.UUID | None) -> None:
    if department and department not in directory.units_by_id([department]):
        raise NotFound(_("There is no such department."))


def set_live(*, person: Any, department: uuid.UUID, live_from: dt.date | None, now: dt.datetime) -> LiveDepartment | None:
    """Since when a department, and what is below it, works with the portal; None: it has no day of its own any more. Raises NotPermitted, NotFound,
    InvalidInput."""
    decide(person, "manage", "insight.target").require(_("You may not say which departments are live."))
    _known(department)
    if live_from and not dt.date(2000, 1, 1) <= live_from <= dt.date(2200, 1, 1):
        words = _("Write a day as 2026-11-23.")
        raise InvalidInput(words, details={"fields": {"live_from": [words]}})
    with transaction.atomic():
        before = LiveDepartment.objects.select_for_update().filter(department=department, replaced_at=None).first()
        if live_from == (before.live_from if before else None):
            return before
        audit.record(actor=person, action="insight.department.live", object=f"directory.org_unit:{department}", now=now, data={
            "before": str(before.live_from) if before else "", "after": str(live_from or "")})
        return _replaced(before, department, live_from, person, now)


def _replaced(before: LiveDepartment | None, department: uuid.UUID, live_from: dt.date | None, person: Any, now: dt.datetime) -> LiveDepartment | None:
    """What was said before stays, with its end: a print is read again as of its moment."""
    if before:
        LiveDepartment.objects.filter(pk=before.pk).update(replaced_at=now)
    if live_from is None:
        return None
    try:
        with transaction.atomic():
            return LiveDepartment.objects.create(department_id=department, live_from=live_from, set_by_id=person.pk, set_at=now)
    except IntegrityError as error:
        words = _("Somebody set the day of this department at the same moment. Look at it again.")
        raise InvalidInput(words, details={"fields": {"live_from": [words]}}) from error


def note_sights(*, person: Any, readings: Iterable[Reading], now: dt.datetime) -> int:
    """How old each figure is that a person looks at now; of the person the department alone is kept. Returns how many were noted."""
    seen = {one.key: min(one.as_of.values()) for one in readings if one.state == "ok" and one.as_of and one.system != "oa"}
    day, unit = clock.company_today(now), getattr(person, "org_unit_id", None)
    rows = [Sight(kpi=key, day=day, seconds=max(0, round((now - at).total_seconds())), department=unit) for key, at in seen.items()]
    Sight.objects.bulk_create(rows)
    return len(rows)


def forget_sights(*, now: dt.datetime) -> int:
    """What is too old to be compared."""
    gone, _rows = Sight.objects.filter(day__lt=clock.company_today(now) - KEPT_FOR).delete()
    return gone
