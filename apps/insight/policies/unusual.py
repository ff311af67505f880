"""Is a day unusual? Compared with the same weekday of the weeks before; pure.

The middle (median) of those days is what is usual. How far days usually lie from it is their median distance, made as wide as a standard deviation would be
(times 1.4826); it is never taken for less than a twentieth of the middle, nor than one unit, so that a figure that hardly moves does not ring at a trifle.
A day is unusual when it lies more than `REACH` such distances from the middle. Days off are not judged, and not compared with.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core.worktime import WorkingCalendar

WEEKS, LEAST = 8, 6
WIDEN, SHARE = 1.4826, 0.05
REACH = {"low": 6.0, "medium": 4.0, "high": 3.0}
FLOORS = {"percent": 1.0, "hours": 0.1, "days": 0.1, "count": 1.0, "money": 1.0}
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Judged:
    """`middle`: what is usual; `spread`: how far days usually lie from it; `times`: how many spreads this day does; `low` to `high`: not unusual."""

    unusual: bool
    above: bool
    middle: float
    spread: float
    times: float
    low: float
    high: float


def judge(value: Decimal | None, before: Sequence[Decimal | None], *, unit: str, sensitivity: str) -> Judged | None:
    """None: too few days are known to say anything."""
    known = [float(one) for one in before if one is not None]
    if value is None or len(known) < LEAST:
        return None
    middle = statistics.median(known)
    distance = statistics.median(abs(one - middle) for one in known)
    spread = max(WIDEN * distance, SHARE * abs(middle), FLOORS.get(unit, 1.0))
    away, reach = float(value) - middle, REACH[sensitivity]
    return Judged(abs(away) > reach * spread, away > 0, middle, spread, abs(away) / spread, middle - reach * spread, middle + reach * spread)


def compared(day: dt.date, calendar: WorkingCalendar) -> list[dt.date]:
    """The same weekday of the weeks before, the oldest first, without days off; [] for a day off."""
    if is_off(day, calendar):
        return []
    return [one for one in (day - WEEK * back for back in range(WEEKS, 0, -1)) if not is_off(one, calendar)]


def is_off(day: dt.date, calendar: WorkingCalendar) -> bool:
    """A weekday that is worked, but not on this date; or a day of rest that is worked this once: neither is like its weekday."""
    return calendar.is_working(day) != (day.isoweekday() in calendar.days)


WIDTH, HEIGHT, GAP = 180.0, 60.0, 4.0


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    last: bool


@dataclass(frozen=True)
class Picture:
    """Bars in a box of 180 by 60 from zero, and the band of what is not unusual."""

    bars: tuple[Bar, ...]
    band_y: float
    band_height: float


def picture(values: Sequence[Decimal | None], found: Judged) -> Picture:
    """The day is the last of `values`."""
    known = [float(value) for value in values if value is not None]
    low, high = min(0.0, *known), max(0.0, *known, min(found.high, 2 * max(known, default=0.0)))
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return round(HEIGHT - (min(high, max(low, value)) - low) / span * HEIGHT, 1)

    step = WIDTH / max(1, len(values))
    bars = [
        Bar(round(index * step, 1), min(y(float(value)), y(0)), round(step - GAP, 1), max(0.6, round(abs(y(float(value)) - y(0)), 1)), index == len(values) - 1)
        for index, value in enumerate(values) if value is not None
    ]  # fmt: skip
    return Picture(tuple(bars), y(found.high), max(0.6, round(y(found.low) - y(found.high), 1)))
