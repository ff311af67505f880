"""What a key may be, and when it opens something: pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

PREFIX = "atr_"
SCOPES: dict[str, Any] = {
    "figures": _("Figures: values, months, parts, the value meter"),
    "rows": _("Records behind figures, masked as for you"),
    "customers": _("Joined customers with consent"),
}
LONGEST_NAME, MOST_LIVE, LONGEST_DAYS = 80, 10, 365
PER_MINUTE, BAD_PER_MINUTE = 60, 20


def problems(*, name: str, scopes: Sequence[str], days: int, live: int) -> dict[str, list[Any]]:
    """Field -> what is wrong with it; {} when a key may be made."""
    found: dict[str, list[Any]] = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        found["name"] = [_("Give it a name, so that you know later what it is for.")]
    if not scopes or not set(scopes) <= set(SCOPES):
        found["scopes"] = [_("Choose what it may read.")]
    if not 1 <= days <= LONGEST_DAYS:
        found["days"] = [_("Between 1 and 365 days.")]
    if live >= MOST_LIVE:
        found["name"] = [_("You have ten keys that are in force. Take one away first.")]
    return found


def state(*, expires_at: dt.datetime, revoked_at: dt.datetime | None, now: dt.datetime) -> str:
    """live | expired | revoked."""
    return "revoked" if revoked_at else "expired" if expires_at <= now else "live"
