"""The records that a figure counts, as one person may see them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.db.models import Count, Max, Q, Sum

from apps.core import clock, kpis
from apps.core.access import plan
from apps.core.kpis import Kpi, units
from apps.insight.payloads import Filters, Period, Row, RowPage
from apps.insight.policies import periods
from apps.insight.selectors.readings import all_asked, reading
from apps.insight.selectors.then import facts_at
from apps.integrations import selectors as integrations
from apps.records import selectors as records
from apps.workflows import selectors as workflows

LARGEST = 200


def rows(person: Any, key: str, *, period: Period, filters: Filters, after: str = "", now: dt.datetime, size: int = 50,
         as_shown: dt.datetime | None = None) -> RowPage:
    """A page of them, the latest first; `after`: the mark of the page before. Records this person may count but not open have no `record` and no links.
    LookupError for an unknown key; no rows of a figure that is not shown to this person."""
    asked = all_asked(person, [key], filters, as_shown)[0]
    if not asked.reach.allowed:
        return RowPage(key, state="forbidden", why=asked.reach.why, ask=asked.reach.ask)
    shown = reading(person, key, period=period, filters=filters, now=now, as_shown=as_shown)
    if shown.state != "ok":
        return RowPage(key, state=shown.state, why=shown.why, ask=shown.ask)
    first, end = periods.window(period, clock.company_today(as_shown or now))
    kpi = asked.kpi
    facts = facts_at(as_shown).filter(asked.question([kpi.stream], None).q(), day__lt=end, excluded="")
    if kpi.level:
        page = _levels(person, key, facts, after, _size(size))
    else:
        page = flow_rows(person, key, _told_of(kpi, facts.filter(day__gte=first)), after, _size(size))
    return replace(page, rows=tuple(replace(row, value=Decimal(row.n)) for row in page.rows)) if kpi.counts else page


def _told_of(kpi: Kpi, facts: Any) -> Any:
    """Of a figure of what was missed, what was missed; of a count, what adds to it: the second product line of an order does not."""
    if isinstance(kpi, kpis.Missed):
        return facts.filter(hit=False, n__gt=0)
    return facts.filter(n__gt=0) if isinstance(kpi, kpis.Count) else facts


def _size(wanted: int) -> int:
    return max(1, min(wanted, LARGEST))


def flow_rows(person: Any, key: str, facts: Any, after: str, size: int) -> RowPage:
    """A page of these facts, each with the record it speaks of as this person may see it. The caller has judged that the facts may be counted."""
    total = facts.count()
    page = list(_beyond(facts, after).order_by("-day", "-pk")[: size + 1])
    mark = f"{page[size - 1].day}_{page[size - 1].pk}" if len(page) > size else ""
    made = [(fact.subject, fact.part, fact.day, fact.value, fact.n, fact.hit) for fact in page[:size]]
    return RowPage(key, _shown(person, made), total, mark)


def _beyond(facts: Any, after: str) -> Any:
    day, _, pk = after.partition("_")
    try:
        start, number = dt.date.fromisoformat(day), int(pk)
    except ValueError:
        return facts
    return facts.filter(Q(day__lt=start) | Q(day=start, pk__lt=number))


def _levels(person: Any, key: str, facts: Any, after: str, size: int) -> RowPage:
    """Subjects of which something is there: what came in and did not go out."""
    there = facts.order_by().values("subject").annotate(value=Sum("value"), count=Sum("n"), day=Max("day"), last=Max("part"), facts=Count("pk"))
    there = there.exclude(value=0)
    total = there.count()
    begin = int(after) if after.isdigit() else 0
    page = list(there.order_by("-value", "subject")[begin : begin + size + 1])
    made = [(one["subject"], one["last"], one["day"], one["value"], one["count"], False) for one in page[:size]]
    return RowPage(key, _shown(person, made), total, str(begin + size) if len(page) > size else "")


Found = tuple[str, str, dt.date, int, int, bool]


def _shown(person: Any, found: Sequence[Found]) -> tuple[Row, ...]:
    names = [_name(subject) for subject, *_rest in found]
    seen = records.projected(person, [name for name in names if name[1] not in {"case", "first_order"} or name[0] != "oa"])
    cases = workflows.visible_cases(person, [uuid.UUID(name[2]) for name in names if name[:2] == ("oa", "case")])
    messages = _messages(person, names)
    return tuple(_row(one, name, seen, cases, messages) for one, name in zip(found, names, strict=True))


def _name(subject: str) -> tuple[str, str, str]:
    connection, _, rest = subject.partition(":")
    kind, _, ident = rest.partition(":")
    return connection, kind.removesuffix("_lag"), ident


def _messages(person: Any, names: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], Any]:
    """Hints are for those who may look at connections."""
    if not plan(person, "view", "integrations.connection").allowed:
        return {}
    return integrations.latest_messages((connection, ident) for connection, _kind, ident in names if connection != "oa")


def _row(found: Found, name: tuple[str, str, str], seen: Any, cases: Any, messages: Any) -> Row:
    _subject, _part, day, value, n, hit = found
    connection, kind, ident = name
    if connection == "oa":
        title, number, business_key = cases.get(uuid.UUID(ident), ("", "", ""))
        return Row(day, units(value), n, hit, "case", title or number, None, url=f"/loop/{quote(business_key, safe=':')}/" if business_key else "")
    record = seen.get(name)
    if record is None:
        return Row(day, units(value), n, hit, kind, "", None)
    message = messages.get((connection, ident))
    return Row(
        day, units(value), n, hit, kind, record.get("name") or record.get("key") or ident, record,
        url=records.PAGES[kind].format(quote(ident, safe="")) if kind in records.PAGES else "", source_url=str(record.get("url") or ""),
        message_url=f"/api/v1/connections/{connection}/messages/{message.pk}" if message else "",
    )  # fmt: skip


