"""What facts add up to, by the sums that are kept, or, where none are kept so finely, by the facts themselves.

Sums are kept over everything, by person, and by product line with region, each for days and for months. A window is read as its whole months and the days
at its ends. A question that mixes persons and dimensions, and every question about an earlier moment, is answered by the facts.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Aggregate, Case, Count, F, FloatField, JSONField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast

from apps.core.kpis import Sums
from apps.insight.models import Fact, Grain, Rollup
from apps.insight.policies import periods
from apps.insight.policies.periods import Window

SUMS = ("rows", "n", "hits", "total", "hit_total", "squares")
EARLIEST = dt.date(1970, 1, 1)
APART = "\x1f"  # between the words of a group of two dimensions


@dataclass(frozen=True)
class Question:
    """Which facts count. `owners` None: everybody's. `units` None: all departments. `at` None: what is known now."""

    streams: tuple[str, ...]
    owners: frozenset[uuid.UUID] | None = None
    units: frozenset[uuid.UUID] | None = None
    product_line: str = ""
    region: str = ""
    at: dt.datetime | None = None

    @property
    def by_person(self) -> bool:
        return self.owners is not None or self.units is not None

    @property
    def by_dimension(self) -> bool:
        return bool(self.product_line or self.region)

    @property
    def raw(self) -> bool:
        return self.at is not None or (self.by_person and self.by_dimension)

    def q(self) -> Q:
        wanted = Q(stream__in=self.streams)
        if self.owners is not None:
            wanted &= Q(owner__in=self.owners)
        if self.units is not None:
            wanted &= Q(department__in=self.units)
        if self.product_line:
            wanted &= Q(product_line=self.product_line)
        return wanted & Q(region=self.region) if self.region else wanted


@dataclass
class Ledger:
    """Sums by place: (stream, group) -> start -> Sums. `group`: "" or the value of the dimension asked for. `daily`: starts are days."""

    months: dict[tuple[str, str], dict[dt.date, Sums]] = field(default_factory=dict)
    days: dict[tuple[str, str], dict[dt.date, Sums]] = field(default_factory=dict)
    before: dict[tuple[str, str], Sums] = field(default_factory=dict)

    def put(self, monthly: bool, stream: str, group: str, start: dt.date, *, histogram: Iterable[Sequence[int]] = (), **values: Any) -> None:
        place = (self.months if monthly else self.days).setdefault((stream, group), {}).setdefault(start, Sums())
        place.add(**values)
        place.spread(histogram)

    def groups(self) -> set[str]:
        return {group for _stream, group in (*self.months, *self.days, *self.before)}

    def flow(self, stream: str, window: Window, group: str = "") -> Sums:
        """What happened in a window that the ledger covers."""
        found = Sums()
        whole, single = periods.split(window)
        for kept, starts in ((self.months, whole), (self.days, single)):
            by_start = kept.get((stream, group), {})
            for start in starts:
                if start in by_start:
                    found.merge(by_start[start])
        return found

    def level(self, stream: str, first: dt.date, end: dt.date, group: str = "") -> Sums:
        """What there was before `end`: all before the ledger begins at `first`, and what it holds since."""
        found = self.flow(stream, (first, end), group)
        found.merge(self.before.get((stream, group), Sums()))
        return found


def ledger(question: Question, windows: Sequence[Window], levels: Iterable[str], *, by: str = "") -> Ledger:
    """Everything that `windows` (and, for the streams in `levels`, what was before the first of them) need: two queries at most.

    `by`: owner | department | product_line | region, or two of them joined by APART; sums are kept apart by it. A window
    of a level begins at the earliest day of all windows.
    """
    book, streams = Ledger(), sorted(question.streams)
    if not windows or not streams:
        return book
    first = min(start for start, _end in windows)
    whole: set[dt.date] = set()
    single: set[dt.date] = set()
    for window in windows:
        some, days = periods.split(window)
        whole |= set(some)
        single |= set(days)
    if question.raw or (by and not _kept(question, by)):
        _by_facts(book, question, whole, single, by)
        _before_by_facts(book, question, first, set(levels), by)
        return book
    monthly, daily = _grains(question, by)
    wanted = Q(pk__in=[])
    for one, starts in ((monthly, whole), (daily, single)):
        if starts:
            wanted |= Q(grain=one, start__gte=min(starts), start__lte=max(starts))
    for grain, stream, group, start, values in _rolled(question, by, wanted, plain=monthly == Grain.MONTH):
        if start in (whole if grain == monthly else single):
            book.put(grain == monthly, stream, group, start, **values)
    _before_by_sums(book, question, first, set(levels), monthly, daily, by)
    return book


def _kept(question: Question, by: str) -> bool:
    """Whether the sums answer this: persons and dimensions are never kept together."""
    people, dimensions = (bool(some & set(by.split(APART))) for some in ({"owner", "department"}, {"product_line", "region"}))
    return not ((people or question.by_person) and (dimensions or question.by_dimension))


def _grains(question: Question, by: str) -> tuple[Grain, Grain]:
    if question.by_person or {"owner", "department"} & set(by.split(APART)):
        return Grain.MONTH_PERSON, Grain.DAY_PERSON
    if question.by_dimension or by:
        return Grain.MONTH_DIMENSION, Grain.DAY_DIMENSION
    return Grain.MONTH, Grain.DAY


def _rolled(question: Question, by: str, when: Q, *, plain: bool) -> Iterator[tuple[str, str, str, dt.date, dict[str, Any]]]:
    """Grain, stream, group, start, sums. `plain`: a row a start, nothing is to be added up."""
    rows = Rollup.objects.filter(question.q(), when)
    if plain:
        for grain, stream, start, histogram, *values in rows.values_list("grain", "stream", "start", "histogram", *SUMS):
            yield grain, stream, "", start, {"bucket": 0, "histogram": histogram or (), **dict(zip(SUMS, values, strict=True))}
        return
    names = _fields(by)
    summed = rows.order_by().values_list("grain", "stream", "start", *names)
    for grain, stream, start, *rest, histograms in summed.annotate(*(Sum(name, default=0) for name in SUMS), all=Histograms("histogram")):
        places = [place for histogram in histograms or () for place in histogram]
        yield grain, stream, _group(rest[: len(names)]), start, {"bucket": 0, "histogram": places, **dict(zip(SUMS, rest[len(names) :], strict=True))}


class Histograms(Aggregate):
    """All histograms of a group, those that there are, in one list; NULL or an empty list where there is none."""

    function = "jsonb_agg"
    template = "%(function)s(%(expressions)s) FILTER (WHERE %(expressions)s IS NOT NULL)"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        template = "json_group_array(json(%(expressions)s)) FILTER (WHERE %(expressions)s IS NOT NULL)"
        return self.as_sql(compiler, connection, template=template, **extra)


def _word(value: Any) -> str:
    return "" if value is None else str(value)


def _fields(by: str) -> list[str]:
    return by.split(APART) if by else []


def _group(values: Iterable[Any]) -> str:
    return APART.join(_word(value) for value in values)


def _facts(question: Question) -> QuerySet[Fact]:
    if question.at is None:
        known = Q(replaced_at=None)
    else:
        known = Q(recorded_at__lte=question.at) & (Q(replaced_at=None) | Q(replaced_at__gt=question.at))
    return Fact.objects.filter(question.q(), known, excluded="")


def _summed(rows: QuerySet[Fact], *names: str) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    real = Cast("value", FloatField())
    found = rows.order_by().values_list(*names, "bucket").annotate(
        a=Count("pk"), b=Sum("n"), c=Sum(Case(When(hit=True, then=F("n")), default=Value(0))), d=Sum("value"),
        e=Sum(Case(When(hit=True, then=F("value")), default=Value(0))), f=Sum(real * real) / 10000.0,
    )  # fmt: skip
    for row in found:
        values = dict(zip(SUMS, row[-6:], strict=True))
        yield list(row[:-7]), {"bucket": row[-7], **values}


def _by_facts(book: Ledger, question: Question, whole: set[dt.date], single: set[dt.date], by: str) -> None:
    ends = [*(start for start in single), *whole]
    last = max([*single, *(periods.add_months(month, 1) - periods.DAY for month in whole)])
    rows = _facts(question).filter(day__gte=min(ends), day__lte=last)
    for keys, values in _summed(rows, "stream", "day", *_fields(by)):
        stream, day, group = keys[0], keys[1], _group(keys[2:])
        if (month := periods.month_of(day)) in whole:
            book.put(True, stream, group, month, **values)
        if day in single:
            book.put(False, stream, group, day, **values)


def _before_by_facts(book: Ledger, question: Question, first: dt.date, levels: set[str], by: str) -> None:
    if not levels:
        return
    for keys, values in _summed(_facts(question).filter(stream__in=levels, day__lt=first), "stream", *_fields(by)):
        book.before.setdefault((keys[0], _group(keys[1:])), Sums()).add(**values)


def _before_by_sums(book: Ledger, question: Question, first: dt.date, levels: set[str], monthly: Grain, daily: Grain, by: str) -> None:
    if not levels:
        return
    month = periods.month_of(first)
    when = Q(grain=monthly, start__lt=month)
    if month < first:
        when |= Q(grain=daily, start__gte=month, start__lt=first)
    rows = Rollup.objects.filter(question.q(), when, stream__in=levels)
    names = _fields(by)
    for stream, *rest in rows.order_by().values_list("stream", *names).annotate(*(Sum(name, default=0) for name in SUMS)):
        values = dict(zip(SUMS, rest[len(names) :], strict=True))
        book.before.setdefault((stream, _group(rest[: len(names)])), Sums()).add(bucket=0, **values)
