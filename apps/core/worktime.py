"""Working time: how many hours of the company's working calendar lie between two moments. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings

DAY = dt.timedelta(days=1)
Span = tuple[dt.time, dt.time]


@dataclass(frozen=True)
class WorkingCalendar:
    """`hours`: spans of a working day, in order; `days`: weekdays that are worked, Monday is 1; `holidays` are not, `make_up` days are all the same
    (a Saturday that makes up for a holiday)."""

    hours: tuple[Span, ...]
    days: frozenset[int]
    holidays: frozenset[dt.date]
    make_up: frozenset[dt.date]
    zone: ZoneInfo

    def is_working(self, day: dt.date) -> bool:
        return day in self.make_up or (day.isoweekday() in self.days and day not in self.holidays)

    def is_open(self, moment: dt.datetime) -> bool:
        """Is it working time at this moment?"""
        local = moment.astimezone(self.zone)
        return self.is_working(local.date()) and any(opens <= local.time() < closes for opens, closes in self.hours)

    def seconds_between(self, first: dt.datetime, last: dt.datetime) -> int:
        """Working seconds from one moment to another; nothing when the second comes first."""
        # compared in UTC: inside one zone Python compares clocks, and an hour that comes twice would count once
        first, last = first.astimezone(dt.UTC), last.astimezone(dt.UTC)
        if last <= first:
            return 0
        begin, end = first.astimezone(self.zone), last.astimezone(self.zone)
        return round(sum(self._of_day(day, first, last) for day in _days(begin.date(), end.date()) if self.is_working(day)))

    def start_of(self, day: dt.date) -> dt.datetime:
        """When work begins on a day, for dates that say no hour."""
        return dt.datetime.combine(day, self.hours[0][0], self.zone)

    def _of_day(self, day: dt.date, first: dt.datetime, last: dt.datetime) -> float:
        found = 0.0
        for opens, closes in self.hours:
            begin = max(first, dt.datetime.combine(day, opens, self.zone).astimezone(dt.UTC))
            end = min(last, dt.datetime.combine(day, closes, self.zone).astimezone(dt.UTC))
            found += max(0.0, (end - begin).total_seconds())
        return found


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += DAY


def parse_hours(text: str) -> tuple[Span, ...]:
    """"08:30-12:00,13:30-18:00". Raises ValueError for spans that are empty, overlap, or are not in order."""
    found: list[Span] = []
    for span in text.split(","):
        opens, _, closes = span.strip().partition("-")
        pair = dt.time.fromisoformat(opens.strip()), dt.time.fromisoformat(closes.strip())
        if pair[0] >= pair[1] or (found and pair[0] < found[-1][1]):
            raise ValueError(f"working hours {text!r} are not in order")
        found.append(pair)
    return tuple(found)


def parse_days(names: Iterable[str]) -> frozenset[dt.date]:
    """Dates as 2026-10-01. Raises ValueError."""
    return frozenset(dt.date.fromisoformat(name.strip()) for name in names if name.strip())


def company() -> WorkingCalendar:
    """The company's own, by the settings. Raises ValueError for settings that say nothing usable (portal.E006 says so at the start)."""
    days = frozenset(int(name) for name in settings.WORKING_DAYS)
    if not days <= frozenset(range(1, 8)):
        raise ValueError("working days are numbers from 1 (Monday) to 7")
    return WorkingCalendar(
        parse_hours(settings.WORKING_HOURS), days, parse_days(settings.HOLIDAYS), parse_days(settings.MAKE_UP_DAYS), ZoneInfo(settings.COMPANY_TIME_ZONE),
    )  # fmt: skip
