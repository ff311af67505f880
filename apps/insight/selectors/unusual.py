"""Unusual days as one person sees them: which figures are watched, and a day with what it was compared with."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from apps.core import worktime
from apps.core.errors import NotFound
from apps.core.kpis import KPIS
from apps.insight.models import UnusualDay, UnusualWatch
from apps.insight.payloads import Filters
from apps.insight.policies import figures, unusual
from apps.insight.policies.unusual import Judged, Picture
from apps.insight.selectors.daily import daily
from apps.insight.selectors.dimensions import unit_name
from apps.insight.selectors.rights import reach


@dataclass(frozen=True)
class Look:
    """A day as its figures are now. `points`: the days compared and, last, the day itself. `state`: ok | forbidden | gone (too few days are known by now).
    `still`: it is unusual by today's figures, too."""

    state: str
    kpi: str
    title: str
    unit: str
    day: dt.date
    above: bool
    filters: str = ""
    query: str = ""
    points: tuple[tuple[dt.date, Decimal | None], ...] = ()
    judged: Judged | None = None
    picture: Picture | None = None
    still: bool = False
    why: tuple[str, ...] = ()
    ask: str = ""

    @property
    def middle(self) -> Decimal | None:
        return Decimal(self.judged.middle).quantize(Decimal("0.01")) if self.judged else None

    @property
    def spread(self) -> Decimal | None:
        return Decimal(self.judged.spread).quantize(Decimal("0.01")) if self.judged else None

    @property
    def times(self) -> Decimal | None:
        return Decimal(self.judged.times).quantize(Decimal("0.1")) if self.judged else None


def filters_of(row: Any) -> Filters:
    """Of a watch or a line."""
    return Filters(row.department_id, row.product_line, row.region)


def filter_words(row: Any) -> str:
    """Sales, pumps; "" for everything."""
    named = [unit_name(row.department_id)] if row.department_id else []
    return figures.listed([*named, *(word for word in (row.region, row.product_line) if word)])


def watches(person: Any, kpi: str) -> list[UnusualWatch]:
    """What this person watches of one figure."""
    return list(UnusualWatch.objects.filter(person=person.pk, kpi=kpi, active=True).order_by("created_at", "pk"))


def unusual_days(person: Any, kpi: str, limit: int = 20) -> list[UnusualDay]:
    """Days this person was told of, the latest first."""
    return list(UnusualDay.objects.filter(watch__person=person.pk, watch__kpi=kpi).select_related("watch").order_by("-day", "-found_at")[:limit])


def look(person: Any, day_id: uuid.UUID) -> Look:
    """One of the own ones, read anew under the rights of now. Raises NotFound, alike for what does not exist and for what somebody else was told."""
    row = UnusualDay.objects.select_related("watch").filter(pk=day_id, watch__person=person.pk).first()
    if row is None or row.watch.kpi not in KPIS:
        raise NotFound(_("There is no such message, or it is not yours."))
    return look_at(person, row)


def look_at(person: Any, row: UnusualDay) -> Look:
    watch, kpi = row.watch, KPIS[row.watch.kpi]
    words: dict[str, Any] = {"kpi": kpi.key, "title": str(kpi.title), "unit": kpi.unit, "day": row.day, "above": row.above,
                             "filters": filter_words(watch), "query": query_of(watch, row.day)}  # fmt: skip
    right = reach(person, kpi)
    if not right.allowed:
        return Look("forbidden", **words, why=right.why, ask=right.ask)
    days = [*unusual.compared(row.day, worktime.company()), row.day]
    values = daily(person, [kpi.key], days=days, filters=filters_of(watch)).get(kpi.key, {})
    points = tuple((day, values.get(day)) for day in days)
    found = unusual.judge(values.get(row.day), [value for _day, value in points[:-1]], unit=kpi.unit, sensitivity=watch.sensitivity)
    if found is None:
        return Look("gone", **words, points=points)
    return Look("ok", **words, points=points, judged=found, picture=unusual.picture([value for _day, value in points], found), still=found.unusual)


def query_of(row: Any, day: dt.date) -> str:
    """The address of the day on the page of its figure."""
    found = {"period": "custom", "start": day.isoformat(), "end": day.isoformat()}
    named = {"department": str(row.department_id or ""), "product_line": row.product_line, "region": row.region}
    return urlencode({**found, **{name: value for name, value in named.items() if value}})
