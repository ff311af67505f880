"""What was in force at a moment: facts, formulas, departments. `at` None is now."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from apps.core.kpis import Kpi
from apps.directory import selectors as directory
from apps.insight.models import Fact, KpiVersion, UnitThen
from apps.insight.payloads import Filters
from apps.jobs import selectors as jobs

MOMENT = dt.timedelta(microseconds=1)


def in_force(at: dt.datetime, begins: str = "recorded_at") -> Q:
    """Rows that had begun and not ended."""
    return (Q(replaced_at=None) | Q(replaced_at__gt=at)) & Q(**{f"{begins}__lte": at})


def facts_at(at: dt.datetime | None) -> QuerySet[Fact]:
    return Fact.objects.filter(Q(replaced_at=None) if at is None else in_force(at))


def whole_until(now: dt.datetime) -> dt.datetime:
    """The latest moment until now of which every fact is written. A fact is known from the moment that its job began, and can be read when the job ends: what
    is taken as of before all that are running now, reads the same ever after."""
    begun = jobs.running_since(kind="insight.take_*")
    return min(now, begun - MOMENT) if begun else now


def formulas_at(kpis: Iterable[Kpi], at: dt.datetime | None) -> dict[str, Kpi]:
    """Key -> the indicator by the formula that boards were computed by; of a moment before all formulas, by the first one."""
    there = {kpi.key: kpi for kpi in kpis}
    changed = [key for key, kpi in there.items() if kpi.former is not None]
    if at is None or not changed:
        return there
    known: dict[str, list[tuple[int, bool]]] = {}
    for key, version, since in KpiVersion.objects.filter(key__in=changed).order_by("version").values_list("key", "version", "known_from"):
        known.setdefault(key, []).append((version, since is None or since <= at))
    for key, versions in known.items():
        wanted = max((version for version, begun in versions if begun), default=versions[0][0])
        there[key] = _of_version(there[key], wanted)
    return there


def _of_version(kpi: Kpi, version: int) -> Kpi:
    found, kind = kpi, kpi.former
    while found.version > version and kind is not None:
        found = kind()
        kind = found.former
    return found


def unit_names(at: dt.datetime | None) -> dict[str, str]:
    """Id -> name of each department, in the reader's language."""
    language = get_language() or "en"
    if at is None:
        return {str(unit.pk): unit.display(language) for unit in directory.units()}
    rows = UnitThen.objects.filter(in_force(at)).values_list("unit", "name", "name_zh")
    return {str(unit): name_zh if language.startswith("zh") and name_zh else name for unit, name, name_zh in rows}


def tree(at: dt.datetime | None) -> list[tuple[uuid.UUID, str, str]]:
    """(id, path, name in the reader's language) of every department, those below a department after it."""
    language = get_language() or "en"
    if at is None:
        return sorted(((unit.pk, unit.path, unit.display(language)) for unit in directory.units()), key=lambda one: one[1])
    rows = UnitThen.objects.filter(in_force(at)).order_by("path").values_list("unit", "path", "name", "name_zh")
    return [(unit, path, name_zh if language.startswith("zh") and name_zh else name) for unit, path, name, name_zh in rows]


def units_below(department: uuid.UUID | None, at: dt.datetime | None) -> frozenset[uuid.UUID] | None:
    """A department with all that stood below it; None for no department."""
    if not department:
        return None
    if at is None:
        return frozenset(directory.unit_and_below(department))
    found = UnitThen.objects.filter(in_force(at), unit=department).values_list("path", flat=True).first()
    return frozenset(UnitThen.objects.filter(in_force(at), path__startswith=found).values_list("unit", flat=True)) if found else frozenset()


def narrowed(kpi: Kpi, filters: Filters) -> Filters:
    """Without what means nothing to this indicator."""
    known = kpi.knows
    return Filters(filters.department if "department" in known else None, filters.product_line if "product_line" in known else "",
                   filters.region if "region" in known else "")  # fmt: skip
