"""The value meter, for one person: what was frozen, what is now, and whether the difference is proven."""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.core import clock
from apps.core.kpis import SCALE, get, rounded
from apps.directory import selectors as directory
from apps.insight.models import Baseline, Fact
from apps.insight.policies.meter import MEASURES, Measure, Verdict, compare
from apps.insight.policies.periods import DAY
from apps.insight.selectors.rights import Reach, reaches

WINDOW = dt.timedelta(days=90)


@dataclass(frozen=True)
class Gauge:
    """One measure. `before`, `now`: medians in `unit`; counts: sizes of the samples; `change`, `low`, `high`, `target` in percent."""

    key: str
    title: str
    formula: str
    unit: str
    target: int
    verdict: Verdict
    before: Decimal | None = None
    before_count: int = 0
    before_days: tuple[dt.date, dt.date] | None = None
    now: Decimal | None = None
    now_count: int = 0
    now_days: tuple[dt.date, dt.date] | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    reached: bool = False
    why: tuple[str, ...] = ()
    ask: str = ""


def sample(key: str, *, first_day: dt.date, last_day: dt.date, department: uuid.UUID | None = None) -> list[int]:
    """Every single value of a measure between two days, both counted; hundredths, sorted. For services."""
    rows = Fact.objects.filter(stream=MEASURES[key].stream, replaced_at=None, excluded="", day__gte=first_day, day__lte=last_day)
    if department:
        rows = rows.filter(department__in=directory.unit_and_below(department))
    return sorted(rows.values_list("value", flat=True))


def meter(person: Any, *, department: uuid.UUID | None = None, now: dt.datetime) -> list[Gauge]:
    """All measures over the last ninety days, against what was frozen. Only for those whose figures reach everybody: a sample is not cut to a viewer."""
    kpis = {key: get(one.kpi) for key, one in MEASURES.items()}
    rights = reaches(person, kpis.values())
    frozen = {row.key: row for row in Baseline.objects.filter(department=department)}
    return [_gauge(one, rights[one.kpi], frozen.get(key), department, clock.company_today(now)) for key, one in MEASURES.items()]


def _gauge(measure: Measure, right: Reach, row: Baseline | None, department: uuid.UUID | None, today: dt.date) -> Gauge:
    words: dict[str, Any] = {"key": measure.key, "title": str(measure.title), "formula": str(measure.formula), "unit": measure.unit, "target": measure.target}
    if not right.everything and right.known:
        return Gauge(**words, verdict="forbidden", why=right.why, ask=right.ask)
    first = max(today - WINDOW + DAY, row.last_day + DAY) if row else today - WINDOW + DAY
    values = sample(measure.key, first_day=first, last_day=today, department=department)
    found = compare(row.sample if row else [], values)
    return Gauge(
        **words, verdict=found.verdict, before=_median(row.sample) if row else None, before_count=len(row.sample) if row else 0,
        before_days=(row.first_day, row.last_day) if row else None, now=_median(values), now_count=len(values), now_days=(first, today),
        change=found.change, low=found.low, high=found.high, reached=found.verdict == "proven" and found.change is not None and found.change <= measure.target,
    )  # fmt: skip


def _median(values: list[int]) -> Decimal | None:
    return rounded(Decimal(statistics.median(values)) / SCALE) if values else None
