"""One search over customers, deals, orders, shipments, products and people, each with this person's rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.core.access import Projected, plan
from apps.core.templatetags.atrium import money
from apps.directory import selectors as directory
from apps.records import selectors as records
from apps.workspace.selectors import parts

HITS = 8


@dataclass(frozen=True)
class Hit:
    title: str
    url: str
    meta: str = ""
    kind: str = ""
    state: str = ""


@dataclass(frozen=True)
class Hits:
    label: str
    system: str
    hits: list[Hit]


def search(person: Any, q: str) -> list[Hits]:
    """Groups with at least one hit. Masked fields neither match nor show."""
    groups = [
        Hits(_("Customers"), "crm", _records(person, "crm.customer", records.customers, q, _customer)),
        Hits(_("Deals"), "crm", _records(person, "crm.deal", records.deals, q, _deal)),
        Hits(_("Orders"), "erp", _records(person, "erp.order", records.orders, q, _order)),
        Hits(_("Shipments"), "erp", _records(person, "erp.shipment", records.shipments, q, _shipment)),
        Hits(_("Stock"), "erp", _records(person, "erp.stock", records.stock, q, _stock)),
        Hits(_("People"), "oa", _people(q)),
    ]
    return [group for group in groups if group.hits]


def _records(person: Any, resource: str, read: Callable[..., Any], q: str, show: Callable[[Projected], Hit]) -> list[Hit]:
    if not plan(person, "view", resource).allowed:
        return []
    return [show(row) for row in read(person, q=q, page=1, size=HITS).rows]


def _customer(row: Projected) -> Hit:
    return Hit(str(row.get("name", "")), f"/customers/{parts.quoted(row['id'])}/", f"{row.get('key', '')} {row.get('city', '')}".strip())


def _deal(row: Projected) -> Hit:
    meta = f"{row.get('customer_name', '')} · {money(row.get('amount'), str(row.get('currency', '')))}"
    return Hit(str(row.get("name", "")), f"/deals/{parts.quoted(row['id'])}/", meta, "deal", str(row.get("stage_kind", "")))


def _order(row: Projected) -> Hit:
    meta = f"{row.get('customer_name', '')} · {money(row.get('amount'), str(row.get('currency', '')))}"
    title = str(row.get("key") or row["id"])
    return Hit(title, f"/orders/{parts.quoted(row['id'])}/", meta, "order", str(row.get("state", "")))


def _shipment(row: Projected) -> Hit:
    title = str(row.get("key") or row["id"])
    meta = str(row.get("customer_name", ""))
    return Hit(title, f"/shipments/{parts.quoted(row['id'])}/", meta, "shipment", str(row.get("state", "")))


def _stock(row: Projected) -> Hit:
    return Hit(f"{row.get('key', '')} {row.get('name', '')}", f"/stock/?q={parts.quoted(row.get('key', ''))}")


def _people(q: str) -> list[Hit]:
    """Colleagues by name or login; what everybody in the company may know of them."""
    language, wanted = get_language() or "en", q.casefold()
    found = []
    for person in directory.active_people():
        if wanted in f"{person.name} {person.name_zh} {person.login}".casefold():
            unit = person.org_unit.display(language) if person.org_unit else ""
            meta = " · ".join(text for text in (person.display_title(language), unit) if text)
            found.append(Hit(person.display(language), "", meta))
    return found[:HITS]
