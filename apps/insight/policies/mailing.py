"""When a board is due by mail, and when a figure crosses a line: pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

HOUR = 7  # of the company's day


def slot(rhythm: str, at: dt.datetime) -> dt.date | None:
    """The day whose mail is due at this moment of the company's clock: today, Monday or the first; None before seven on such a day."""
    today = at.date()
    day = {"daily": today, "weekly": today - dt.timedelta(days=today.weekday()), "monthly": today.replace(day=1)}[rhythm]
    return day if day < today or at.hour >= HOUR else None


def is_due(rhythm: str, at: dt.datetime, *, made_on: dt.date, sent_for: dt.date | None) -> bool:
    """Once a slot; what was ordered after a slot waits for the next one."""
    due = slot(rhythm, at)
    return due is not None and due > made_on and (sent_for is None or sent_for < due)


def crossed(value: Decimal | None, line: Decimal, *, above: bool) -> bool:
    """Whether a figure stands beyond its line; nothing to say is not beyond."""
    if value is None:
        return False
    return value > line if above else value < line
