"""Pure rules of the read model: which resource a kind is, what is private, what the columns of a record are."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from apps.core import clock
from apps.integrations.registry import FallsBelow, Message
from apps.integrations.sdk import canonical
from apps.records.events import RESOURCES  # noqa: F401 - part of these rules

ACTIONS = {
    "customer": {"view", "edit"}, "deal": {"view", "edit", "win"}, "follow_up": {"view", "create"}, "shipment": {"view", "advance"},
    "receivable": {"view", "edit", "remind"}, "purchase_request": {"view", "create"}, "invoice": {"view", "edit"},
    "case": {"view"}, "payment": {"view"}, "purchase_order": {"view"}, "production": {"view"},
}  # fmt: skip
PRIVATE = {("customer", "phone"), ("customer", "email"), ("customer", "contacts")}
CONFIDENTIAL = {"amount", "balance", "overdue", "limit", "amount_due", "amount_paid", "list_price", "unit_price", "lines", "custom"}
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
# Kinds whose owner is the seller of their customer.
OF_CUSTOMER = ("order", "shipment", "receivable", "invoice", "payment")
EDITABLE = ("name", "industry", "city", "phone", "email", "website", "note")
LONGEST = 2000
SEARCHED_FIELDS = ("external_id", "key", "name", "customer_name", "customer_key", "city", "industry", "reference", "tracking", "subject", "sku",
                   "supplier_name", "invoice_key")  # fmt: skip
# kinds that the search of everything looks through
SEARCHED = ("customer", "deal", "order", "shipment", "stock", "payment", "purchase_order", "production", "case")
Json = Mapping[str, Any]


def fields_of(kind: str) -> dict[str, str]:
    """Field -> class, for the rights matrix: the canonical fields, and whose record it is."""
    names = [name for name in canonical.KINDS[kind].model_fields if name != "kind"]
    found = {name: _class(kind, name) for name in names}
    return {**found, "owner": "internal"}


def _class(kind: str, name: str) -> str:
    if (kind, name) in PRIVATE:
        return "private"
    return "confidential" if name in CONFIDENTIAL else "internal"


def typed(kind: str, record: Json) -> dict[str, Any]:
    """Canonical JSON with real numbers, days and moments."""
    return canonical.KINDS[kind].model_validate(record).model_dump()


def columns(kind: str, record: Json) -> dict[str, Any]:
    """What lists filter and sort by. `links` aside."""
    amount = record.get("amount", record.get("balance"))
    return {
        "key": str(record.get("key") or "")[:120],
        "name": str(record.get("name") or record.get("subject") or record.get("customer_name") or record.get("sku") or "")[:200],
        "owner_email": str(record.get("owner_email") or record.get("author_email") or "")[:254],
        "customer_key": str(customer_key(kind, record))[:120],
        "customer_id": str(record.get("customer_id") or "")[:120],
        "reference": str(record.get("reference") or "")[:200],
        "state": str(record.get("stage_kind") or record.get("state") or "")[:40],
        "amount": Decimal(str(amount)) if amount is not None else None,
        "currency": str(record.get("currency") or "")[:3],
        "occurred_at": happened(kind, record),
        "rank": rank(kind, record),
        "search": search_text(kind, record),
        "version": str(record.get("version") or "")[:120],
    }


def customer_key(kind: str, record: Json) -> Any:
    if kind in {"customer", "receivable"}:
        return record.get("key") or ""
    return record.get("customer_key") or ""


def happened(kind: str, record: Json) -> dt.datetime | None:
    """The moment a list sorts by. A day counts from its beginning in the company's zone."""
    made = ("created_at",) if kind == "case" else ()
    for name in (*made, "occurred_at", "stage_changed_at", "shipped_at", "ordered_on", "invoiced_on", "paid_on", "planned_on", "updated_at"):
        value = record.get(name)
        if not value:
            continue
        if name.endswith("_on"):
            return dt.datetime.combine(dt.date.fromisoformat(str(value)), dt.time(), clock.company_zone())
        return dt.datetime.fromisoformat(str(value))
    return None


def search_text(kind: str, record: Json) -> str:
    """What a search looks in: names and numbers, never a private field."""
    parts = [str(record[name]) for name in SEARCHED_FIELDS if record.get(name)]
    parts += [str(value) for value in record.get("order_keys") or ()]
    return " ".join(parts).lower()[:LONGEST]


def searched_fields(kind: str) -> set[str]:
    """Fields that a search of records of this kind looks in; the source's id is nobody's secret."""
    return ({*SEARCHED_FIELDS, "order_keys"} & set(canonical.KINDS[kind].model_fields)) - {"external_id"}


def rank(kind: str, record: Json) -> int:
    """0 stands first: stock below its order point, a shipment that has not left the house."""
    if kind == "stock":
        point = record.get("order_point")
        return 0 if point is not None and Decimal(str(record["available"])) < Decimal(str(point)) else 1
    if kind == "shipment":
        return 1 if record.get("state") in {"shipped", "done", "cancelled"} else 0
    return 0


MOMENTS = ("created_at", "occurred_at", "stage_changed_at", "shipped_at", "ordered_on", "invoiced_on", "paid_on", "planned_on")
ORDERED_BY = {
    "name": ("name", "subject", "customer_name", "sku"), "key": ("key", "sku"), "amount": ("amount", "balance"), "occurred_at": MOMENTS,
    "rank": ("available", "order_point", "state"),
}  # fmt: skip


def ordered_fields(kind: str, columns_named: Iterable[str]) -> set[str]:
    """Fields of this kind that an order by these columns tells of. `rank` tells of a shipment's state, and of a stock level's numbers."""
    own = set(canonical.KINDS[kind].model_fields)
    return {name for column in columns_named for name in ORDERED_BY.get(column, ()) if name in own}


def is_overdue(record: Json) -> bool:
    """Whether a customer's account has something past its due date."""
    return Decimal(str(record.get("overdue") or 0)) > 0


def links(record: Json) -> set[tuple[str, str]]:
    """(kind, external id) of what a record names."""
    found = {("order", str(value)) for value in record.get("order_ids") or ()}
    if record.get("deal_id"):
        found.add(("deal", str(record["deal_id"])))
    return found


def customer_problems(changes: Mapping[str, str]) -> dict[str, list[str]]:
    """Field -> code of what is wrong: empty | email | long | unknown."""
    found: dict[str, list[str]] = {}
    for name, value in changes.items():
        if name not in EDITABLE:
            found[name] = ["unknown"]
        elif name == "name" and not value.strip():
            found[name] = ["empty"]
        elif name == "email" and value.strip() and not EMAIL.match(value.strip()):
            found[name] = ["email"]
        elif len(value) > LONGEST:
            found[name] = ["long"]
    return found


def state_of(record: Json) -> str:
    return str(record.get("stage_kind") or record.get("state") or "")


def pages(total: int, size: int) -> int:
    return max(1, -(-total // size))


def oldest(moments: Iterable[dt.datetime]) -> dt.datetime | None:
    return min(moments, default=None)


# --- messages that connectors declare -------------------------------------------------------------------------------------------------------


def value_of(record: Json, path: str) -> Any:
    """A field of canonical JSON by its path ("custom.erp_order_no", "order_keys.0"); None where there is none."""
    value: Any = record
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list | tuple) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def number_of(record: Json, path: str) -> Decimal | None:
    value = value_of(record, path)
    try:
        return None if value is None else Decimal(str(value))
    except ArithmeticError:
        return None


def happened_now(message: Message, before: Json, after: Json) -> bool:
    """Between these two readings that happened which the message is about. `before` is empty for a record that was not known."""
    if message.enters:
        values = message.enters.values
        return str(value_of(after, message.enters.field)) in values and str(value_of(before, message.enters.field)) not in values
    if message.falls_below:
        return _below(message.falls_below, after) and not _below(message.falls_below, before)
    if message.rises:
        now, then = number_of(after, message.rises), number_of(before, message.rises)
        return now is not None and now > max(then or Decimal(0), Decimal(0))
    return value_of(after, message.at) != value_of(before, message.at)


def _below(rule: FallsBelow, record: Json) -> bool:
    value, limit = number_of(record, rule.field), number_of(record, rule.limit)
    return value is not None and limit is not None and value < limit


def place_of(kind: str, record: Json) -> str:
    """Where the portal shows what a message about this record means."""
    if kind == "stock":
        return f"/stock/?{urlencode({'q': record.get('key') or ''})}"
    if kind == "receivable":
        return f"/customers/?{urlencode({'q': record.get('key') or ''})}"
    if kind == "invoice":
        return f"/orders/{record['order_ids'][0]}/" if record.get("order_ids") else "/orders/"
    if kind == "case":
        return f"/customers/{record['customer_id']}/" if record.get("customer_id") else ""
    if kind == "follow_up":
        return f"/deals/{record['deal_id']}/" if record.get("deal_id") else f"/customers/{record['customer_id']}/" if record.get("customer_id") else ""
    return ""
