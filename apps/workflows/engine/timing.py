"""Timers: ISO 8601 durations, moments, bounded cycles. All in UTC; months and years are refused because their length varies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from apps.workflows.engine.process import Timer

DURATION = re.compile(r"^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
CYCLE = re.compile(r"^R(\d+)/(P.+)$")
LONGEST = dt.timedelta(days=3660)


class TimerError(ValueError):
    """The text of a timer means nothing to us."""


def duration(text: str) -> dt.timedelta:
    """ "PT24H" -> 24 hours. Raises TimerError."""
    found = DURATION.match(text.strip())
    if not found or not any(found.groups()):
        raise TimerError(f"{text!r} is not a duration such as PT24H")
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    span = dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if span > LONGEST:
        raise TimerError(f"{text!r} is longer than ten years")
    return span


def cycle(text: str) -> tuple[int, dt.timedelta]:
    """ "R3/PT1H" -> (3, one hour). Raises TimerError; an endless cycle is refused."""
    found = CYCLE.match(text.strip())
    if not found or not 1 <= int(found.group(1)) <= 1000:
        raise TimerError(f"{text!r} is not a bounded cycle such as R3/PT1H")
    return int(found.group(1)), duration(found.group(2))


def moment(text: str) -> dt.datetime:
    """ "2026-11-23T09:00:00+08:00" -> aware moment. Raises TimerError; a moment without a zone is refused."""
    try:
        value = dt.datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise TimerError(f"{text!r} is not a moment") from error
    if value.tzinfo is None:
        raise TimerError(f"{text!r} has no time zone")
    return value


def check(timer: Timer) -> None:
    """Raises TimerError when a literal text is wrong; an expression is only known when it runs."""
    if not timer.value.startswith("="):
        due_at(timer, dt.datetime.now(dt.UTC), lambda text: text)


def due_at(timer: Timer, now: dt.datetime, evaluate: Callable[[str], Any]) -> dt.datetime:
    """When it fires (for a cycle: the first time). `evaluate` gives the value of a CEL text."""
    text = str(evaluate(timer.value[1:])) if timer.value.startswith("=") else timer.value
    if timer.kind == "date":
        return moment(text)
    if timer.kind == "cycle":
        return now + cycle(text)[1]
    return now + duration(text)


def repeats(timer: Timer) -> int:
    """How often it fires: 1, or the count of a cycle."""
    return cycle(timer.value)[0] if timer.kind == "cycle" else 1
