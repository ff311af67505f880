"""What a board is asked for, as it stands in the address: period, filters, the day it was shown on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.errors import InvalidInput
from apps.insight.payloads import Filters, Period, PeriodKind
from apps.insight.policies import periods
from apps.insight.policies.cuts import OTHERS, TIMES, TOP, Cut, arranged

KINDS = ("month", "quarter", "year", "last12", "custom")
LONGEST_WORD = 60
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(9000, 1, 1)


@dataclass(frozen=True)
class Asked:
    """`as_shown`: the moment the board is to be shown as of, the end of a day where a day was given; None: now. `shown_on`: its day; `shown`: as given."""

    period: Period
    filters: Filters
    shown_on: dt.date | None = None
    as_shown: dt.datetime | None = None
    shown: str = ""

    @property
    def query(self) -> str:
        """The same in an address, without what goes without saying."""
        return urlencode(self.params)

    def going_on(self, today: dt.date) -> str:
        """The same for a page that stays open: a period that is running has no first day, so that the next one takes its place."""
        runs = self.period.kind != "custom" and not self.shown and self.period.start <= today < self.period.end
        return urlencode({name: value for name, value in self.params.items() if not (runs and name == "start")})

    @property
    def params(self) -> dict[str, str]:
        period = self.period
        first = periods.add_months(period.end, -1) if period.kind == "last12" else period.start  # twelve months are named by their last one
        found = {"period": period.kind, "start": first.isoformat()}
        if period.kind == "custom":
            found["end"] = (period.end - periods.DAY).isoformat()
        if self.filters.department:
            found["department"] = str(self.filters.department)
        found |= {name: getattr(self.filters, name) for name in ("product_line", "region") if getattr(self.filters, name)}
        return {**found, **({"shown": self.shown} if self.shown else {})}


def part_query(found: Asked, by: str, key: str) -> str:
    """The same, of one part alone; "" where a part cannot be asked for by itself."""
    if not key or key == OTHERS or by not in ("department", "product_line", "region", *TIMES):
        return ""
    if by not in TIMES:
        return urlencode(found.params | {by: key})
    day = dt.date.fromisoformat(key)
    kept = {name: value for name, value in found.params.items() if name not in ("period", "start", "end")}
    if by == "month":
        return urlencode({"period": "month", "start": key, **kept})
    last = day + dt.timedelta(days=6 if by == "week" else 0)
    return urlencode({"period": "custom", "start": key, "end": last.isoformat(), **kept})


def cut(given: Mapping[str, Any]) -> Cut | None:
    """How a chart is to be divided: `by`, `split`, `top`, `sort`; None: not at all."""
    by = str(given.get("by") or "")
    top = str(given.get("top") or "")
    if not by:
        return None
    return arranged(Cut(by, str(given.get("split") or ""), int(top) if top.isdecimal() and len(top) < 4 else TOP, str(given.get("sort") or "value")))


def asked(given: Mapping[str, Any], *, now: dt.datetime) -> Asked:
    """`shown` (in addresses of pages) and `as_shown` (in those of the API) are the same. Raises InvalidInput with the fields that say nothing usable."""
    name = "as_shown" if given.get("as_shown") else "shown"
    as_shown = _shown(given, name, now)
    shown_on = clock.company_today(as_shown) if as_shown else None
    return Asked(
        _period(given, shown_on or clock.company_today(now)),
        Filters(_department(given), _word(given, "product_line"), _word(given, "region")),
        shown_on,
        as_shown,
        str(given.get(name) or "") if as_shown else "",
    )


def _shown(given: Mapping[str, Any], name: str, now: dt.datetime) -> dt.datetime | None:
    """A moment that has come, or the last one of a day that has begun."""
    text = str(given.get(name) or "")
    if "T" in text:
        found = _moment(text, name)
        if found > now:
            raise _invalid(name, _("This moment has not come yet."))
        return found
    day = _day(given, name)
    if day and day > clock.company_today(now):
        raise _invalid(name, _("The day has not come yet."))
    return dt.datetime.combine(day + periods.DAY, dt.time(), clock.company_zone()) - dt.timedelta(microseconds=1) if day else None


def _moment(text: str, name: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=clock.company_zone())
        if not EARLIEST <= clock.company_today(found) <= LATEST:
            raise ValueError(text)
    except (ValueError, OverflowError) as error:
        raise _invalid(name, _("Write a day as 2026-11-23.")) from error
    return found


def _period(given: Mapping[str, Any], today: dt.date) -> Period:
    kind = given.get("period") or "month"
    if kind not in KINDS:
        raise _invalid("period", _("Choose month, quarter, year, the last twelve months, or days of your own."))
    try:
        return periods.period(cast(PeriodKind, kind), today=today, start=_day(given, "start"), end=_day(given, "end"))
    except (ValueError, OverflowError) as error:
        raise _invalid("start", _("Give a first and a last day, in this order.")) from error


def _day(given: Mapping[str, Any], name: str) -> dt.date | None:
    text = str(given.get(name) or "")
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise _invalid(name, _("Write a day as 2026-11-23.")) from error
    if not EARLIEST <= day <= LATEST:
        raise _invalid(name, _("Write a day as 2026-11-23."))
    return day


def _department(given: Mapping[str, Any]) -> uuid.UUID | None:
    text = str(given.get("department") or "")
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise _invalid("department", _("There is no such department.")) from error


def _word(given: Mapping[str, Any], name: str) -> str:
    text = str(given.get(name) or "").strip()
    if len(text) > LONGEST_WORD:
        raise _invalid(name, _("This is too long."))
    return text


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, details={"fields": {field: [message]}})
