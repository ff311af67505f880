"""What a person keeps at hand: starred records, and those opened lately. Only ids are kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.access import decide
from apps.core.errors import InvalidInput
from apps.workspace.models import Pinned
from apps.workspace.selectors import pins as selectors

STARS, LATELY = 60, 20  # of one person
AGAIN = dt.timedelta(minutes=1)  # a page reloaded within this time is not opened again


def star(*, person: Any, kind: str, external_id: str, now: dt.datetime) -> Pinned:
    """Keep a record at hand. Raises NotPermitted, NotFound for one the person may not see, InvalidInput for the sixty-first."""
    decide(person, "view", "workspace.home").require(_("You have no home page."))
    selectors.require_seen(person, kind, external_id)
    if Pinned.objects.filter(person=person.pk, star=True).exclude(kind=kind, external_id=external_id).count() >= STARS:
        raise InvalidInput(_("You have %(most)s favourites. Take one away first.") % {"most": STARS})
    pin, _made = Pinned.objects.get_or_create(person_id=person.pk, star=True, kind=kind, external_id=external_id, defaults={"at": now})
    return pin


def unstar(*, person: Any, kind: str, external_id: str) -> bool:
    """Whether it was starred. Rights do not matter: what one may not see any more can be put away."""
    deleted, _kinds = Pinned.objects.filter(person=person.pk, star=True, kind=kind, external_id=external_id).delete()
    return bool(deleted)


def opened(*, person: Any, kind: str, external_id: str, now: dt.datetime) -> None:
    """Remember that a record's page was opened; the oldest beyond twenty are forgotten."""
    mine = Pinned.objects.filter(person=person.pk, star=False)
    if mine.filter(kind=kind, external_id=external_id, at__gt=now - AGAIN).exists():
        return
    with transaction.atomic():
        Pinned.objects.update_or_create(person_id=person.pk, star=False, kind=kind, external_id=external_id, defaults={"at": now})
        old = list(mine.order_by("-at", "pk").values_list("pk", flat=True)[LATELY:])
        if old:
            Pinned.objects.filter(pk__in=old).delete()
