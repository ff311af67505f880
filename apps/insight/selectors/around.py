"""What stands beside figures: how old their sources are, what is left out of them, targets, notes, the names of departments."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.core.access import plan
from apps.core.kpis import Kpi, units
from apps.insight.models import Note
from apps.insight.payloads import Exclusion, FigureNote, Filters, Period
from apps.insight.policies.facts import CURRENCY, NO_DATE, QUARANTINE
from apps.insight.selectors import targets, then
from apps.insight.selectors.asked import Asked, Span
from apps.integrations import selectors as integrations


@dataclass(frozen=True)
class _LeftOut:
    """Records of one place: how many and their value, all of them and those of the product line of the filter (or of none that is known)."""

    stream: str
    reason: str
    owner: uuid.UUID | None
    unit: uuid.UUID | None
    region: str
    whole: tuple[int, int]
    of_line: tuple[int, int]

    def is_asked(self, one: Asked) -> bool:
        """Where a record belongs that is not known yet, it may belong to any department or region: a figure is not complete without it."""
        inside = one.reach.everything or self.owner in one.reach.owners
        here = not one.filters.department or one.units is None or self.owner is None or self.unit in one.units
        return inside and here and self.region in ("", one.filters.region or self.region)


class Beside:
    """Read once for all figures of a board."""

    def __init__(self, person: Any, asked: Sequence[Asked], period: Period, filters: Filters, span: Span, now: dt.datetime,
                 at: dt.datetime | None) -> None:
        self.person, self.filters, self.span, self.now, self.at = person, filters, span, now, at
        keys = [one.kpi.key for one in asked]
        self.past = at is not None and at < now
        self._answers = integrations.last_answers() if asked and not self.past else {}
        self._names = then.unit_names(at if self.past else None) if asked else {}
        self._left_out = {False: self._exclusions(asked, False), True: self._exclusions(asked, True)}
        self._may_cure = bool(asked) and plan(person, "view", "integrations.quarantine").allowed
        self._targets = targets.in_force(keys, period, at)
        self._notes = _notes(person, keys, period, at)

    def as_of(self, kpi: Kpi) -> dict[str, dt.datetime]:
        """System -> when it last answered; the OA is here."""
        moments = {**self._answers, "oa": self.now}
        return {} if self.past else {system: moments[system] for system in kpi.sources if system in moments}

    def stale(self, kpi: Kpi) -> bool:
        """A source is older than promised, or not connected."""
        if self.past:
            return False
        found = self.as_of(kpi)
        return any(system not in found or self.now - found[system] > kpi.promise for system in kpi.sources)

    def label(self, breakdown: str, group: str) -> str:
        if not group:
            return _("Not assigned")
        return self._names.get(group, _("Not assigned")) if breakdown == "department" else group

    def target(self, one: Asked) -> Decimal | None:
        """What just this figure should be."""
        if not any(key == one.kpi.key for key, _department in self._targets):
            return None
        found = targets.aim(self.person, one)
        return self._targets.get((one.kpi.key, found.department)) if found else None

    def notes(self, kpi: Kpi) -> tuple[FigureNote, ...]:
        return tuple(note for key, note in self._notes if key == kpi.key)

    def _exclusions(self, asked: Sequence[Asked], level: bool) -> list[_LeftOut]:
        streams = {stream for one in asked if one.kpi.level == level for stream in one.kpi.streams}
        if not streams:
            return []
        first, end = self.span.window
        rows = then.facts_at(self.at).filter(stream__in=streams, day__lt=end).exclude(excluded="")
        if not level:
            rows = rows.filter(day__gte=first)
        line = Q(product_line__in=("", self.filters.product_line))  # of a record of several lines some are asked for, and it is one record
        found = rows.order_by().values_list("stream", "excluded", "owner", "department", "region").annotate(
            a=Count("subject", distinct=True), b=Sum("value"), c=Count("subject", distinct=True, filter=line), d=Sum("value", filter=line))
        return [_LeftOut(stream, reason, owner, unit, region, (count, value), (some, worth or 0))
                for stream, reason, owner, unit, region, count, value, some, worth in found]  # fmt: skip

    def excluded(self, one: Asked) -> tuple[Exclusion, ...]:
        """By reason, of the facts this viewer reaches; an amount where the figure is money."""
        counts: dict[str, list[int]] = {}
        for left in self._left_out[one.kpi.level]:
            count, value = left.of_line if one.filters.product_line else left.whole
            if count and left.stream == one.kpi.stream and left.is_asked(one):
                found = counts.setdefault(left.reason, [0, 0])
                found[0] += count
                found[1] += int(value)
        money = one.kpi.unit == "money"
        return tuple(
            Exclusion(reason, _words(reason, count), count, units(value) if money else None, "/quarantine/" if self._may_cure and reason == QUARANTINE else "")
            for reason, (count, value) in sorted(counts.items())
        )  # fmt: skip


def _words(reason: str, count: int) -> str:
    words = {
        QUARANTINE: ngettext("%(count)s record in quarantine", "%(count)s records in quarantine", count),
        CURRENCY: ngettext("%(count)s record in another currency", "%(count)s records in another currency", count),
        NO_DATE: ngettext("%(count)s record without a date", "%(count)s records without a date", count),
    }  # fmt: skip
    return words[reason] % {"count": count}


def _notes(person: Any, keys: Sequence[str], period: Period, at: dt.datetime | None) -> list[tuple[str, FigureNote]]:
    if not keys or not plan(person, "view", "insight.note").allowed:
        return []
    rows = Note.objects.filter(key__in=keys, period_start__gte=period.start, period_start__lt=period.end).select_related("author")
    rows = rows.filter(removed_at=None) if at is None else rows.filter(Q(removed_at=None) | Q(removed_at__gt=at), written_at__lte=at)
    language = get_language() or "en"
    return [
        (row.key, FigureNote(row.pk, row.text, row.author.display(language), row.written_at, row.period_start, row.author_id == person.pk))
        for row in rows.order_by("written_at", "pk")
    ]  # fmt: skip
