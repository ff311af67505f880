"""The value meter, for one person: what was frozen, what is now, what is in departments that are not live yet, and whether the difference is proven."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.core import clock
from apps.core.errors import NotFound
from apps.core.kpis import KPIS, SCALE, get, rounded
from apps.insight.models import Baseline, LiveDepartment, Sight
from apps.insight.payloads import Control, Filters, Gauge, GaugePart, Reading, Row, RowPage, State
from apps.insight.policies.figures import listed
from apps.insight.policies.meter import LEAST, MEASURES, NOTHING, ON_BOARDS, VIEWS, Comparison, Measure, compare, compare_changes, reached, value_of
from apps.insight.policies.periods import DAY
from apps.insight.selectors import then
from apps.insight.selectors.crowd import too_few
from apps.insight.selectors.rights import Reach, reaches
from apps.insight.selectors.rows import flow_rows

WINDOW = dt.timedelta(days=90)
MOST = 200
Side = Literal["now", "control"]
Days = tuple[dt.date, dt.date]
Single = tuple[int, str, str]  # a value in hundredths, the part of its measure, its department ("" for none)
Pair = tuple[list[int], list[int]]  # (before, now) of the same departments


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


def departments(at: dt.datetime | None = None) -> list[DepartmentDay]:
    """Every department with its day, those below a department after it; `at`: as it was named at that moment."""
    own = dict(_named(at).values_list("department_id", "live_from"))
    found = []
    for unit, path, name in then.tree(at):
        above = [uuid.UUID(part) for part in path.strip("/").split("/")]
        day = next((own[one] for one in reversed(above) if one in own), None)
        found.append(DepartmentDay(unit, name, len(above) - 1, day, bool(day) and unit not in own))
    return found


def _named(at: dt.datetime | None) -> QuerySet[LiveDepartment]:
    return LiveDepartment.objects.filter(Q(replaced_at=None) if at is None else then.in_force(at, begins="set_at"))


def live(at: dt.datetime | None = None) -> Live:
    """Since when departments are live."""
    found = departments(at) if _named(at).exists() else []
    return Live({one.id: one.live_from for one in found}, {one.id: one.name for one in found})


def sample(key: str, *, first_day: dt.date, last_day: dt.date, department: uuid.UUID | None = None) -> list[tuple[int, str]]:
    """Every single value of a measure between two days, both counted, with its department; hundredths, sorted. For services, which ask `is_small` first."""
    return sorted((value, unit) for value, _part, unit in _singles(MEASURES[key], _Look((first_day, last_day), department), Q()))


@dataclass(frozen=True)
class _Look:
    """Which days, of which department with all below it, and as of which moment (None: now)."""

    days: Days
    department: uuid.UUID | None = None
    at: dt.datetime | None = None


def _singles(measure: Measure, look: _Look, where: Q) -> list[Single]:
    rows = _rows(measure, look).filter(where)
    if measure.stream == VIEWS:
        return [(seconds * SCALE, kpi, _word(unit)) for seconds, kpi, unit in rows.values_list("seconds", "kpi", "department")]
    if measure.each == "approver_day":
        return _rates(rows)
    return [(value, part, _word(unit)) for value, part, unit in rows.values_list("value", "part", "department")]


def _word(unit: uuid.UUID | None) -> str:
    return "" if unit is None else str(unit)


def _rates(rows: QuerySet[Any]) -> list[Single]:
    """One for each approver and day: decisions for each hour of the clock in which there was one."""
    days = rows.exclude(owner=None).order_by().values("owner", "day", "department").annotate(made=Count("pk"), hours=Count("value", distinct=True))
    return [(round(SCALE * made / hours), "", _word(unit)) for made, hours, unit in days.values_list("made", "hours", "department")]


def is_small(key: str, *, first_day: dt.date, last_day: dt.date, department: uuid.UUID | None = None) -> bool:
    """Would a sample speak of fewer people than may be spoken of?"""
    return _is_small(MEASURES[key], _Look((first_day, last_day), department), Q())


def _is_small(measure: Measure, look: _Look, where: Q) -> bool:
    """Also where the company without this department would: one could be had from the other."""
    if not measure.about_people:
        return False
    units = then.units_below(look.department, look.at)
    beside = set() if units is None else _people(measure, replace(look, department=None), where & ~Q(department__in=units))
    return _are_few(_people(measure, look, where)) or _are_few(beside)


def _are_few(people: set[uuid.UUID]) -> bool:
    return 0 < len(people) < settings.INSIGHT_SMALLEST_GROUP


def _people(measure: Measure, look: _Look, where: Q) -> set[uuid.UUID]:
    return set(_rows(measure, look).filter(where).exclude(owner=None).order_by().values_list("owner", flat=True).distinct())


def _rows(measure: Measure, look: _Look) -> QuerySet[Any]:
    rows: QuerySet[Any] = Sight.objects.all()
    if measure.stream != VIEWS:
        rows = then.facts_at(look.at).filter(stream=measure.stream, excluded="")
    rows, units = rows.filter(day__gte=look.days[0], day__lte=look.days[1]), then.units_below(look.department, look.at)
    return rows if units is None else rows.filter(department__in=units)


def meter(person: Any, *, department: uuid.UUID | None = None, now: dt.datetime) -> list[Gauge]:
    """All measures over the last ninety days, against what was frozen and against departments that are not live yet. Only for those whose figures reach
    everybody: a sample is not cut to a viewer."""
    rights = reaches(person, {get(one.kpi) for one in MEASURES.values()})
    frozen, today, lived = _frozen(department), clock.company_today(now), live()
    return [_gauge(one, rights[one.kpi], frozen.get(key), _look(one, frozen.get(key), department, today), lived) for key, one in MEASURES.items()]


def _frozen(department: uuid.UUID | None, at: dt.datetime | None = None) -> dict[str, Baseline]:
    rows = Baseline.objects.filter(department=department)
    return {row.key: row for row in (rows.filter(frozen_at__lte=at) if at else rows)}


def gauge(person: Any, key: str, *, department: uuid.UUID | None = None, now: dt.datetime) -> Gauge:
    """One of them. Raises NotFound."""
    if key not in MEASURES:
        raise NotFound(_("There is no such measure."))
    measure = MEASURES[key]
    right = reaches(person, [get(measure.kpi)])[measure.kpi]
    row = _frozen(department).get(key)
    return _gauge(measure, right, row, _look(measure, row, department, clock.company_today(now)), live())


def on_boards(person: Any, keys: Sequence[str], *, filters: Filters, now: dt.datetime, as_shown: dt.datetime | None = None) -> list[Reading]:
    """Measures as boards show them, by the keys that boards call them; each counts its own ninety days, whatever the board's period. LookupError for an
    unknown key."""
    measures = {key: MEASURES[key.removeprefix(ON_BOARDS)] for key in keys}
    rights, lived, today = reaches(person, {get(one.kpi) for one in measures.values()}), live(as_shown), clock.company_today(as_shown or now)
    frozen, found = _frozen(filters.department, as_shown), []
    for key, one in measures.items():
        row = frozen.get(one.key)
        found.append(_reading(key, one, _gauge(one, rights[one.kpi], row, _look(one, row, filters.department, today, as_shown), lived), filters))
    return found


def _reading(key: str, measure: Measure, found: Gauge, filters: Filters) -> Reading:
    """The same words and figures by the names that all figures of a board have."""
    state: State = found.verdict if found.verdict in ("forbidden", "suppressed") else "ok" if found.now is not None else "empty"  # type: ignore[assignment]
    kpi, days = get(measure.kpi), found.now_days
    return Reading(
        key=key, version=1, title=found.title, group="meter", system=kpi.system, formula=found.formula, owner=str(kpi.owner), unit=found.unit,
        direction=found.better, state=state, value=found.now, former=found.before, rows=found.now_count, why=found.why, ask=found.ask, scope="all",
        ignores=tuple(name for name in filters.given if name != "department"), window=(days[0], days[1] + DAY) if days else None, gauge=found,
    )  # fmt: skip


def offered(person: Any) -> list[tuple[str, str]]:
    """(key on boards, title) of the measures this person may see."""
    rights = reaches(person, {get(one.kpi) for one in MEASURES.values()})
    return [(f"{ON_BOARDS}{key}", str(one.title)) for key, one in MEASURES.items() if rights[one.kpi].everything or not rights[one.kpi].known]


def _gauge(measure: Measure, right: Reach, row: Baseline | None, look: _Look, lived: Live) -> Gauge:
    words: dict[str, Any] = {
        "key": measure.key, "title": str(measure.title), "formula": str(measure.formula), "unit": measure.unit, "target": measure.target,
        "statistic": measure.statistic, "better": measure.better, "in_points": measure.in_points, "each": measure.each, "least": LEAST,
    }  # fmt: skip
    if not right.everything and right.known:
        why = right.why or (_("rule: it is measured over the whole company, and your rights reach a part of it"),)
        return Gauge(**words, verdict="forbidden", why=why, ask=right.ask or access.owners_words())
    words |= {"now_days": look.days, "before_days": (row.first_day, row.last_day) if row else None}
    if _is_small(measure, look, lived.q("now")):
        return Gauge(**words, verdict="suppressed", why=(too_few(),))
    singles = _singles(measure, look, lived.q("now"))
    frozen = _of_departments(measure, row, lived, {unit for _value, _part, unit in singles})
    if frozen.few:
        return Gauge(**words, verdict="suppressed", why=(too_few(),))
    singles = [one for one in singles if not frozen.units or one[2] in frozen.units]
    before, after = frozen.values, [value for value, _part, _unit in singles]
    found = compare(before, after, statistic=measure.statistic, better=measure.better) if before or after else NOTHING
    return Gauge(
        **words, verdict="not_yet" if frozen.unknown else found.verdict, before=_figure(before, measure), before_count=len(before),
        now=_figure(after, measure), now_count=len(after), compared=_ids(frozen.units), why=frozen.why,
        change=found.change, low=found.low, high=found.high, reached=reached(measure, found), parts=_parts(measure, singles),
        control=_control(measure, look, lived, row, (before, after)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Frozen:
    """What was frozen of departments. `units`: those that values of now are compared of, too, none where nobody is named live or nothing was frozen of them;
    `why`: what is not compared; `unknown`: the baseline does not say of which departments it is; `few`: it would speak of a small group."""

    values: list[int]
    units: frozenset[str] = frozenset()
    why: tuple[str, ...] = ()
    unknown: bool = False
    few: bool = False


def _of_departments(measure: Measure, row: Baseline | None, lived: Live, there: set[str]) -> _Frozen:
    """`there`: the departments that there are values of now. A department is compared with itself: what one takes longer than another is no change."""
    if row is None or not lived.since:
        return _Frozen(list(row.sample) if row else [])
    if row.by_department is None:
        return _Frozen([], why=(_("The baseline does not say which departments it is of, so those that are live cannot be compared with it."),), unknown=True)
    wanted = there or {str(unit) for unit, day in lived.since.items() if day}
    units = frozenset(wanted & set(row.by_department))
    if not units:
        return _Frozen([], why=(_("Nothing was frozen of these departments."),))
    left = sorted(lived.names[uuid.UUID(unit)] for unit in wanted - units if unit)
    why = (_("Not compared, since nothing was frozen of them: %(names)s.") % {"names": listed(left)},) if left else ()
    values = sorted(value for unit in units for value in row.by_department[unit])
    return _Frozen(values, units if there else frozenset(), why, few=_is_few_of(measure, row, units))


def _is_few_of(measure: Measure, row: Baseline, units: frozenset[str]) -> bool:
    """Did fewer people than may be spoken of make what was frozen of these departments, or what is left of it without them?"""
    if not measure.about_people:
        return False
    look, frozen = _Look((row.first_day, row.last_day), None, row.frozen_at), set(row.by_department or {})
    sides = [Q(department__in=_ids(some)) | (Q(department=None) if "" in some else Q(pk__in=())) for some in (units, frozen - units)]
    return any(_are_few(_people(measure, look, side)) for side in sides)


def _ids(units: Iterable[str]) -> tuple[uuid.UUID, ...]:
    return tuple(uuid.UUID(unit) for unit in sorted(units) if unit)


def _look(measure: Measure, row: Baseline | None, department: uuid.UUID | None, today: dt.date, at: dt.datetime | None = None) -> _Look:
    """The last ninety days, as far as they lie behind what was frozen. Of what was looked at only the day is kept: an earlier moment has the days before."""
    first = today - WINDOW + DAY
    last = today - DAY if at and measure.stream == VIEWS else today
    return _Look((max(first, row.last_day + DAY) if row else first, last), department, at)


def _figure(values: Sequence[int], measure: Measure) -> Decimal | None:
    found = value_of(values, measure.statistic)
    return None if found is None else rounded(Decimal(found) / SCALE)


def _control(measure: Measure, look: _Look, lived: Live, row: Baseline | None, own: Pair) -> Control | None:
    """None: no department is without the portal, or none is named. What it is compared by are changes: one department is not another."""
    if not lived.since:
        return None
    few = Control(lived.waiting, None, 0, None, None, None, "suppressed")
    if _is_small(measure, look, lived.q("control")):
        return few
    singles = _singles(measure, look, lived.q("control"))
    if not singles and not lived.waiting:
        return None
    frozen = _of_departments(measure, row, lived, {unit for _value, _part, unit in singles}) if singles else _Frozen([])
    if frozen.few:
        return few
    values = [value for value, _part, unit in singles if not frozen.units or unit in frozen.units]
    pair = (frozen.values, values)
    found = compare_changes(own, pair, statistic=measure.statistic, better=measure.better) if values else Comparison(None, None, None, "no_data")
    return Control(lived.waiting, _figure(values, measure), len(values), found.change, found.low, found.high, found.verdict,
                   _figure(frozen.values, measure), len(frozen.values), _ids(frozen.units))  # fmt: skip


def _parts(measure: Measure, singles: Sequence[Single]) -> tuple[GaugePart, ...]:
    """The largest first."""
    if not measure.parts:
        return ()
    by_part: dict[str, list[int]] = {}
    for value, part, _unit in singles:
        by_part.setdefault(part, []).append(value)
    found = [GaugePart(_part_words(measure, part), _figure(values, measure), len(values)) for part, values in by_part.items()]
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
    rows = _rows(measure, _Look(found.now_days, department)).filter(live().q(side))
    if compared := found.compared if side == "now" else found.control.compared if found.control else ():
        rows = rows.filter(department__in=compared)
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
