"""Working hours between two moments."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import worktime
from apps.core.worktime import WorkingCalendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar(
    worktime.parse_hours("08:30-12:00,13:30-18:00"), frozenset({1, 2, 3, 4, 5}), frozenset({dt.date(2026, 10, 1)}), frozenset({dt.date(2026, 10, 10)}), ZONE,
)  # fmt: skip


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.req("V1")
@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        ("2026-11-23T09:00", "2026-11-23T11:00", 2),  # one morning
        ("2026-11-23T11:30", "2026-11-23T14:00", 1),  # over noon
        ("2026-11-23T06:00", "2026-11-23T22:00", 8),  # a whole day and more
        ("2026-11-20T17:00", "2026-11-23T09:30", 2),  # over a weekend
        ("2026-11-21T09:00", "2026-11-22T18:00", 0),  # a weekend
        ("2026-09-30T17:00", "2026-10-02T09:30", 2),  # over a holiday
        ("2026-10-09T17:00", "2026-10-12T09:30", 10),  # the Saturday makes up for it
        ("2026-11-23T11:00", "2026-11-23T09:00", 0),  # backwards
    ],
)
def test_hours(first: str, last: str, hours: float) -> None:
    assert CALENDAR.seconds_between(at(first), at(last)) == hours * 3600


@pytest.mark.req("V2")
@pytest.mark.parametrize(
    ("moment", "is_open"),
    [("2026-11-23T08:29", False), ("2026-11-23T08:30", True), ("2026-11-23T12:00", False), ("2026-11-23T13:30", True), ("2026-11-23T18:00", False),
     ("2026-11-21T10:00", False), ("2026-10-01T10:00", False), ("2026-10-10T10:00", True)],
)  # fmt: skip
def test_what_is_working_time(moment: str, is_open: bool) -> None:
    assert CALENDAR.is_open(at(moment)) is is_open


MOMENTS = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31), timezones=st.just(dt.UTC))


@pytest.mark.req("V1")
@given(st.tuples(MOMENTS, MOMENTS, MOMENTS).map(sorted))
def test_it_adds_up_and_is_never_longer_than_the_clock_says(moments: list[dt.datetime]) -> None:
    first, middle, last = moments
    whole = CALENDAR.seconds_between(first, last)
    assert abs(whole - CALENDAR.seconds_between(first, middle) - CALENDAR.seconds_between(middle, last)) <= 1
    assert 0 <= whole <= round((last - first).total_seconds())


def test_a_clock_that_is_put_back_counts_the_hour_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    nights = WorkingCalendar(worktime.parse_hours("00:00-06:00"), frozenset(range(1, 8)), frozenset(), frozenset(), berlin)
    first, last = dt.datetime(2026, 10, 25, 0, 0, tzinfo=berlin), dt.datetime(2026, 10, 25, 6, 0, tzinfo=berlin)
    assert nights.seconds_between(first, last) == 7 * 3600  # two o'clock comes twice


@pytest.mark.parametrize("text", ["", "08:30", "12:00-08:30", "08:30-12:00,11:00-18:00", "8-12"])
def test_hours_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        worktime.parse_hours(text)


def test_the_settings_are_read(settings: object) -> None:
    settings.WORKING_DAYS, settings.HOLIDAYS = ["6"], ["2026-11-21"]  # type: ignore[attr-defined]
    found = worktime.company()
    assert [found.is_working(dt.date(2026, 11, day)) for day in (20, 21, 28)] == [False, False, True]
    settings.WORKING_DAYS = ["8"]  # type: ignore[attr-defined]
    with pytest.raises(ValueError):
        worktime.company()
