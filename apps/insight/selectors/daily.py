"""Figures day by day, under one person's rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Min

from apps.core.kpis import Kpi, get
from apps.directory import selectors as directory
from apps.insight.models import Grain, Rollup
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import sums
from apps.insight.selectors.asked import Asked
from apps.insight.selectors.crowd import behind
from apps.insight.selectors.rights import reaches
from apps.insight.selectors.sums import Ledger
from apps.insight.selectors.then import narrowed

Days = dict[dt.date, Decimal | None]


def daily(person: Any, keys: Sequence[str], *, days: Sequence[dt.date], filters: Filters) -> dict[str, Days]:
    """key -> day -> value; a figure that is not shown to this person is missing, and so is one with a filter that means nothing to it. A day on which too
    few people stand behind a figure about people has no value, and neither has a day before anything was counted. LookupError for an unknown key."""
    kpis = [get(key) for key in dict.fromkeys(keys)]
    rights = reaches(person, kpis)
    units = frozenset(directory.unit_and_below(filters.department)) if filters.department else None
    found = {}
    for kpi in kpis:
        reach = rights[kpi.key]
        if days and reach.allowed and reach.known and set(filters.given) <= set(kpi.knows):
            found[kpi.key] = _of(Asked(kpi, reach, narrowed(kpi, filters), units), sorted(set(days)), person)
    return found


def _of(one: Asked, days: Sequence[dt.date], person: Any) -> Days:
    kpi, first = one.kpi, periods.month_of(days[0])
    windows = [(first, day + periods.DAY) for day in days] if kpi.level else [(day, day + periods.DAY) for day in days]
    book = sums.ledger(one.question(kpi.streams, None), windows, kpi.streams if kpi.level else ())
    held = _held(one, days) if kpi.about_people and one.reach.owners != {person.pk} else set()
    begun = Rollup.objects.filter(grain=Grain.DAY, stream=kpi.stream).aggregate(first=Min("start"))["first"]
    return {
        day: None if begun is None or day < begun or day in held else _value(kpi, book, first, day) for day in days
    }  # fmt: skip


def _value(kpi: Kpi, book: Ledger, first: dt.date, day: dt.date) -> Decimal | None:
    end = day + periods.DAY
    return kpi.value({stream: book.level(stream, first, end) if kpi.level else book.flow(stream, (day, end)) for stream in kpi.streams})


def _held(one: Asked, days: Sequence[dt.date]) -> set[dt.date]:
    """Days whose figure would tell of a small group."""
    crowd = behind(one.question([one.kpi.stream], None), [(day, day + periods.DAY) for day in days], one.filters)
    return {day for day in days if crowd.why(one.kpi.stream, (day, day + periods.DAY))}
