"""What a browser missed."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Min

from apps.core import clock
from apps.realtime import registry
from apps.realtime.models import Hint

MOST = 60  # hints replayed one by one; beyond that loading everything again is cheaper (and they fit into a connection's queue)
OLDEST_PAGE = 3600.0  # seconds: an older page is simply reloaded
SKEW = 2.0  # seconds between the moment in a hint and its commit


@dataclass(frozen=True)
class Missed:
    """`frames`: what to send, oldest first; `resync`: too much or too old, load everything again; `seq`: the newest number."""

    seq: int
    resync: bool = False
    frames: list[dict[str, Any]] = field(default_factory=list)


def missed(person_id: uuid.UUID, since: int | None, age: float = 0.0) -> Missed:
    """Hints after `since`. None: the page has seen none yet; then those of the last `age` seconds, in which it was made and loaded."""
    edges = Hint.objects.filter(person_id=person_id, seq__isnull=False).aggregate(first=Min("seq"), last=Max("seq"))
    first, last = edges["first"] or 0, edges["last"] or 0
    newer = Hint.objects.filter(person_id=person_id, seq__isnull=False).order_by("seq")
    if since is None:
        newer = newer.filter(at__gte=clock.now() - dt.timedelta(seconds=age + SKEW)) if age else newer.none()
    elif since == last:
        return Missed(last)
    elif since > last or since < first - 1 or last - since > MOST:
        return Missed(last, resync=True)
    else:
        newer = newer.filter(seq__gt=since)
    rows = list(newer.values_list("seq", "body")[: MOST + 1])
    if len(rows) > MOST:
        return Missed(last, resync=True)
    return Missed(max([last, *(seq for seq, _ in rows)]), frames=[{"seq": seq, "hint": json.loads(body)} for seq, body in rows])  # type: ignore[arg-type, type-var]


def newest(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The newest number of each person who has any."""
    return dict(Hint.objects.filter(person_id__in=list(person_ids), seq__isnull=False).values_list("person_id").annotate(Max("seq")))


def greeting(person_id: uuid.UUID) -> dict[str, Any]:
    """The fresh facts of this moment."""
    return registry.greeting(person_id)
