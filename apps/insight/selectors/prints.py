"""Prints of one person: what was taken when, and whether the records still say the same of that moment."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import NotFound
from apps.core.kpis import KPIS
from apps.insight.models import Print
from apps.insight.payloads import Filters, Period
from apps.insight.policies import prints as policies
from apps.insight.policies.boards import exists
from apps.insight.policies.prints import Compared
from apps.insight.selectors import boards

SIZE = 50
LISTED = ("person", "board", "name", "form", "language", "query", "moment", "state", "digest", "created_at", "expires_at")


def prints_of(person: Any) -> list[Print]:
    """The latest ones, without their contents."""
    return list(Print.objects.filter(person=person.pk).only(*LISTED).order_by("-created_at", "-pk")[:SIZE])


def print_of(person: Any, print_id: uuid.UUID | str) -> Print:
    """An own one, without the file. Raises NotFound: another's print is nobody's business."""
    found = Print.objects.filter(pk=print_id, person=person.pk).defer("content").first()
    if found is None:
        raise NotFound(_("There is no such print of yours."))
    return found


@dataclass(frozen=True)
class Comparison:
    """`same`: every figure adds up to what was printed, and so the digest is the same. `digest`: that of the figures read again."""

    figures: Sequence[Compared]
    digest: str
    same: bool


def comparison(person: Any, found: Print, *, period: Period, filters: Filters, now: dt.datetime) -> Comparison:
    """Read the figures of a print again, as of its moment, under the rights this person has today."""
    keys = [one["key"] for one in found.figures if exists(one["key"], KPIS)]
    readings = boards.readings(person, keys, period=period, filters=filters, now=now, as_shown=found.moment)
    again = policies.figures_of(readings)
    digest = policies.digest(again)
    return Comparison(policies.compare(found.figures, {one["key"]: one for one in again}), digest, digest == found.digest)
