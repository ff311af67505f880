"""Who stands behind figures about people: enough of them to be spoken of, and no fewer behind what could be worked out from the figures beside."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import CharField, F, Q, QuerySet, Value
from django.utils.translation import gettext as _

from apps.insight.models import Grain, Rollup
from apps.insight.payloads import Filters
from apps.insight.policies import cuts, periods
from apps.insight.policies.periods import Window
from apps.insight.selectors import then
from apps.insight.selectors.sums import Question

Member = tuple[str, str, str]  # (department, region, person); the region is read only where it matters
PLACE = {"department": 0, "region": 1}


@dataclass(frozen=True)
class Crowd:
    """`members`: (stream, window) -> who stands behind the facts that the viewer reaches, inside the filters of department and region and beside them.
    `units`: the departments of the filter; `above`: those of each department above it, the company last."""

    filters: Filters
    units: frozenset[str]
    above: tuple[frozenset[str], ...]
    members: Mapping[tuple[str, Window], set[Member]]

    def why(self, stream: str, window: Window) -> str:
        """Why a figure of this window is not shown; "" where it may be."""
        if _is_small(self.inside(stream, window)):
            return too_few()
        return rest_too_few() if self._reveals(self.members.get((stream, window), set())) else ""

    def inside(self, stream: str, window: Window) -> set[str]:
        """The people inside the filters."""
        return {person for some in self.parts(stream, window, "department").values() for person in some}

    def parts(self, stream: str, window: Window, dimension: str) -> dict[str, set[str]]:
        """Part -> the people behind it, inside the filters."""
        return _parts((one for one in self.members.get((stream, window), ()) if self._in_unit(one[0]) and self._in_region(one[1])), dimension)

    def _in_unit(self, unit: str) -> bool:
        return not self.filters.department or unit in self.units

    def _in_region(self, region: str) -> bool:
        return not self.filters.region or region == self.filters.region

    def _reveals(self, there: set[Member]) -> bool:
        """Parts that are shown can be taken away from what is asked for, and both from the whole around it: of what is left nothing is a small group."""
        found = False
        if self.filters.department:
            parts = _parts((one for one in there if self._in_region(one[1])), "department")
            found = _is_left(parts, self.units, (*self.above, frozenset(parts)))
        if self.filters.region:
            parts = _parts((one for one in there if self._in_unit(one[0])), "region")
            found = found or _is_left(parts, frozenset([self.filters.region]), (frozenset(parts),))
        return found


def _parts(members: Iterable[Member], dimension: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in members:
        found.setdefault(one[PLACE[dimension]], set()).add(one[2])
    return found


def _is_left(parts: Mapping[str, set[str]], chosen: frozenset[str], around: Iterable[frozenset[str]]) -> bool:
    held = frozenset(cuts.hidden(parts, parts, settings.INSIGHT_SMALLEST_GROUP))
    return any(_is_small({person for part in left for person in parts[part]}) for left in (held & chosen, *((held & circle) - chosen for circle in around)))


def _is_small(people: set[str]) -> bool:
    return 0 < len(people) < settings.INSIGHT_SMALLEST_GROUP


def too_few() -> str:
    """Why a figure about people is not shown."""
    return _("Fewer than %(count)s people stand behind this figure, so it is not shown.") % {"count": settings.INSIGHT_SMALLEST_GROUP}


def rest_too_few() -> str:
    """Why one is not shown although enough people stand behind it."""
    return _("Fewer than %(count)s people are left without this part, and their figure could be worked out, so it is not shown.") % {
        "count": settings.INSIGHT_SMALLEST_GROUP}  # fmt: skip


def behind(question: Question, windows: Sequence[Window], filters: Filters) -> Crowd:
    """`question`: of the streams that are about people; `filters`: those that mean something to them. One query."""
    units = frozenset(str(unit) for unit in question.units or ())
    above = _above(filters.department, question) if filters.department and question.streams else ()
    return Crowd(filters, units, above, _members(replace(question, units=None, region=""), list(dict.fromkeys(windows)), bool(filters.region)))


def _above(department: uuid.UUID, question: Question) -> tuple[frozenset[str], ...]:
    paths = {str(unit): path for unit, path, _name in then.tree(question.at)}
    over = [part for part in paths.get(str(department), "").strip("/").split("/") if part != str(department)]
    return tuple(frozenset(unit for unit, path in paths.items() if one in path.strip("/").split("/")) for one in over)


def _members(question: Question, windows: Sequence[Window], regions: bool) -> dict[tuple[str, Window], set[Member]]:
    found: dict[tuple[str, Window], set[Member]] = {}
    rows = [_rows(question, window, place, regions) for place, window in enumerate(windows)] if question.streams else []
    for place, stream, unit, region, owner in rows[0].union(*rows[1:]) if rows else ():
        found.setdefault((stream, windows[place]), set()).add(("" if unit is None else str(unit), region, str(owner)))
    return found


def _rows(question: Question, window: Window, place: int, regions: bool) -> QuerySet[Any, Any]:
    """By the sums where they know it, else by the facts."""
    if question.at is not None or question.by_dimension or regions:
        there: QuerySet[Any] = then.facts_at(question.at).filter(excluded="", day__gte=window[0], day__lt=window[1])
    else:
        months, days = periods.split(window)
        there = Rollup.objects.filter(Q(grain=Grain.MONTH_PERSON, start__in=months) | Q(grain=Grain.DAY_PERSON, start__in=days))
    named = there.filter(question.q()).exclude(owner=None).order_by().annotate(place=Value(place))
    named = named.annotate(where=F("region") if regions else Value("", output_field=CharField()))
    return named.values_list("place", "stream", "department", "where", "owner")
