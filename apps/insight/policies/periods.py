"""Periods of a board: months, quarters, years, the last twelve months, any days; and the period before, day for day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from apps.insight.payloads import Period, PeriodKind

MONTHS = {"month": 1, "quarter": 3, "year": 12, "last12": 12}
SERIES = 13  # months of a series, the last one being the period's last
DAY = dt.timedelta(days=1)
Window = tuple[dt.date, dt.date]


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def add_months(month: dt.date, count: int) -> dt.date:
    """From the first of a month to the first of another."""
    index = month.year * 12 + month.month - 1 + count
    return dt.date(index // 12, index % 12 + 1, 1)


def period(kind: PeriodKind, *, today: dt.date, start: dt.date | None = None, end: dt.date | None = None) -> Period:
    """The period that holds `start` (default: today); for "custom" the days from `start` to `end`, both counted. Raises ValueError."""
    if kind == "custom":
        if start is None or end is None or end < start:
            raise ValueError("a custom period needs a first and a last day, in this order")
        return Period(kind, start, end + DAY)
    day = start or today
    if kind == "last12":
        last = add_months(month_of(day), 1)
        return Period(kind, add_months(last, -12), last)
    size = MONTHS[kind]
    first = dt.date(day.year, (day.month - 1) // size * size + 1, 1)
    return Period(kind, first, add_months(first, size))


def window(of: Period, today: dt.date) -> Window:
    """The days of it that have come: a running period ends with today."""
    return of.start, max(of.start, min(of.end, today + DAY))


def former(of: Period, today: dt.date) -> Window:
    """The same days of the period before: on the 10th, the first ten days of last month."""
    first, last = window(of, today)
    if of.kind == "custom":
        return of.start - (of.end - of.start), of.start - (of.end - last)
    begin = add_months(of.start, -MONTHS[of.kind])
    if last == of.end:
        return begin, of.start
    months = (last.year - first.year) * 12 + last.month - first.month
    month = add_months(begin, months)
    return begin, min(month + (last - month_of(last)), add_months(month, 1), of.start)


def months(of: Period) -> list[dt.date]:
    """The months of its series, the oldest first."""
    last = month_of(of.end - DAY)
    return [add_months(last, -index) for index in reversed(range(SERIES))]


def split(days: Window) -> tuple[list[dt.date], list[dt.date]]:
    """(whole months, single days) that a window is made of."""
    whole, single = [], []
    day, end = days
    while day < end:
        following = add_months(month_of(day), 1)
        if day.day == 1 and following <= end:
            whole.append(day)
            day = following
        else:
            single.append(day)
            day += DAY
    return whole, single


def steps(first: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Each day."""
    while first < end:
        yield first
        first += DAY
