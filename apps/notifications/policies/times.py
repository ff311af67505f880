"""Quiet hours and digests, by the clock on the person's wall.

Wall times become moments by the zone's rules: a time that a change of clocks skips is read by the clock before the change (02:30 is then
03:30), one that comes twice is its first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

STEP = 30  # minutes
DAY = dt.timedelta(days=1)
MORNING = dt.time(8)  # daily and weekly digests, by the reader's clock
DIGESTS = ("off", "1h", "3h", "daily", "weekly")
_HOURS = {"1h": 1, "3h": 3}
LONGEST = dt.timedelta(days=7)  # who has no loud hour at all is reached after a week

Quiet = Mapping[str, list[str]]


def minutes(text: str) -> int:
    """ "HH:MM" as minutes of the day. Raises ValueError for what is no step of half an hour."""
    hours, _colon, rest = text.partition(":")
    found = int(hours) * 60 + int(rest)
    if len(text) != 5 or not 0 <= found < 24 * 60 or found % STEP:
        raise ValueError(text)
    return found


def _moment(day: dt.date, minute: int, zone: ZoneInfo) -> dt.datetime:
    wall = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), zone)
    return wall.astimezone(dt.UTC)


def _spans(quiet: Quiet, zone: ZoneInfo, around: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The quiet spans that begin the day before, on this day and the day after."""
    for offset in (-1, 0, 1):
        day = around + offset * DAY
        given = quiet.get(str(day.weekday()))
        if not given:
            continue
        begin, end = minutes(given[0]), minutes(given[1])
        yield _moment(day, begin, zone), _moment(day if end > begin else day + DAY, end, zone)


def quiet_until(quiet: Quiet, zone: ZoneInfo, at: dt.datetime) -> dt.datetime | None:
    """When the quiet that reigns at this moment ends; None: it is not quiet. Spans that touch are one."""
    found = at
    while found - at < LONGEST:
        ends = [end for begin, end in _spans(quiet, zone, found.astimezone(zone).date()) if begin <= found < end]
        if not ends:
            break
        found = max(ends)
    return None if found == at else found


def digest_at(digest: str, zone: ZoneInfo, at: dt.datetime) -> dt.datetime | None:
    """The next moment after `at` at which this digest leaves; None when there is none. Hours are counted from local midnight."""
    if digest == "off" or digest not in DIGESTS:
        return None
    today = at.astimezone(zone).date()
    for offset in range(9):
        day = today + offset * DAY
        for minute in _leaves(digest, day):
            moment = _moment(day, minute, zone)
            if moment > at:
                return moment
    raise AssertionError("unreachable: every digest leaves within eight days")


def _leaves(digest: str, day: dt.date) -> list[int]:
    if digest in _HOURS:
        return [hour * 60 for hour in range(0, 24, _HOURS[digest])]
    return [MORNING.hour * 60] if digest == "daily" or day.weekday() == 0 else []
