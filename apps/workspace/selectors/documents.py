"""Payments, purchase orders, production orders and service requests: one list and one page for all of them, each under its own rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from apps.core.access import Projected, plan
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.paging import ListPage

Form = Literal["text", "code", "money", "quantity", "day", "moment", "state", "word"]


@dataclass(frozen=True)
class Field:
    """A field of a record on the screen. `listed`: a column of the list too."""

    name: str
    label: Any
    form: Form = "text"
    listed: bool = True


@dataclass(frozen=True)
class Kind:
    """`read` and `find` are selectors of records; `naming`: which fields name one; `system`: whose it is; `words`: of the page's head, its search and its
    empty list."""

    kind: str
    url: str
    system: str
    icon: str
    naming: tuple[str, ...]
    read: Callable[..., Any]
    find: Callable[..., Any]
    title: Any
    one: Any
    sub: Any
    search: Any
    empty: Any
    fields: tuple[Field, ...]

    @property
    def listed(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.listed)


@dataclass(frozen=True)
class Shown:
    """A record with its fields in order: (field, value)."""

    record: Projected
    number: str
    url: str
    values: list[tuple[Field, Any]]


KINDS: dict[str, Kind] = {
    one.kind: one
    for one in (
        Kind("payment", "/payments/", "erp", "cash", ("key",), records.payments, records.payment, _("Payments"), _("Payment %(number)s"),
             _("What customers paid, the latest first."), _("Find a payment"), _("A payment appears here as soon as the ERP has booked it."), (
                 Field("customer_name", _("Customer")), Field("invoice_key", _("Invoice"), "code"), Field("paid_on", _("Paid on"), "day"),
                 Field("amount", _("Amount"), "money"), Field("region", _("Region"), listed=False),
             )),
        Kind("purchase_order", "/purchase-orders/", "erp", "shopping-bag", ("key",), records.purchase_orders, records.purchase_order, _("Purchase orders"),
             _("Purchase order %(number)s"), _("Orders to suppliers, the latest first."), _("Find a purchase order"),
             _("A purchase order appears here as soon as the ERP has it."), (
                 Field("state", _("State"), "state"), Field("supplier_name", _("Supplier")), Field("planned_on", _("Planned arrival"), "day"),
                 Field("received_on", _("Arrived"), "day"), Field("amount", _("Amount"), "money"), Field("ordered_on", _("Ordered"), "day", listed=False),
             )),
        Kind("production", "/production/", "erp", "tool", ("key",), records.productions, records.production, _("Production"),
             _("Production order %(number)s"), _("Production orders, the latest first."), _("Find a production order"),
             _("A production order appears here as soon as the ERP has it."), (
                 Field("state", _("State"), "state"), Field("sku", _("Product"), "code"), Field("name", _("Name")),
                 Field("quantity", _("Quantity"), "quantity"),
                 Field("planned_on", _("Planned finish"), "day"), Field("done_on", _("Produced on"), "day"),
                 Field("started_on", _("Begun on"), "day", listed=False), Field("product_line", _("Product line"), listed=False),
             )),
        Kind("case", "/service-requests/", "crm", "lifebuoy", ("name", "key"), records.cases, records.case, _("Service requests"),
             _("Service request: %(number)s"), _("What customers asked for, the latest first."), _("Find a service request"),
             _("A service request appears here as soon as the CRM has it."), (
                 Field("state", _("State"), "state"), Field("customer_name", _("Customer")), Field("priority", _("Priority"), "word"),
                 Field("created_at", _("Asked"), "moment"), Field("responded_at", _("First answer"), "moment"),
                 Field("closed_on", _("Solved on"), "day", listed=False),
                 Field("case_type", _("Kind of request"), "word", listed=False), Field("region", _("Region"), listed=False),
             )),
    )
}  # fmt: skip


def listed(person: Any, kind: Kind, *, q: str, number: int) -> ListPage:
    """A page of them, each with its columns."""
    page = parts.list_page(kind.read(person, q=q, page=number))
    return replace(page, object_list=[shown(kind, record, kind.listed) for record in page.object_list])


def shown(kind: Kind, record: Projected, fields: tuple[Field, ...]) -> Shown:
    values = [(field, record[field.name]) for field in fields if field.name in record]
    return Shown(record, name_of(kind, record), f"{kind.url}{parts.quoted(record['id'])}/", values)


def name_of(kind: Kind, record: Projected) -> str:
    """By the first field that this person may read; else by the source's id."""
    named = (record.get(name) for name in kind.naming)
    return next((str(value) for value in named if value and not parts.masked(value)), str(record["id"]))


def sheet(person: Any, kind: Kind, ident: str) -> dict[str, Any]:
    """Everything of the page of one. Raises NotFound."""
    record = parts.one(kind.find(person, ident))
    found = shown(kind, record, kind.fields)
    return {"kind": kind, "shown": found, "record": record, "heading": str(kind.one) % {"number": found.number},
            "customer_url": customer_url(person, record)}  # fmt: skip


def customer_url(person: Any, record: Projected) -> str:
    """The page of its customer, for who may see that."""
    key, ident = record.get("customer_key"), record.get("customer_id")
    if parts.masked(key) or parts.masked(ident) or not (key or ident):
        return ""
    customer = records.raw("customer", external_id=str(ident)) if ident else records.raw("customer", key=str(key))
    if customer is None or not plan(person, "view", "crm.customer").matches(customer.owner_id):
        return ""
    return f"/customers/{parts.quoted(customer.data['external_id'])}/"
