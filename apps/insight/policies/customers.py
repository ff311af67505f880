"""Customers joined with how the company works with them: the documented fields, and a sample profile (recency, frequency, worth, interaction). Pure."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.access import Masked
from apps.insight.policies.facts import ANSWERED_FOR, OUT_OF_ORDERS, day_of

# The fields of a row, in order, with what each means. Contacts, telephone numbers and mail addresses are not among them: a profile needs none.
FIELDS: dict[str, Any] = {
    "customer_key": _("The customer’s code, shared by CRM and ERP."),
    "name": _("The customer’s name. CRM."),
    "industry": _("Industry. CRM."),
    "city": _("City. CRM."),
    "region": _("Region. CRM."),
    "consent_basis": _("How the customer agreed."),
    "consent_on": _("The day the consent was recorded."),
    "first_order_on": _("The day of the first order. ERP."),
    "last_order_on": _("The day of the latest order. ERP."),
    "orders": _("Orders of the last 365 days, without drafts and cancelled ones. ERP."),
    "order_value": _("What these orders are worth, in the company’s currency; orders in another currency are left out. ERP."),
    "open_deals": _("Deals that are open. CRM."),
    "won_deals": _("Deals won. CRM."),
    "follow_ups": _("Calls, visits, mails and notes of the last 365 days. CRM."),
    "last_contact_on": _("The day of the latest of them. CRM."),
    "service_cases": _("Service requests of the last 365 days. CRM."),
    "open_service_cases": _("Service requests that are not closed. CRM."),
    "visits": _("Visits applied for, without cancelled ones. OA."),
    "cases": _("Cases of the sales loop that you may see. OA."),
    "recency": _("1 to 5: 5 is the fifth that ordered last."),
    "frequency": _("1 to 5: 5 is the fifth with the most orders."),
    "worth": _("1 to 5: 5 is the fifth with the largest order value."),
    "interaction": _("1 to 5: 5 is the fifth with the most follow-ups, visits and service requests."),
    "segment": _("champion, loyal, new, at_risk, asleep or other: by the four scores."),
    "masked": _("Fields that are masked for whoever took the data; they are empty."),
}
SEGMENTS: dict[str, Any] = {
    "champion": _("Champions"), "loyal": _("Loyal"), "new": _("New"), "at_risk": _("At risk"), "asleep": _("Asleep"), "other": _("In between"),
}  # fmt: skip
YEAR = dt.timedelta(days=365)
FIFTHS = 5


def joined(customer: Mapping[str, Any], consent: Any, records: Mapping[str, Sequence[Mapping[str, Any]]], *, visits: int, cases: int, today: dt.date,
           currency: str) -> dict[str, Any]:
    """One row without its scores. Everything comes projected: a sum over something masked is empty, and named in `masked`."""
    hidden: set[str] = set()
    since = today - YEAR
    orders = [one for one in records.get("order", ()) if one.get("state") not in OUT_OF_ORDERS]
    dated = [(day, one) for one in orders if (day := _day(one, "ordered_on", hidden, "orders"))]
    recent = [one for day, one in dated if day >= since]
    contacts = [day for one in records.get("follow_up", ()) if (day := _day(one, "occurred_at", hidden, "follow_ups"))]
    services = [(day, one) for one in records.get("case", ()) if (day := _day(one, "created_at", hidden, "service_cases"))]
    deals = [str(one.get("stage_kind")) for one in records.get("deal", ())]
    row = {
        "customer_key": customer.get("key"), **{name: customer.get(name) for name in ("name", "industry", "city", "region")},
        "consent_basis": consent.basis, "consent_on": consent.recorded_at.date().isoformat(),
        "first_order_on": min((day for day, _one in dated), default=None), "last_order_on": max((day for day, _one in dated), default=None),
        "orders": len(recent), "order_value": _worth(recent, currency, hidden), "open_deals": deals.count("open"), "won_deals": deals.count("won"),
        "follow_ups": sum(1 for day in contacts if day >= since), "last_contact_on": max(contacts, default=None),
        "service_cases": sum(1 for day, _one in services if day >= since),
        "open_service_cases": sum(1 for _day_, one in services if one.get("state") not in ANSWERED_FOR), "visits": visits, "cases": cases,
    }  # fmt: skip
    hidden |= {name for name, value in row.items() if isinstance(value, Masked)}
    return {**{name: None if name in hidden else _plain(value) for name, value in row.items()}, "masked": " ".join(sorted(hidden))}


def _day(record: Mapping[str, Any], field: str, hidden: set[str], column: str) -> dt.date | None:
    value = record.get(field)
    if isinstance(value, Masked):
        hidden.add(column)
        return None
    return day_of(value.isoformat() if isinstance(value, dt.date) else value)


def _worth(orders: Iterable[Mapping[str, Any]], currency: str, hidden: set[str]) -> Decimal | None:
    total = Decimal(0)
    for one in orders:
        amount = one.get("amount")
        if isinstance(amount, Masked) or isinstance(one.get("currency"), Masked):
            hidden.add("order_value")
            return None
        if one.get("currency") in (currency, "", None):
            total += Decimal(str(amount or 0))
    return total


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def scored(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their scores by fifths of all of them, and their segments. What is masked gets no score, and its row no segment of its own."""
    measures = {
        "recency": [row["last_order_on"] for row in rows], "frequency": [row["orders"] for row in rows], "worth": [row["order_value"] for row in rows],
        "interaction": [_touches(row) for row in rows],
    }  # fmt: skip
    scores = {name: fifths(values) for name, values in measures.items()}
    found = []
    for index, row in enumerate(rows):
        own = {name: values[index] for name, values in scores.items()}
        masked = row["masked"]
        found.append({**{name: value for name, value in row.items() if name != "masked"}, **own, "segment": segment(own), "masked": masked})
    return found


def _touches(row: Mapping[str, Any]) -> int | None:
    parts = [row["follow_ups"], row["visits"], row["service_cases"]]
    return None if any(part is None for part in parts) else sum(parts)


def fifths(values: Sequence[Any]) -> list[int | None]:
    """1 to 5 by rank; equal values score alike, in the middle of their ranks, so that nobody is last where all are alike. None where nothing is known."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return [None] * len(values)
    size = len(known)
    ranks = {value: bisect_left(known, value) + bisect_right(known, value) for value in known}  # twice the middle rank
    return [None if value is None else 1 + min(FIFTHS - 1, FIFTHS * ranks[value] // (2 * size)) for value in values]


def segment(scores: Mapping[str, int | None]) -> str:
    """The first that fits."""
    recency, frequency, worth = scores["recency"], scores["frequency"], scores["worth"]
    if recency is None or frequency is None:
        return "other"
    if recency >= 4 and frequency >= 4 and (worth or 0) >= 4:
        return "champion"
    if frequency >= 4 and recency >= 3:
        return "loyal"
    if recency >= 4 and frequency <= 2:
        return "new"
    if recency <= 2 and frequency >= 3:
        return "at_risk"
    return "asleep" if recency <= 2 else "other"


@dataclass(frozen=True)
class Group:
    """Customers of one segment; `rows` None: too few to be shown (or one more that would tell of them)."""

    key: str
    title: str
    rows: int | None
    orders: Decimal | None = None
    worth: Decimal | None = None
    interaction: Decimal | None = None

    @property
    def hidden(self) -> bool:
        return self.rows is None


def profile(rows: Sequence[Mapping[str, Any]], *, least: int) -> list[Group]:
    """By segment, in their fixed order; groups smaller than `least` are hidden, and where one alone is, the smallest other with it."""
    by_segment = {key: [row for row in rows if row["segment"] == key] for key in SEGMENTS}
    sizes = {key: len(members) for key, members in by_segment.items() if members}
    small = {key for key, size in sizes.items() if size < least}
    if len(small) == 1 and len(sizes) > 1:
        small.add(min((key for key in sizes if key not in small), key=lambda key: sizes[key]))
    return [
        Group(key, str(title), None) if key in small else
        Group(key, str(title), len(members), _mean(members, "orders"), _mean(members, "order_value"), _mean(members, "interaction"))
        for key, title in SEGMENTS.items() if (members := by_segment[key])
    ]  # fmt: skip


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> Decimal | None:
    known = [Decimal(row[name]) for row in rows if row[name] is not None]
    return (sum(known, Decimal(0)) / len(known)).quantize(Decimal("0.1")) if known else None
