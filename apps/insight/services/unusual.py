"""Unusual days: who wants to hear of which figure, and the judging of a day when it is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core import clock, worktime
from apps.core.access import plan
from apps.core.errors import InvalidInput
from apps.core.kpis import KPIS
from apps.directory import selectors as directory
from apps.insight.models import Sensitivity, UnusualDay, UnusualWatch
from apps.insight.payloads import Filters
from apps.insight.policies import mailing, unusual
from apps.insight.policies.periods import DAY
from apps.insight.selectors.daily import daily
from apps.insight.selectors.unusual import filters_of
from apps.insight.services.watching import may_watch, place_of
from apps.notifications import services as notifications

UNUSUAL = "insight.unusual"


def watch_days(*, person: Any, kpi: str, sensitivity: str = Sensitivity.MEDIUM, filters: Filters | None = None, now: dt.datetime) -> UnusualWatch:
    """Tell me of unusual days of this figure, narrowed by these filters; the watch before is replaced. Raises NotPermitted, NotFound, InvalidInput."""
    if sensitivity not in Sensitivity.values:
        raise InvalidInput(_("Choose low, medium or high."), details={"fields": {"sensitivity": [_("Choose low, medium or high.")]}})
    may_watch(person, kpi, filters or Filters())
    defaults = {"sensitivity": sensitivity, "active": True}
    row, _made = UnusualWatch.objects.update_or_create(
        **place_of(person, kpi, filters or Filters()), defaults=defaults, create_defaults={**defaults, "created_at": now})
    return row


def unwatch_days(*, person: Any, kpi: str, filters: Filters | None = None) -> bool:
    """Not any more; what was found can still be opened. False: there was no such watch."""
    return bool(UnusualWatch.objects.filter(**place_of(person, kpi, filters or Filters()), active=True).update(active=False))


def look_for_unusual(*, now: dt.datetime) -> int:
    """Judge yesterday, once for each watch, under the rights of who watches; from seven in the morning on, when what came late is in. Returns how many
    were told. In the caller's transaction."""
    local = now.astimezone(clock.company_zone())
    if local.hour < mailing.HOUR:
        return 0
    day = local.date() - DAY
    due = list(UnusualWatch.objects.filter(active=True, kpi__in=list(KPIS)).exclude(judged_for__gte=day).order_by("person_id", "kpi", "pk"))
    people, told = directory.people_by_id({watch.person_id for watch in due}), 0
    before = unusual.compared(day, worktime.company())
    for watch in due:
        person = people.get(watch.person_id)
        if before and person is not None and person.active and plan(person, "view", "insight.board").allowed:
            told += _judge(person, watch, day, before, now)
    UnusualWatch.objects.filter(pk__in=[watch.pk for watch in due]).update(judged_for=day)
    return told


def _judge(person: Any, watch: UnusualWatch, day: dt.date, before: Sequence[dt.date], now: dt.datetime) -> int:
    kpi = KPIS[watch.kpi]
    values = daily(person, [watch.kpi], days=[*before, day], filters=filters_of(watch)).get(watch.kpi, {})
    found = unusual.judge(values.get(day), [values.get(one) for one in before], unit=kpi.unit, sensitivity=watch.sensitivity)
    if found is None or not found.unusual:
        return 0
    with transaction.atomic():
        row, made = UnusualDay.objects.get_or_create(watch=watch, day=day, defaults={
            "above": found.above, "times": round(found.times * 10), "weeks": len(before), "found_at": now})
        if not made:
            return 0
        params = {"id": str(row.pk), "kpi": watch.kpi, "day": day.isoformat(), "above": found.above, "weeks": len(before), "times": f"{found.times:.1f}"}
        notifications.notify(kind=UNUSUAL, person_ids=[person.pk], params=params, ref=f"insight.unusual:{row.pk}", now=now,
                             dedupe=f"insight.unusual:{watch.pk}:{day}")
    return 1
