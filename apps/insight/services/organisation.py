"""Departments as they are now, kept beside how they were."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from apps.directory import selectors as directory
from apps.insight.models import UnitThen

EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def keep_units(*, now: dt.datetime) -> int:
    """Write what differs from what was kept; the first time, as if it had been so ever since. Returns how many rows were written or ended."""
    with transaction.atomic():
        kept = {row.unit: row for row in UnitThen.objects.select_for_update().filter(replaced_at=None)}
        begun = now if kept else EVER
        there = {unit.pk: (unit.path, unit.name, unit.name_zh) for unit in directory.units()}
        ended = [row.pk for unit, row in kept.items() if there.get(unit) != (row.path, row.name, row.name_zh)]
        fresh = [_row(unit, found, begun) for unit, found in there.items() if unit not in kept or kept[unit].pk in ended]
        if ended:
            UnitThen.objects.filter(pk__in=ended).update(replaced_at=now)
        UnitThen.objects.bulk_create(fresh)
    return len(ended) + len(fresh)


def _row(unit: uuid.UUID, found: tuple[str, str, str], begun: dt.datetime) -> UnitThen:
    path, name, name_zh = found
    return UnitThen(unit=unit, path=path, name=name, name_zh=name_zh, recorded_at=begun)
