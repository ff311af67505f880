"""Freezing what was before."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core import clock
from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.directory import selectors as directory
from apps.insight.models import Baseline
from apps.insight.policies.meter import MEASURES
from apps.insight.selectors.meter import sample


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
    if department and department not in directory.units_by_id([department]):
        raise NotFound(_("There is no such department."))
    values = sample(key, first_day=first_day, last_day=last_day, department=department)
    if not values:
        raise UnableToFreeze(_("Nothing was measured between these days."))
    try:
        with transaction.atomic():
            row = Baseline.objects.create(key=key, department_id=department, first_day=first_day, last_day=last_day, sample=values, frozen_by_id=person.pk,
                                          frozen_at=now)  # fmt: skip
            audit.record(actor=person, action="insight.baseline.frozen", object=f"insight.baseline:{row.pk}", now=now,
                         data={"key": key, "first_day": str(first_day), "last_day": str(last_day), "values": len(values)})
    except IntegrityError as error:
        raise UnableToFreeze(_("The baseline of this measure is frozen: it is never replaced.")) from error
    return row
