"""When a board is due by mail and what it tells of, and when a figure crosses a line: pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

HOUR = 7  # of the company's day
KEPT = ("period", "department", "product_line", "region")  # which month it is, each mail says anew
PERIODS = ("month", "quarter", "year", "last12")


def slot(rhythm: str, at: dt.datetime) -> dt.date | None:
    """The day whose mail is due at this moment of the company's clock: today, Monday or the first; None before seven on such a day."""
    today = at.date()
    day = {"daily": today, "weekly": today - dt.timedelta(days=today.weekday()), "monthly": today.replace(day=1)}[rhythm]
    return day if day < today or at.hour >= HOUR else None


def is_due(rhythm: str, at: dt.datetime, *, made_on: dt.date, sent_for: dt.date | None) -> bool:
    """Once a slot; what was ordered after a slot waits for the next one."""
    due = slot(rhythm, at)
    return due is not None and due > made_on and (sent_for is None or sent_for < due)


def refusal(query: Mapping[str, str]) -> str:
    """Why no mail can come of this kind of period and these filters; "" it can."""
    if set(query) - set(KEPT) or query.get("period", PERIODS[0]) not in PERIODS:
        return _("A mail tells of the month, quarter, year or twelve months that the day before is in. Choose one of these: days of your own, a first day and "
                 "a moment of the past do not come again.")  # fmt: skip
    try:
        uuid.UUID(query.get("department") or "0" * 32)
    except ValueError:
        return _("There is no such department.")
    return ""


def told_of(query: Mapping[str, str], day: dt.date) -> dict[str, str]:
    """What the mail of a day is asked for: of `query` what comes again, and the period that the day before is in: on the first that is the month that ended,
    not its successor's seven hours."""
    kept = {name: value for name, value in query.items() if name in KEPT}
    if kept.get("period") not in PERIODS:
        kept.pop("period", None)
    return {**kept, "start": str(day - dt.timedelta(days=1))}


def crossed(value: Decimal | None, line: Decimal, *, above: bool) -> bool:
    """Whether a figure stands beyond its line; nothing to say is not beyond."""
    if value is None:
        return False
    return value > line if above else value < line
