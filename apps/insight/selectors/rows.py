"""The records that a figure counts, as one person may see them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.core.kpis import get
from apps.insight.payloads import Filters, Period, RowPage
from apps.insight.selectors.rights import reach


def rows(person: Any, key: str, *, period: Period, filters: Filters, after: str = "", now: dt.datetime, size: int = 50) -> RowPage:
    """A page of them, the latest first. `after`: the mark of the page before."""
    found = reach(person, get(key))
    return RowPage(key, state="empty" if found.allowed else "forbidden", why=found.why, ask=found.ask)
