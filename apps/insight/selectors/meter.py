"""The value meter, for one person: what was frozen, what is now, what is in departments that are not live yet, and whether the difference is proven."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.errors import NotFound
from apps.core.kpis import KPIS, SCALE, get, rounded
from apps.directory import selectors as directory
from apps.insight.models import Baseline, Fact, LiveDepartment, Sight
from apps.insight.payloads import Row, RowPage
from apps.insight.policies.meter import LEAST, MEASURES, NOTHING, VIEWS, Comparison, Measure, Verdict, compare, reached, value_of
from apps.insight.policies.periods import DAY
from apps.insight.selectors.readings import too_few
from apps.insight.selectors.rights import Reach, reaches
from apps.insight.selectors.rows import flow_rows

WINDOW = dt.timedelta(days=90)
MOST = 200
Side = Literal["now", "control"]
Days = tuple[dt.date, dt.date]
Single = tuple[int, str]  # a value in hundredths, and the part of its measure


@dataclass(frozen=True)
class Control:
    """Departments that are not live yet, over the same days. `change`: of the live ones against them. `names`: which they are."""

    names: tuple[str, ...]
    value: Decimal | None
    count: int
    change: float | None
    low: float | None
    high: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Part:
    """What one part of a measure says: a figure (data age) or a field (differences)."""

    label: str
    value: Decimal | None
    count: int


@dataclass(frozen=True)
class Gauge:
    """One measure. `before`, `now`: its figure in `unit`; counts: sizes of the samples; `change`, `low`, `high`, `target` in percent, in points where
    `in_points`. `least`: how many each sample needs before anything counts as proven; `each`: of what: case | approver_day."""

    key: str
    title: str
    formula: str
    unit: str
    statistic: str
    better: str
    in_points: bool
    target: int | None
    verdict: Verdict
    before: Decimal | None = None
    before_count: int = 0
    before_days: Days | None = None
    now: Decimal | None = None
    now_count: int = 0
    now_days: Days | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    reached: bool = False
    control: Control | None = None
    parts: tuple[Part, ...] = ()
    least: int = LEAST
    each: str = "case"
    why: tuple[str, ...] = ()
    ask: str = ""


@dataclass(frozen=True)
class Live:
    """Since when departments are live: unit -> day; None: not yet. Empty: none is named, then everybody counts as live."""

    since: Mapping[uuid.UUID, dt.date | None]
    names: Mapping[uuid.UUID, str]

    @property
    def waiting(self) -> tuple[str, ...]:
        """Names of the departments without a day."""
        return tuple(sorted(self.names[unit] for unit, day in self.since.items() if day is None))

    def q(self, side: Side) -> Q:
        """Which rows are of departments that were live (or: were not) on their day."""
        if not self.since:
            return Q() if side == "now" else Q(pk__in=())
        by_day: dict[dt.date | None, list[uuid.UUID]] = {}
        for unit, day in self.since.items():
            by_day.setdefault(day, []).append(unit)
        found = Q(pk__in=())
        for day, units in by_day.items():
            if day is None:
                found |= Q(department__in=units) if side == "control" else Q(pk__in=())
            else:
                found |= Q(department__in=units, day__gte=day) if side == "now" else Q(department__in=units, day__lt=day)
        return found


@dataclass(frozen=True)
class DepartmentDay:
    """A department and since when it is live: by its own day, or by one above it (`inherited`)."""

    id: uuid.UUID
    name: str
    depth: int
    live_from: dt.date | None
    inherited: bool


def departments() -> list[DepartmentDay]:
    """Every department with its day, those below a department after it."""
    own = dict(LiveDepartment.objects.values_list("department_id", "live_from"))
    language, found = get_language() or "en", []
    for unit in sorted(directory.units(), key=lambda one: one.path):
        above = [uuid.UUID(part) for part in unit.path.strip("/").split("/")]
        day = next((own[one] for one in reversed(above) if one in own), None)
        found.append(DepartmentDay(unit.pk, unit.display(language), len(above) - 1, day, bool(day) and unit.pk not in own))
    return found


def live() -> Live:
    """Since when departments are live."""
    found = departments() if LiveDepartment.objects.exists() else []
    return Live({one.id: one.live_from for one in found}, {one.id: one.name for one in found})


def sample(key: str, *, first_day: dt.date, last_day: dt.date, department: uuid.UUID | None = None) -> list[int]:
    """Every single value of a measure between two days, both counted; hundredths, sorted. For services, which ask `is_small` first."""
    return sorted(value for value, _part in _singles(MEASURES[key], (first_day, last_day), department, Q()))


def _singles(measure: Measure, days: Days, department: uuid.UUID | None, where: Q) -> list[Single]:
    rows = _rows(measure, days, department).filter(where)
    if measure.stream == VIEWS:
        return [(seconds * SCALE, kpi) for seconds, kpi in rows.values_list("seconds", "kpi")]
    return _rates(rows) if measure.each == "approver_day" else list(rows.values_list("value", "part"))


def _rates(rows: QuerySet[Any]) -> list[Single]:
    """One for each approver and day: decisions for each hour of the clock in which there was one."""
    days = rows.exclude(owner=None).order_by().values("owner", "day").annotate(made=Count("pk"), hours=Count("value", distinct=True))
    return [(round(SCALE * made / hours), "") for made, hours in days.values_list("made", "hours")]


def is_small(measure: Measure, days: Days, department: uuid.UUID | None, where: Q | None = None) -> bool:
    """Would it speak of fewer people than may be spoken of? Also where the company without this department would: one could be had from the other."""
    if not measure.about_people:
        return False
    least, where = settings.INSIGHT_SMALLEST_GROUP, where or Q()
    inside = _people(measure, days, department, where)
    beside = _people(measure, days, None, where) - inside if department else set()
    return 0 < len(inside) < least or 0 < len(beside) < least


def _people(measure: Measure, days: Days, department: uuid.UUID | None, where: Q) -> set[uuid.UUID]:
    return set(_rows(measure, days, department).filter(where).exclude(owner=None).order_by().values_list("owner", flat=True).distinct())


def _rows(measure: Measure, days: Days, department: uuid.UUID | None) -> QuerySet[Any]:
    rows: QuerySet[Any] = Sight.objects.all()
    if measure.stream != VIEWS:
        rows = Fact.objects.filter(stream=measure.stream, replaced_at=None, excluded="")
    rows = rows.filter(day__gte=days[0], day__lte=days[1])
    return rows.filter(department__in=directory.unit_and_below(department)) if department else rows


def meter(person: Any, *, department: uuid.UUID | None = None, now: dt.datetime) -> list[Gauge]:
    """All measures over the last ninety days, against what was frozen and against departments that are not live yet. Only for those whose figures reach
    everybody: a sample is not cut to a viewer."""
    rights = reaches(person, {get(one.kpi) for one in MEASURES.values()})
    frozen, today, lived = _frozen(department), clock.company_today(now), live()
    return [_gauge(one, rights[one.kpi], frozen.get(key), department, lived, today) for key, one in MEASURES.items()]


def _frozen(department: uuid.UUID | None) -> dict[str, Baseline]:
    return {row.key: row for row in Baseline.objects.filter(department=department)}


def gauge(person: Any, key: str, *, department: uuid.UUID | None = None, now: dt.datetime) -> Gauge:
    """One of them. Raises NotFound."""
    if key not in MEASURES:
        raise NotFound(_("There is no such measure."))
    measure = MEASURES[key]
    right = reaches(person, [get(measure.kpi)])[measure.kpi]
    return _gauge(measure, right, _frozen(department).get(key), department, live(), clock.company_today(now))


def _gauge(measure: Measure, right: Reach, row: Baseline | None, department: uuid.UUID | None, lived: Live, today: dt.date) -> Gauge:
    words: dict[str, Any] = {
        "key": measure.key, "title": str(measure.title), "formula": str(measure.formula), "unit": measure.unit, "target": measure.target,
        "statistic": measure.statistic, "better": measure.better, "in_points": measure.in_points, "each": measure.each,
    }  # fmt: skip
    if not right.everything and right.known:
        return Gauge(**words, verdict="forbidden", why=right.why, ask=right.ask)
    days = _days(row, today)
    if is_small(measure, days, department, lived.q("now")):
        return Gauge(**words, verdict="suppressed", now_days=days, why=(too_few(),))
    singles = _singles(measure, days, department, lived.q("now"))
    before, after = list(row.sample) if row else [], [value for value, _part in singles]
    found = compare(before, after, statistic=measure.statistic, better=measure.better) if before or after else NOTHING
    return Gauge(
        **words, verdict=found.verdict, before=_figure(before, measure), before_count=len(before),
        before_days=(row.first_day, row.last_day) if row else None, now=_figure(after, measure), now_count=len(after), now_days=days,
        change=found.change, low=found.low, high=found.high, reached=reached(measure, found), parts=_parts(measure, singles),
        control=_control(measure, days, department, lived, after),
    )  # fmt: skip


def _days(row: Baseline | None, today: dt.date) -> Days:
    """The last ninety days, as far as they lie behind what was frozen."""
    first = today - WINDOW + DAY
    return (max(first, row.last_day + DAY) if row else first), today


def _figure(values: Sequence[int], measure: Measure) -> Decimal | None:
    found = value_of(values, measure.statistic)
    return None if found is None else rounded(Decimal(found) / SCALE)


def _control(measure: Measure, days: Days, department: uuid.UUID | None, lived: Live, after: Sequence[int]) -> Control | None:
    """None: no department is without the portal, or none is named."""
    if not lived.since:
        return None
    if is_small(measure, days, department, lived.q("control")):
        return Control(lived.waiting, None, 0, None, None, None, "suppressed")
    values = [value for value, _part in _singles(measure, days, department, lived.q("control"))]
    if not values and not lived.waiting:
        return None
    found = compare(values, after, statistic=measure.statistic, better=measure.better) if values else Comparison(None, None, None, "no_data")
    return Control(lived.waiting, _figure(values, measure), len(values), found.change, found.low, found.high, found.verdict)


def _parts(measure: Measure, singles: Sequence[Single]) -> tuple[Part, ...]:
    """The largest first."""
    if not measure.parts:
        return ()
    by_part: dict[str, list[int]] = {}
    for value, part in singles:
        by_part.setdefault(part, []).append(value)
    found = [Part(_part_words(measure, part), _figure(values, measure), len(values)) for part, values in by_part.items()]
    return tuple(sorted(found, key=lambda one: (-(one.value or 0), one.label)))


def _part_words(measure: Measure, part: str) -> str:
    if measure.stream == VIEWS:
        return str(KPIS[part].title) if part in KPIS else part
    return _(part)


def meter_rows(person: Any, key: str, *, side: Side = "now", department: uuid.UUID | None = None, after: str = "", size: int = 50,
               now: dt.datetime) -> RowPage:
    """The cases a measure counts, the latest first, each as this person may see it; of ages what was looked at. Raises NotFound."""
    found = gauge(person, key, department=department, now=now)
    if found.verdict == "forbidden" or found.now_days is None:
        return RowPage(key, state="forbidden", why=found.why, ask=found.ask)
    if found.verdict == "suppressed" or (side == "control" and found.control and found.control.verdict == "suppressed"):
        return RowPage(key, state="suppressed", why=(too_few(),))
    measure, size = MEASURES[key], max(1, min(size, MOST))
    rows = _rows(measure, found.now_days, department).filter(live().q(side))
    page = _looked(key, rows, after, size) if measure.stream == VIEWS else flow_rows(person, key, rows, after, size)
    if measure.each == "approver_day":  # each decision is one; its hour is nobody's business
        page = replace(page, rows=tuple(replace(row, value=Decimal(row.n)) for row in page.rows))
    return replace(page, state="ok" if page.total else "empty")


def _looked(key: str, rows: QuerySet[Sight], after: str, size: int) -> RowPage:
    beyond = rows.filter(pk__lt=int(after)) if after.isascii() and after.isdigit() and len(after) < 19 else rows
    page = list(beyond.order_by("-pk")[: size + 1])
    shown = tuple(Row(one.day, Decimal(one.seconds), 1, False, "figure", KPIS[one.kpi].title if one.kpi in KPIS else one.kpi, None,
                      url=f"/board/figures/{one.kpi}/") for one in page[:size])  # fmt: skip
    return RowPage(key, shown, rows.count(), str(page[size - 1].pk) if len(page) > size else "")
