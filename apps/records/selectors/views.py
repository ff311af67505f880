"""Lists and single records by kind, for the viewing person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, F, OuterRef, Q, Subquery, When

from apps.core.access import Projected, plan
from apps.records import policies
from apps.records.models import Record
from apps.records.selectors.rows import LARGEST, SIZE, Listing, listing, one, present, raw_of

LATEST = (F("occurred_at").desc(nulls_last=True), "pk")
SOONEST = Case(When(rank=0, then=F("occurred_at"))).asc(nulls_last=True)


NOTHING = Q(pk=None)
LEFT = ("shipped", "done")
OVERDUE = Q(data__overdue__regex=r"^[0-9.]*[1-9]")  # more than nothing, as the canonical record writes a number


def _where(state: str = "", **related: str | None) -> Q:
    """`state` "" is any. A related id that is None is any; one that is empty matches nothing: what has no customer has no customer's orders."""
    found = Q(state=state) if state else Q()
    for name, value in related.items():
        if value is not None:
            found &= Q(**{name: value}) if value else NOTHING
    return found


def _named(**related: str | None) -> list[str]:
    """Fields that are asked for."""
    return [name for name, value in related.items() if value]


def _linked(kind: str, target: str | None) -> Q:
    """Records that name this one."""
    if target is None:
        return Q()
    return Q(links__kind=kind, links__target=target) if target else NOTHING


def some(person: Any, wanted: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], Projected]:
    """Those of these records (kind -> the source's ids) that this person may see now, by kind and id. One query for all kinds."""
    plans = {kind: plan(person, "view", policies.RESOURCES[kind]) for kind in wanted}
    asked = NOTHING
    for kind, rights in plans.items():
        if rights.allowed:
            asked |= Q(kind=kind, external_id__in=list(wanted[kind])) & rights.q("owner_id")
    rows = Record.objects.filter(asked, deleted_at=None).select_related("owner") if asked != NOTHING else ()
    return {(row.kind, row.external_id): plans[row.kind].project(raw_of(row)) for row in rows}


def customers(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, latest: bool = False) -> Listing:
    """By name. `latest`: the newest change first."""
    order = LATEST if latest else ("name", "pk")
    return listing(person, "customer", q=q, page=page, size=size, order=order)  # type: ignore[arg-type]


def customer(person: Any, ident: str) -> Projected | None:
    """By the CRM's id or the shared customer code."""
    return one(person, "customer", ident)


def contacts_due(person: Any, *, size: int = SIZE) -> Listing:
    """The person's own customers, the one nobody has spoken with for longest first."""
    last = present("follow_up").filter(customer_id=OuterRef("external_id")).order_by("-occurred_at").values("occurred_at")[:1]
    order = (Subquery(last).asc(nulls_first=True), "name", "pk")
    return listing(person, "customer", size=size, order=order, extra=Q(owner_id=person.pk))  # type: ignore[arg-type]


def last_contacts(person: Any, customer_ids: Iterable[str]) -> dict[str, Projected]:
    """The newest follow-up of each of these customers, by the customer's id."""
    rows = listing(person, "follow_up", size=LARGEST, order=LATEST, extra=Q(customer_id__in=list(customer_ids))).rows  # type: ignore[arg-type]
    return {str(row["customer_id"]): row for row in reversed(rows) if row.get("customer_id")}


def deals(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", customer_id: str | None = None,
          mine: bool = False) -> Listing:
    """Newest stage first. `state`: open | won | lost. `mine`: the person's own."""
    extra = _where(state=state, customer_id=customer_id)
    if mine:
        extra &= Q(owner_id=person.pk)
    return listing(person, "deal", q=q, page=page, size=size, order=LATEST, extra=extra, by=_named(customer_id=customer_id))  # type: ignore[arg-type]


def deal(person: Any, ident: str) -> Projected | None:
    """By the CRM's id."""
    return one(person, "deal", ident)


def follow_ups(person: Any, *, customer_id: str | None = None, deal_id: str | None = None, page: int = 1, size: int = SIZE) -> Listing:
    """Newest first, of a customer or of a deal."""
    extra = _where(customer_id=customer_id) & _linked("deal", deal_id)
    return listing(person, "follow_up", page=page, size=size, order=LATEST, extra=extra, by=_named(customer_id=customer_id))  # type: ignore[arg-type]


def orders(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", customer_key: str | None = None,
           reference: str | None = None, mine: bool = False) -> Listing:
    """Newest first. `reference`: the deal's id. `mine`: orders of the person's own customers."""
    extra = _where(state=state, customer_key=customer_key, reference=reference)
    if mine:
        extra &= Q(owner_id=person.pk)
    return listing(person, "order", q=q, page=page, size=size, order=LATEST, extra=extra, by=_named(customer_key=customer_key, reference=reference))  # type: ignore[arg-type]


def order(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or the order number."""
    return one(person, "order", ident)


def shipments(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", order_id: str | None = None,
              customer_key: str | None = None) -> Listing:
    """Those still in the house first, the one planned soonest at the top; then those that left, the latest first. `state`: one state, "open" for
    all that have not left the house, "gone" for those that have."""
    extra = _where(customer_key=customer_key) & _linked("order", order_id)
    if state == "open":
        extra &= ~Q(state__in=(*LEFT, "cancelled"))
    elif state:
        extra &= Q(state__in=LEFT) if state == "gone" else Q(state=state)
    return listing(person, "shipment", q=q, page=page, size=size, order=("rank", SOONEST, *LATEST), extra=extra, by=_named(customer_key=customer_key))  # type: ignore[arg-type]


def shipment(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or its number."""
    return one(person, "shipment", ident)


def stock(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, below: bool = False) -> Listing:
    """Products below their order point first. `below`: only those."""
    return listing(person, "stock", q=q, page=page, size=size, order=("rank", "key", "pk"), extra=Q(rank=0) if below else None,
                   by=("available", "order_point") if below else ())


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


def receivables(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, overdue: bool = False) -> Listing:
    """Largest first. `overdue`: only those with something past its due date."""
    return listing(person, "receivable", q=q, page=page, size=size, order=("-amount", "pk"), extra=OVERDUE if overdue else None,
                   by=("overdue",) if overdue else ())


def invoices(person: Any, *, order_id: str | None = None, customer_key: str | None = None, page: int = 1, size: int = SIZE) -> Listing:
    """Newest first, of an order or a customer."""
    extra = _where(customer_key=customer_key) & _linked("order", order_id)
    return listing(person, "invoice", page=page, size=size, order=LATEST, extra=extra, by=_named(customer_key=customer_key))  # type: ignore[arg-type]


def purchase_requests(person: Any, *, reference: str | None = None, page: int = 1, size: int = SIZE) -> Listing:
    """Of one order (`reference`: what the request names), or all."""
    return listing(person, "purchase_request", page=page, size=size, order=LATEST, extra=_where(reference=reference), by=_named(reference=reference))  # type: ignore[arg-type]


def payments(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, customer_key: str | None = None) -> Listing:
    """Newest first."""
    extra = _where(customer_key=customer_key)
    return listing(person, "payment", q=q, page=page, size=size, order=LATEST, extra=extra, by=_named(customer_key=customer_key))  # type: ignore[arg-type]


def payment(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or the number of the booking."""
    return one(person, "payment", ident)


def purchase_orders(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "") -> Listing:
    """Newest first."""
    return listing(person, "purchase_order", q=q, page=page, size=size, order=LATEST, extra=_where(state=state))  # type: ignore[arg-type]


def purchase_order(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or its number."""
    return one(person, "purchase_order", ident)


def productions(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "") -> Listing:
    """Newest first."""
    return listing(person, "production", q=q, page=page, size=size, order=LATEST, extra=_where(state=state))  # type: ignore[arg-type]


def production(person: Any, ident: str) -> Projected | None:
    """By the ERP's id or its number."""
    return one(person, "production", ident)


def cases(person: Any, *, q: str = "", page: int = 1, size: int = SIZE, state: str = "", customer_id: str | None = None) -> Listing:
    """Newest first."""
    extra = _where(state=state, customer_id=customer_id)
    return listing(person, "case", q=q, page=page, size=size, order=LATEST, extra=extra, by=_named(customer_id=customer_id))  # type: ignore[arg-type]


def case(person: Any, ident: str) -> Projected | None:
    """By the CRM's id."""
    return one(person, "case", ident)
