"""Figures for one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from apps.core.kpis import Kpi, get
from apps.insight.payloads import Filters, Period, Reading
from apps.insight.selectors.rights import Reach, reach


def reading(person: Any, key: str, *, period: Period, filters: Filters, now: dt.datetime, as_shown: dt.datetime | None = None) -> Reading:
    """One figure; LookupError for an unknown key. `as_shown`: what it said at that moment, from what was known then."""
    return board_readings(person, [key], period=period, filters=filters, now=now, as_shown=as_shown)[0]


def board_readings(person: Any, keys: Sequence[str], *, period: Period, filters: Filters, now: dt.datetime,
                   as_shown: dt.datetime | None = None) -> list[Reading]:
    """Several figures, in the order of the keys, with a handful of queries for all of them together."""
    return [_plain(get(key), reach(person, get(key)), filters) for key in keys]


def _plain(kpi: Kpi, found: Reach, filters: Filters) -> Reading:
    return Reading(
        key=kpi.key, version=kpi.version, title=str(kpi.title), group=kpi.group, system=kpi.system, formula=str(kpi.formula), owner=str(kpi.owner),
        unit=kpi.unit, direction=kpi.direction, state="empty" if found.allowed else "forbidden", promise=kpi.promise, scope=found.words,
        ignores=tuple(name for name in filters.given if name not in kpi.knows), why=found.why, ask=found.ask,
    )  # fmt: skip
