"""One event that two systems report is one message."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from apps.core import kinds
from apps.notifications.models import Notification
from apps.notifications.services.notices import notify, push_changes

SAME = dt.timedelta(days=1)  # reports of one fact of one case within it are reports of one event


def report(*, kind: str, person_ids: Iterable[uuid.UUID], params: Mapping[str, Any], ref: str, case: str, fact: str, now: dt.datetime) -> list[uuid.UUID]:
    """Tell these people of a fact of a case, in the caller's transaction; who knows it already is not told again, but sees who else said so.

    A kind that knows more (`generic` False) takes the place of one made from a record alone, whichever came first. Returns the new ones.
    """
    people, mark = sorted(set(person_ids)), f"{case}:{fact}"
    with transaction.atomic():
        known = {row.person_id: row for row in Notification.objects.select_for_update().filter(
            person_id__in=people, dedupe__in=[f"{mark}@{day.date()}" for day in (now, now - SAME)], created_at__gt=now - SAME).order_by("pk")}
        for row in known.values():
            _heard_again(row, kind, params, now)
        new = [person for person in people if person not in known]
        return notify(kind=kind, person_ids=new, params=params, ref=ref, now=now, dedupe=f"{mark}@{now.date()}") if new else []


def _heard_again(row: Notification, kind: str, params: Mapping[str, Any], now: dt.datetime) -> None:
    given, held = kinds.get(kind), kinds.get(row.kind)
    also = [system for system in {*row.params.get("also", ()), given.system} if system != row.system]
    if held.generic and not given.generic:
        also = [system for system in {*row.params.get("also", ()), row.system} if system != given.system]
        row.kind, row.system, row.params = kind, given.system, dict(params)
    if sorted(also) != row.params.get("also", []) or row.kind == kind:
        row.params = {**row.params, "also": sorted(also)}
        row.save(update_fields=["kind", "system", "params"])
        push_changes([row.person_id], todo=row.todo, change="changed", ref=row.ref, now=now)
