"""Lines that a figure must not cross: drawn by a person for themselves, watched by a job."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.access import decide
from apps.core.errors import InvalidInput, NotFound
from apps.core.kpis import KPIS
from apps.directory import selectors as directory
from apps.insight.models import Threshold
from apps.insight.payloads import Filters
from apps.insight.policies import mailing, periods
from apps.insight.selectors.readings import board_readings
from apps.insight.selectors.rights import reach
from apps.notifications import services as notifications

CROSSED, LARGEST = "insight.crossed", Decimal(10) ** 15


def watch(*, person: Any, kpi: str, above: bool, value: Decimal, now: dt.datetime) -> Threshold:
    """Tell me when this month's figure is above (or below) this line. Raises NotPermitted, NotFound, InvalidInput."""
    decide(person, "view", "insight.board").require(_("You may not look at boards."))
    if kpi not in KPIS:
        raise NotFound(_("There is no such figure."))
    if not reach(person, KPIS[kpi]).allowed:
        decide(person, KPIS[kpi].action, KPIS[kpi].resource).require(_("You may not see this figure."))
    if not value.is_finite() or abs(value) >= LARGEST:
        raise InvalidInput(_("Enter a number."), details={"fields": {"value": [_("Enter a number.")]}})
    defaults = {"value": value, "created_at": now, "crossed_at": None}
    line, _made = Threshold.objects.update_or_create(person_id=person.pk, kpi=kpi, above=above, defaults=defaults)
    return line


def unwatch(*, person: Any, kpi: str, above: bool) -> bool:
    """False: there was no such line."""
    gone, _rows = Threshold.objects.filter(person=person.pk, kpi=kpi, above=above).delete()
    return bool(gone)


def look(*, now: dt.datetime) -> int:
    """Read every watched figure under the rights of who watches it; who is told of a crossing is not told again before it came back. Returns how many
    were told. In the caller's transaction."""
    by_person: dict[Any, list[Threshold]] = defaultdict(list)
    for line in Threshold.objects.order_by("person_id", "kpi"):
        if line.kpi in KPIS:
            by_person[line.person_id].append(line)
    people, told = directory.people_by_id(by_person), 0
    month = periods.period("month", today=clock.company_today(now))
    for person_id, lines in by_person.items():
        person = people.get(person_id)
        if person is None or not person.active:
            continue
        keys = list(dict.fromkeys(line.kpi for line in lines))
        found = {one.key: one for one in board_readings(person, keys, period=month, filters=Filters(), now=now)}
        told += sum(_judged(person, line, found[line.kpi], now) for line in lines)
    return told


def _judged(person: Any, line: Threshold, reading: Any, now: dt.datetime) -> int:
    beyond = mailing.crossed(reading.value if reading.state == "ok" else None, line.value, above=line.above)
    if beyond == (line.crossed_at is not None):
        return 0
    with transaction.atomic():
        line.crossed_at = now if beyond else None
        line.save(update_fields=["crossed_at"])
        if not beyond:
            return 0
        params = {"kpi": line.kpi, "above": line.above, "line": str(line.value), "unit": reading.unit}
        notifications.notify(kind=CROSSED, person_ids=[person.pk], params=params, ref=f"insight.threshold:{line.pk}", now=now,
                             dedupe=f"insight.threshold:{line.pk}:{now.isoformat()}")
    return 1
