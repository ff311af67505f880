"""Our neutral records. Mappings of connectors make them; validation, quarantine and read models work on them.

Money is Decimal with an ISO currency. Moments are aware datetimes. `external_id` is the id in the source system; `key` is the business key
both systems share (customer code, SKU, order number). A field the source lacks is None or empty, never invented.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _web_address(text: str) -> str:
    """What a page may link to; another scheme (javascript:, file:) is no address of a record."""
    return text if text.startswith(("https://", "http://")) else ""


Money = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]


class Canonical(BaseModel):
    """Common part. `version`: what the source calls its state of the record (update stamp, etag): compared for equality only.
    `origin`: the portal's key when the change was our own write (echo), else empty. `url`: deep link in the source, if it has screens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    external_id: str
    key: str = ""
    version: str = ""
    origin: str = ""
    url: Annotated[str, AfterValidator(_web_address)] = ""
    updated_at: dt.datetime | None = None


class Contact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    email: str = ""
    phone: str = ""
    title: str = ""


class Customer(Canonical):
    """CRM account. `key` = shared customer code (ERP party code). `owner_email`: the sales person's e-mail in the CRM."""

    kind: Literal["customer"] = "customer"
    name: str
    industry: str = ""
    city: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    contacts: tuple[Contact, ...] = ()
    owner_email: str = ""
    note: str = ""
    region: str = ""
    created_at: dt.datetime | None = None


class Line(BaseModel):
    """`sku` None: the source has no product on the line. `unit_price` is net of discounts; `amount` = what the source says the line costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    external_id: str = ""
    sku: str | None
    name: str = ""
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    product_line: str = ""


class Deal(Canonical):
    """CRM opportunity. `stage_kind` decides (open | won | lost), `stage` is the label. `custom`: the contract fields the portal writes back."""

    kind: Literal["deal"] = "deal"
    name: str
    customer_id: str | None = None
    customer_key: str = ""
    customer_name: str = ""
    stage: str = ""
    stage_kind: Literal["open", "won", "lost"] = "open"
    stage_changed_at: dt.datetime | None = None
    amount: Decimal | None = None
    currency: str = ""
    lines: tuple[Line, ...] = ()
    owner_email: str = ""
    closed_on: dt.date | None = None
    probability: int | None = None
    organisation: str = ""
    custom: dict[str, Any] = Field(default_factory=dict)
    region: str = ""
    product_line: str = ""
    created_at: dt.datetime | None = None


class FollowUp(Canonical):
    """CRM interaction: a call, visit, mail or note."""

    kind: Literal["follow_up"] = "follow_up"
    customer_id: str | None = None
    deal_id: str | None = None
    channel: str = ""
    subject: str = ""
    body: str = ""
    occurred_at: dt.datetime
    author_email: str = ""


class Case(Canonical):
    """CRM service request. state: new | assigned | pending | closed | rejected | duplicate. responded_at: the first answer to the customer."""

    kind: Literal["case"] = "case"
    name: str
    customer_id: str | None = None
    customer_key: str = ""
    customer_name: str = ""
    region: str = ""
    state: str
    priority: str = ""
    case_type: str = ""
    owner_email: str = ""
    created_at: dt.datetime
    responded_at: dt.datetime | None = None
    closed_on: dt.date | None = None


class Product(Canonical):
    """ERP product. `key` = SKU. `stocked` False: a service."""

    kind: Literal["product"] = "product"
    name: str
    list_price: Decimal | None = None
    currency: str = ""
    unit: str = ""
    stocked: bool = True
    product_line: str = ""


class Stock(Canonical):
    """`key` = SKU. on_hand: now. available: on hand less what is promised. order_point: reorder below it (None: no rule)."""

    kind: Literal["stock"] = "stock"
    name: str = ""
    on_hand: Decimal
    available: Decimal
    order_point: Decimal | None = None
    unit: str = ""


class Order(Canonical):
    """ERP sales order. `key` = order number. `reference`: the deal's id that the portal gave.
    state: draft | confirmed | processing | done | cancelled."""

    kind: Literal["order"] = "order"
    customer_key: str
    customer_name: str = ""
    state: str
    amount: Decimal
    currency: str
    payment_term: str = ""
    reference: str = ""
    comment: str = ""
    lines: tuple[Line, ...] = ()
    ordered_on: dt.date | None = None
    invoice_ids: tuple[str, ...] = ()
    shipment_ids: tuple[str, ...] = ()
    region: str = ""
    created_at: dt.datetime | None = None
    planned_on: dt.date | None = None


class ShipmentLine(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    sku: str
    quantity: Decimal
    product_line: str = ""


class Shipment(Canonical):
    """ERP delivery note. `key` = its number. planned_on against effective_on (the day it left the house) says whether it was late.
    state: waiting | assigned | picked | packed | shipped | done | cancelled (shipped and done both left the house)."""

    kind: Literal["shipment"] = "shipment"
    order_ids: tuple[str, ...] = ()
    order_keys: tuple[str, ...] = ()
    customer_key: str = ""
    customer_name: str = ""
    state: str
    planned_on: dt.date | None = None
    shipped_at: dt.datetime | None = None
    tracking: str = ""
    lines: tuple[ShipmentLine, ...] = ()
    region: str = ""
    created_at: dt.datetime | None = None
    effective_on: dt.date | None = None


class Receivable(Canonical):
    """What a customer owes. `key` and external_id = customer code. `overdue`: the part past its due date. `limit`: credit limit, None: none kept."""

    kind: Literal["receivable"] = "receivable"
    customer_name: str = ""
    balance: Decimal
    overdue: Decimal = Decimal(0)
    currency: str
    limit: Decimal | None = None
    open_invoices: int = 0
    region: str = ""


class Invoice(Canonical):
    """ERP customer invoice. `key` = number ("" while draft). state: draft | posted | paid | cancelled. paid_on: the last payment, once all is paid."""

    kind: Literal["invoice"] = "invoice"
    customer_key: str
    order_ids: tuple[str, ...] = ()
    state: str
    amount: Decimal
    amount_due: Decimal = Decimal(0)
    currency: str
    invoiced_on: dt.date | None = None
    due_on: dt.date | None = None
    region: str = ""
    created_at: dt.datetime | None = None
    amount_paid: Decimal = Decimal(0)
    paid_on: dt.date | None = None


class Payment(Canonical):
    """What a customer paid of one invoice; negative: given back. `key` = the number of the booking."""

    kind: Literal["payment"] = "payment"
    customer_key: str
    customer_name: str = ""
    region: str = ""
    invoice_id: str
    invoice_key: str = ""
    amount: Decimal
    currency: str
    paid_on: dt.date


class PurchaseRequest(Canonical):
    """ERP purchase request. `reference` names the sales order it is for."""

    kind: Literal["purchase_request"] = "purchase_request"
    sku: str
    quantity: Decimal
    state: str
    reference: str = ""
    needed_on: dt.date | None = None


class PurchaseOrder(Canonical):
    """ERP order to a supplier. `key` = number. state: draft | confirmed | processing | done | cancelled. planned_on: all of it was to be there;
    received_on: the last of it came."""

    kind: Literal["purchase_order"] = "purchase_order"
    supplier_key: str
    supplier_name: str = ""
    state: str
    amount: Decimal
    currency: str
    lines: tuple[Line, ...] = ()
    ordered_on: dt.date | None = None
    planned_on: dt.date | None = None
    received_on: dt.date | None = None
    created_at: dt.datetime | None = None


class Production(Canonical):
    """ERP production order. `key` = number. state: draft | waiting | assigned | running | done | cancelled."""

    kind: Literal["production"] = "production"
    sku: str
    name: str = ""
    product_line: str = ""
    quantity: Decimal
    state: str
    planned_on: dt.date | None = None
    started_on: dt.date | None = None
    done_on: dt.date | None = None
    created_at: dt.datetime | None = None


KINDS: dict[str, type[Canonical]] = {
    model.model_fields["kind"].default: model
    for model in (
        Customer, Deal, FollowUp, Case, Product, Stock, Order, Shipment, Receivable, Invoice, Payment, PurchaseRequest, PurchaseOrder, Production,
    )
}
