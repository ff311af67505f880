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


def may_watch(person: Any, kpi: str, filters: Filters) -> None:
    """Raises NotPermitted, NotFound, InvalidInput (a filter that means nothing to the figure would watch something else than was meant)."""
    decide(person, "view", "insight.board").require(_("You may not look at boards."))
    if kpi not in KPIS:
        raise NotFound(_("There is no such figure."))
    if not reach(person, KPIS[kpi]).allowed:
        decide(person, KPIS[kpi].action, KPIS[kpi].resource).require(_("You may not see this figure."))
    deaf = [name for name in filters.given if name not in KPIS[kpi].knows]
    if deaf:
        words = _("This filter means nothing to the figure.")
        raise InvalidInput(words, details={"fields": {name: [words] for name in deaf}})
    if filters.department and filters.department not in directory.units_by_id([filters.department]):
        raise NotFound(_("There is no such department."))


def place_of(person: Any, kpi: str, filters: Filters) -> dict[str, Any]:
    """Whose, of which figure, narrowed by what."""
    return {"person_id": person.pk, "kpi": kpi, "department_id": filters.department, "product_line": filters.product_line, "region": filters.region}


def watch(*, person: Any, kpi: str, above: bool, value: Decimal, filters: Filters | None = None, now: dt.datetime) -> Threshold:
    """Tell me when this month's figure, narrowed by these filters, is above (or below) this line. Raises NotPermitted, NotFound, InvalidInput."""
    may_watch(person, kpi, filters or Filters())
    if not value.is_finite() or abs(value) >= LARGEST:
        raise InvalidInput(_("Enter a number."), details={"fields": {"value": [_("Enter a number.")]}})
    defaults = {"value": value, "created_at": now, "crossed_at": None}
    line, _made = Threshold.objects.update_or_create(**place_of(person, kpi, filters or Filters()), above=above, defaults=defaults)
    return line


def unwatch(*, person: Any, kpi: str, above: bool, filters: Filters | None = None) -> bool:
    """False: there was no such line."""
    gone, _rows = Threshold.objects.filter(**place_of(person, kpi, filters or Filters()), above=above).delete()
    return bool(gone)


def look(*, now: dt.datetime) -> int:
    """Read every watched figure under the rights of who watches it; who is told of a crossing is not told again before it came back. Returns how many
    were told. In the caller's transaction."""
    by_place: dict[tuple[Any, Filters], list[Threshold]] = defaultdict(list)
    for line in Threshold.objects.order_by("person_id", "kpi"):
        if line.kpi in KPIS:
            by_place[(line.person_id, Filters(line.department_id, line.product_line, line.region))].append(line)
    people, told = directory.people_by_id({person_id for person_id, _filters in by_place}), 0
    month = periods.period("month", today=clock.company_today(now))
    for (person_id, filters), lines in by_place.items():
        person = people.get(person_id)
        if person is None or not person.active:
            continue
        keys = list(dict.fromkeys(line.kpi for line in lines))
        found = {one.key: one for one in board_readings(person, keys, period=month, filters=filters, now=now)}
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
        params = {"kpi": line.kpi, "above": line.above, "line": str(line.value), "unit": reading.unit,
                  "department": str(line.department_id or ""), "product_line": line.product_line, "region": line.region}
        notifications.notify(kind=CROSSED, person_ids=[person.pk], params=params, ref=f"insight.threshold:{line.pk}", now=now,
                             dedupe=f"insight.threshold:{line.pk}:{now.isoformat()}")
    return 1
