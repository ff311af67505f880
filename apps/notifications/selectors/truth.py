"""Count = truth: what stands in the to-do lists against what the owners of the things themselves say can be acted on now."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from apps.notifications.models import Notification, State
from apps.notifications.registry import OWNERS


@dataclass(frozen=True)
class Drift:
    """One lie of a list. MISSING: one can act and is not told; GHOST: it stands there and nothing is left to do; DOUBLE: it stands there twice."""

    what: Literal["MISSING", "GHOST", "DOUBLE"]
    kind: str
    person_id: uuid.UUID
    ref: str


def drift(now: dt.datetime) -> frozenset[Drift]:
    """Every difference, over all people and kinds. Empty: all badges tell the truth."""
    found: set[Drift] = set()
    for kind in OWNERS:
        found |= _drift_of(kind, now)
    return frozenset(found)


def _drift_of(kind: str, now: dt.datetime) -> set[Drift]:
    shown = Counter(Notification.objects.filter(kind=kind, state=State.OPEN, todo=True).values_list("person_id", "ref"))
    owed, moving = set(OWNERS[kind].owed(now)), set(OWNERS[kind].moving(now))
    found = {Drift("MISSING", kind, person, ref) for person, ref in owed - shown.keys()}
    found |= {Drift("GHOST", kind, person, ref) for person, ref in shown.keys() - owed}
    found |= {Drift("DOUBLE", kind, person, ref) for (person, ref), count in shown.items() if count > 1 and (person, ref) in owed}
    return {one for one in found if one.ref not in moving}
