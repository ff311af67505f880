"""Which target a figure is held against: that of the company or of a department, and only where the figure is of just that."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from apps.directory import selectors as directory
from apps.insight.models import Target
from apps.insight.payloads import Period
from apps.insight.selectors import then
from apps.insight.selectors.asked import Asked

PERIODS = {"month", "quarter", "year"}


@dataclass(frozen=True)
class Aim:
    """Whose target it is: of a department, or (None) of the company."""

    department: uuid.UUID | None


def aim(person: Any, one: Asked) -> Aim | None:
    """None: the figure is of a region, of a product line or of some people alone, and nobody sets targets for those."""
    if one.filters.product_line or one.filters.region:
        return None
    if one.reach.everything:
        return Aim(one.filters.department)
    department = one.filters.department or (person.org_unit_id if "department" in one.kpi.knows else None)
    people = _people(department) if department else set()
    return Aim(department) if people and people <= one.reach.owners else None


def _people(department: uuid.UUID) -> set[uuid.UUID]:
    unit = directory.units_by_id([department]).get(department)
    return set(directory.ids_in_unit(unit.path)) if unit else set()


def in_force(keys: Iterable[str], period: Period, at: dt.datetime | None) -> dict[tuple[str, uuid.UUID | None], Decimal]:
    """(figure, department or None) -> its target in this period; `at`: as of that moment."""
    named = list(keys)
    if not named or period.kind not in PERIODS:
        return {}
    rows = Target.objects.filter(Q(replaced_at=None) if at is None else then.in_force(at, "set_at"))
    rows = rows.filter(key__in=named, period_kind=period.kind, period_start=period.start)
    return {(key, department): value for key, department, value in rows.values_list("key", "department", "value")}
