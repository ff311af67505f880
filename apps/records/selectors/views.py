"""Lists and single records by kind, for the viewing person."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q

from apps.core.access import Projected
from apps.records.selectors.rows import SIZE, Listing, listing, one

LATEST = (F("occurred_at").desc(nulls_last=True), "pk")


def _where(**columns: str) -> Q:
    """Equal where a value is given."""
    return Q(**{name: value for name, value in columns.items() if value})


def customers(person: Any, *, q: str = "", page: int = 1, size: int = SIZE) -> Listing:
    """By name."""
    return listing(person, "customer", q=q, page=page, size=size, order=("name", "pk"))


def customer(person: Any, ident: str) -> Projected | None:
    """By the CRM's id or the shared customer code."""
    return one(person, "customer", ident)


def deals(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", customer_id: str = "", mine: bool = False) -> Listing:
    """Newest stage first. `state`: open | won | lost. `mine`: the person's own."""
    extra = _where(state=state, customer_id=customer_id)
    if mine:
        extra &= Q(owner_id=person.pk)
    return listing(person, "deal", q=q, page=page, size=size, order=LATEST, extra=extra)  # type: ignore[arg-type]


def deal(person: Any, ident: str) -> Projected | None:
    """By the CRM's id."""
    return one(person, "deal", ident)


def follow_ups(person: Any, *, customer_id: str = "", deal_id: str = "", page: int = 1, size: int = SIZE) -> Listing:
    """Newest first, of a customer or of a deal."""
    extra = _where(customer_id=customer_id)
    if deal_id:
        extra &= Q(links__kind="deal", links__target=deal_id)
    return listing(person, "follow_up", page=page, size=size, order=LATEST, extra=extra)  # type: ignore[arg-type]


def orders(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", customer_key: str = "", reference: str = "",
           mine: bool = False) -> Listing:
    """Newest first. `reference`: the deal's id. `mine`: orders of the person's own customers. An empty customer_key means all."""
    extra = _where(state=state, customer_key=customer_key, reference=reference)
    if mine:
        extra &= Q(owner_id=person.pk)
    return listing(person, "order", q=q, page=page, size=size, order=LATEST, extra=extra)  # type: ignore[arg-type]


def order(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or the order number."""
    return one(person, "order", ident)


def shipments(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", order_id: str = "", customer_key: str = "") -> Listing:
    """Those still in the house first, by planned day. `state`: one state, or "open" for all that have not left."""
    extra = _where(customer_key=customer_key)
    if state == "open":
        extra &= ~Q(state__in=("shipped", "done", "cancelled"))
    elif state:
        extra &= Q(state=state)
    if order_id:
        extra &= Q(links__kind="order", links__target=order_id)
    return listing(person, "shipment", q=q, page=page, size=size, order=("rank", *LATEST), extra=extra)  # type: ignore[arg-type]


def shipment(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or its number."""
    return one(person, "shipment", ident)


def stock(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, below: bool = False) -> Listing:
    """Products below their order point first. `below`: only those."""
    return listing(person, "stock", q=q, page=page, size=size, order=("rank", "key", "pk"), extra=Q(rank=0) if below else None)


def stock_of(person: Any, sku: str) -> Projected | None:
    """Stock of one product by SKU."""
    return one(person, "stock", sku)


def products(person: Any, *, q: str = "", page: int = 1, size: int = SIZE) -> Listing:
    """By SKU."""
    return listing(person, "product", q=q, page=page, size=size, order=("key", "pk"))


def product(person: Any, ident: str) -> Projected | None:
    """By SKU or the ERP's id."""
    return one(person, "product", ident)


def receivable(person: Any, customer_key: str) -> Projected | None:
    """What a customer owes; None: the ERP holds no account of this customer."""
    return one(person, "receivable", customer_key)


def receivables(person: Any, *, q: str = "", page: int = 1, size: int = SIZE) -> Listing:
    """Largest first."""
    return listing(person, "receivable", q=q, page=page, size=size, order=("-amount", "pk"))


def invoices(person: Any, *, order_id: str = "", customer_key: str = "", page: int = 1, size: int = SIZE) -> Listing:
    """Newest first, of an order or a customer."""
    extra = _where(customer_key=customer_key)
    if order_id:
        extra &= Q(links__kind="order", links__target=order_id)
    return listing(person, "invoice", page=page, size=size, order=LATEST, extra=extra)  # type: ignore[arg-type]


def purchase_requests(person: Any, *, reference: str = "", page: int = 1, size: int = SIZE) -> Listing:
    """Of one order (`reference`: what the request names), or all."""
    return listing(person, "purchase_request", page=page, size=size, order=LATEST, extra=_where(reference=reference))  # type: ignore[arg-type]
