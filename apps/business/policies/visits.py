"""What may happen to a visit in which state, and what a visit must say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from apps.core.clock import company_today

# (state, what happens) -> the state after it; what is not named here cannot happen.
# `change` keeps the day; `rebook` takes another one and is asked for again.
VISIT_MOVES: Mapping[tuple[str, str], str] = {
    ("REQUESTED", "approve"): "APPROVED",
    ("REQUESTED", "reject"): "REJECTED",
    ("REQUESTED", "return"): "RETURNED",
    ("REQUESTED", "change"): "REQUESTED",
    ("REQUESTED", "rebook"): "REQUESTED",
    ("REQUESTED", "cancel"): "CANCELLED",
    ("APPROVED", "change"): "APPROVED",
    ("APPROVED", "rebook"): "REQUESTED",
    ("APPROVED", "cancel"): "CANCELLED",
    ("APPROVED", "report"): "REPORTED",
    ("RETURNED", "rebook"): "REQUESTED",
    ("RETURNED", "cancel"): "CANCELLED",
}
LONGEST = dt.timedelta(days=14)
PLACE, PURPOSE, REPORT, COMPANIONS = 200, 500, 4000, 20


def next_state(state: str, happens: str) -> str | None:
    """The state after it; None: it cannot happen in this state."""
    return VISIT_MOVES.get((state, happens))


def same_day(first: dt.datetime, second: dt.datetime) -> bool:
    """On one day of the company's calendar."""
    return company_today(first) == company_today(second)


def problems_of_visit(*, starts_at: dt.datetime | None, ends_at: dt.datetime | None, place: str, purpose: str, now: dt.datetime) -> dict[str, str]:
    """Field -> code of what is wrong: empty | past | order | long."""
    found = {name: "empty" for name, value in (("starts_at", starts_at), ("ends_at", ends_at), ("place", place), ("purpose", purpose)) if not value}
    if starts_at and starts_at <= now:
        found["starts_at"] = "past"
    if starts_at and ends_at and ends_at <= starts_at:
        found["ends_at"] = "order"
    elif starts_at and ends_at and ends_at - starts_at > LONGEST:
        found["ends_at"] = "long"
    for name, text, most in (("place", place, PLACE), ("purpose", purpose, PURPOSE)):
        if len(text) > most:
            found[name] = "long"
    return found
