"""One figure divided: by time, department, product line, region or person, and each part by another of them; under the rights of one person."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.kpis import Sums
from apps.directory import selectors as directory
from apps.insight.models import Grain, Rollup
from apps.insight.payloads import Filters, Part, PartValue, Period, Pivot
from apps.insight.policies import cuts as policies
from apps.insight.policies import figures
from apps.insight.policies.cuts import FIELDS, OTHERS, TIMES, Cut
from apps.insight.policies.periods import Window
from apps.insight.selectors import sums, then
from apps.insight.selectors.asked import Asked, Span
from apps.insight.selectors.crowd import behind
from apps.insight.selectors.readings import all_asked
from apps.insight.selectors.sums import APART, Ledger, Question


def pivot(person: Any, key: str, cut: Cut, *, period: Period, filters: Filters, now: dt.datetime, as_shown: dt.datetime | None = None) -> Pivot | None:
    """The parts of a figure; None where this person may not see it or nothing is known of it. LookupError for an unknown key."""
    one = all_asked(person, [key], filters, as_shown)[0]
    if not one.reach.allowed or not one.reach.known:
        return None
    return _Table(person, one, cut, Span.of(period, clock.company_today(as_shown or now)), as_shown).read()


@dataclass
class _Table:
    """`windows`: along the axis where that is time, else the period alone."""

    person: Any
    one: Asked
    cut: Cut
    span: Span
    at: dt.datetime | None

    def __post_init__(self) -> None:
        self.kpi, self.timed = self.one.kpi, self.cut.by in TIMES
        self.windows = self._windows()
        self.dimensions = tuple(name for name in (self.cut.by, self.cut.split) if name and name not in TIMES)
        self.book = self._book()

    def _windows(self) -> list[Window]:
        if self.cut.by == "month":
            return list(self.span.months)
        parts = {"week": policies.weeks, "day": policies.days}.get(self.cut.by)
        return parts(self.span.window[1]) if parts else [self.span.window]

    def _book(self) -> Ledger:
        streams, levels = self.kpi.streams, self.kpi.streams if self.kpi.level else ()
        first = min(start for start, _end in self.windows)
        windows = [(first, end) for _start, end in self.windows] if self.kpi.level else self.windows
        return sums.ledger(self.one.question(streams, self.at), windows, levels, by=APART.join(_field(name) for name in self.dimensions))

    def read(self) -> Pivot | None:
        groups = sorted(self.book.groups())
        if not groups:
            return None
        columns = self._parts(groups, 0) if not self.timed else {}
        lines = self._parts(groups, len(self.dimensions) - 1) if self.cut.split or (self.timed and self.dimensions) else {}
        first, rest = self._leading(columns, self.cut.top, 0) if columns else ([], [])
        series, others = self._leading(lines, policies.MOST_SERIES - 1, len(self.dimensions) - 1) if lines else ([], [])
        axis = self._times() if self.timed else [*self._named(columns, first), *([_others(rest)] if rest else [])]
        drawn = [*self._named(lines, series), *([_others(others)] if others else [])] or [Part("", "")]
        values = _Cells(self, set(first), set(series)).values(axis, drawn)
        return Pivot(self.cut.by, self.cut.split, self.kpi.unit, tuple(axis), tuple(drawn), values, self._running(), policies.is_additive(self.kpi))

    def _parts(self, groups: Iterable[str], place: int) -> dict[str, str]:
        """Key -> name of the parts along one dimension."""
        keys = {group.split(APART)[place] for group in groups}
        return _names(self.dimensions[place], keys, self.at)

    def _leading(self, names: dict[str, str], top: int, place: int) -> tuple[list[str], list[str]]:
        worth = {part: self.kpi.value(self.together([group for group in self.book.groups() if group.split(APART)[place] == part])) for part in names}
        return policies.leading(worth, names, top=top, sort=self.cut.sort)

    def whole(self) -> Window:
        return min(start for start, _end in self.windows), max(end for _start, end in self.windows)

    def _named(self, names: dict[str, str], keys: Sequence[str]) -> list[Part]:
        return [Part(key, names[key]) for key in keys]

    def _times(self) -> list[Part]:
        say = {"month": figures.month_name, "week": figures.week_name, "day": figures.day_name}[self.cut.by]
        return [Part(start.isoformat(), say(start)) for start, _end in self.windows]

    def _running(self) -> tuple[int, ...]:
        """Which times along the axis are not over."""
        if self.cut.by == "month":
            return tuple(index for index, whole in enumerate(self.span.whole) if not whole)
        if self.cut.by == "day":  # the last day of a period that runs is today
            return () if self.span.whole[-1] else (len(self.windows) - 1,)
        return (len(self.windows) - 1,) if self.cut.by == "week" and (self.windows[-1][1] - self.windows[-1][0]).days < 7 else ()

    def together(self, groups: Sequence[str]) -> dict[str, Sums]:
        """Of all windows as they were read: of weeks their days were, and not the months that these make up."""
        if self.kpi.level:
            return self.summed(self.whole(), groups)
        found = {stream: Sums() for stream in self.kpi.streams}
        for window in self.windows:
            for stream, added in self.summed(window, groups).items():
                found[stream].merge(added)
        return found

    def summed(self, window: Window, groups: Iterable[str]) -> dict[str, Sums]:
        """What the indicator is computed from, of several groups together."""
        found = {stream: Sums() for stream in self.kpi.streams}
        first = min(start for start, _end in self.windows)
        for group in groups:
            for stream, added in found.items():
                added.merge(self.book.level(stream, first, window[1], group) if self.kpi.level else self.book.flow(stream, window, group))
        return found


class _Cells:
    """The values of a table, with those of small groups held back."""

    def __init__(self, table: _Table, first: set[str], series: set[str]) -> None:
        self.table, self.first, self.series = table, first, series
        self.groups: dict[tuple[str, str], list[str]] = {}
        for group in table.book.groups():
            self.groups.setdefault(self._place(group), []).append(group)
        self.people, self.held = (self._people(), self._held()) if self._guarded() else ({}, set())

    def _guarded(self) -> bool:
        """A figure about people, and not about the viewer alone."""
        return self.table.kpi.about_people and self.table.one.reach.owners != {self.table.person.pk}

    def _place(self, group: str) -> tuple[str, str]:
        """(column, series) of a group; times make the columns where they stand along the axis."""
        words = group.split(APART)
        if self.table.timed:
            return "", (words[0] if words[0] in self.series else OTHERS) if self.table.dimensions else ""
        column = words[0] if words[0] in self.first else OTHERS
        return column, (words[1] if words[1] in self.series else OTHERS) if self.table.cut.split else ""

    def values(self, axis: Sequence[Part], drawn: Sequence[Part]) -> tuple[tuple[PartValue, ...], ...]:
        """Series by series, along the axis."""
        hidden = policies.hidden(self.people, self.people, settings.INSIGHT_SMALLEST_GROUP)
        return tuple(tuple(self._value(index, part, line, hidden) for index, part in enumerate(axis)) for line in drawn)

    def _value(self, index: int, part: Part, line: Part, hidden: set[Any]) -> PartValue:
        column, window = ("", self.table.windows[index]) if self.table.timed else (part.key, self.table.windows[0])
        if window in self.held or (index if self.table.timed else column, line.key) in hidden:
            return PartValue(None, 0, suppressed=True)
        found = self.table.summed(window, self.groups.get((column, line.key), []))
        one = found[self.table.kpi.stream]
        rows = one.n if self.table.kpi.level else one.rows
        return PartValue(self.table.kpi.value(found) if rows or one.total or self.table.timed else None, rows)

    def _held(self) -> set[Window]:
        """Windows whose figure would tell of a small group, itself or by what is left without it."""
        one, stream = self.table.one, self.table.kpi.stream
        crowd = behind(one.question([stream], self.table.at), self.table.windows, one.filters)
        return {window for window in self.table.windows if crowd.why(stream, window)}

    def _people(self) -> dict[tuple[Any, str], set[str]]:
        """(column or place of the time, series) -> who stands behind it."""
        found: dict[tuple[Any, str], set[str]] = {}
        for day, group, owner in _who(self.table.one.question([self.table.kpi.stream], self.table.at), self.table.whole(), self.table.dimensions):
            column, line = self._place(group)
            for index, (start, end) in enumerate(self.table.windows):
                if start <= day < end:
                    found.setdefault((index if self.table.timed else column, line), set()).add(owner)
        return found


def _who(question: Question, window: Window, dimensions: Sequence[str]) -> Iterator[tuple[dt.date, str, str]]:
    """(day, group, person) of the facts in a window."""
    names = [_field(name) for name in dimensions]
    if question.at is None and not question.by_dimension and set(names) <= {"department"}:
        rows = Rollup.objects.filter(question.q(), grain=Grain.DAY_PERSON, start__gte=window[0], start__lt=window[1]).exclude(owner=None)
        found: Iterable[Any] = rows.order_by().values_list("start", "owner", *names).distinct()
    else:
        facts = then.facts_at(question.at).filter(question.q(), excluded="", day__gte=window[0], day__lt=window[1]).exclude(owner=None)
        found = facts.order_by().values_list("day", "owner", *names).distinct()
    for day, owner, *words in found:
        yield day, APART.join("" if word is None else str(word) for word in words), str(owner)


def _field(name: str) -> str:
    return FIELDS.get(name, name)


def _others(rest: Sequence[str]) -> Part:
    return Part(OTHERS, _("Others (%(count)d)") % {"count": len(rest)})


def _names(dimension: str, keys: Iterable[str], at: dt.datetime | None) -> dict[str, str]:
    there = {key for key in keys if key}
    if dimension == "department":
        known = then.unit_names(at)
    elif dimension == "person":
        people = directory.people_by_id([uuid.UUID(key) for key in there])
        known = {str(pk): person.display(get_language() or "en") for pk, person in people.items()}
    else:
        known = {key: key for key in there}
    return {key: known.get(key, _("Not assigned")) for key in keys}
