"""From portal_bridge's rows to our records. Pure; ValueError for what cannot be understood. Ids are the ERP's numbers, keys its codes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.integrations.canonical import (
    Invoice,
    Line,
    Order,
    Payment,
    Product,
    Production,
    PurchaseOrder,
    PurchaseRequest,
    Receivable,
    Shipment,
    ShipmentLine,
    Stock,
)

Raw = Mapping[str, Any]
ORDER_STATES = {
    "draft": "draft",
    "quotation": "draft",
    "confirmed": "confirmed",
    "processing": "processing",
    "done": "done",
    "cancelled": "cancelled",
}
SHIPMENT_STATES = {
    "draft": "waiting",
    "waiting": "waiting",
    "assigned": "assigned",
    "picked": "picked",
    "packed": "packed",
    "shipped": "shipped",
    "done": "done",
    "cancelled": "cancelled",
}
PRODUCTION_STATES = {
    "request": "draft",
    "draft": "draft",
    "waiting": "waiting",
    "assigned": "assigned",
    "running": "running",
    "done": "done",
    "cancelled": "cancelled",
}
INVOICE_STATES = {"draft": "draft", "validated": "draft", "posted": "posted", "paid": "paid", "cancelled": "cancelled"}


def _state(states: Mapping[str, str], raw: Raw) -> str:
    found = states.get(str(raw["state"]))
    if found is None:
        raise ValueError(f"the state {raw['state']!r} is not known")
    return found


def _common(raw: Raw, key: str) -> dict[str, Any]:
    moment = str(raw.get("write_date") or "")
    return {"external_id": str(raw["id"]), "key": str(raw.get(key) or ""), "version": moment, "updated_at": f"{moment}+00:00" if moment else None}


def product(raw: Raw) -> Product:
    return Product(
        **_common(raw, "code"),
        name=raw["name"],
        list_price=raw.get("list_price"),
        currency=str(raw.get("currency") or ""),
        unit=str(raw.get("unit") or ""),
        stocked=raw.get("type") in ("goods", "assets"),
        product_line=str(raw.get("product_line") or ""),
    )


def stock(raw: Raw) -> Stock:
    on_hand, promised = Decimal(str(raw["quantity"])), Decimal(str(raw.get("promised") or 0))
    point = raw.get("order_point")
    return Stock(
        **_common(raw, "code"),
        name=str(raw.get("name") or ""),
        on_hand=on_hand,
        available=on_hand - promised,
        order_point=Decimal(str(point)) if point is not None else None,
        unit=str(raw.get("unit") or ""),
    )


def order(raw: Raw) -> Order:
    """An order in processing has no "cancel" in Tryton: its deliveries are cancelled and not made again."""
    return Order(
        **_common(raw, "number"),
        customer_key=str(raw["party"]["code"] or ""),
        customer_name=str(raw["party"]["name"] or ""),
        state="cancelled" if raw.get("given_up") else _state(ORDER_STATES, raw),
        amount=raw["total_amount"],
        currency=raw["currency"],
        payment_term=str(raw.get("payment_term") or ""),
        reference=str(raw.get("reference") or ""),
        comment=str(raw.get("comment") or ""),
        ordered_on=raw.get("sale_date"),
        lines=tuple(_line(one) for one in raw.get("lines") or ()),
        invoice_ids=_ids(raw.get("invoices")),
        shipment_ids=_ids(raw.get("shipments")),
        **_where_and_when(raw),
        planned_on=raw.get("planned_date"),
    )


def _where_and_when(raw: Raw) -> dict[str, Any]:
    """Region of the party, and when the document was made (Tryton's stamps are UTC)."""
    return {"region": str(raw.get("region") or ""), **_made(raw)}


def _made(raw: Raw) -> dict[str, Any]:
    return {"created_at": f"{raw['created_at']}+00:00" if raw.get("created_at") else None}


def _line(raw: Raw) -> Line:
    return Line(
        external_id=str(raw["id"]),
        sku=raw.get("product") or None,
        name=str(raw.get("name") or ""),
        quantity=Decimal(str(raw["quantity"])),
        unit_price=raw["unit_price"],
        amount=raw["amount"],
        product_line=str(raw.get("product_line") or ""),
    )


def _ids(raw: Any) -> tuple[str, ...]:
    return tuple(str(one["id"]) for one in raw or ())


def shipment(raw: Raw) -> Shipment:
    goods: dict[str, Decimal] = {}
    family = {str(move["product"]): str(move.get("product_line") or "") for move in raw.get("moves") or ()}
    for move in raw.get("moves") or ():
        goods[str(move["product"])] = goods.get(str(move["product"]), Decimal(0)) + Decimal(str(move["quantity"]))
    return Shipment(
        **_common(raw, "number"),
        order_ids=_ids(raw.get("orders")),
        order_keys=tuple(str(one["number"]) for one in raw.get("orders") or ()),
        customer_key=str(raw["party"]["code"] or ""),
        customer_name=str(raw["party"]["name"] or ""),
        state=_state(SHIPMENT_STATES, raw),
        planned_on=raw.get("planned_date"),
        shipped_at=raw.get("left_at"),
        tracking=str(raw.get("reference") or ""),
        lines=tuple(ShipmentLine(sku=sku, quantity=quantity, product_line=family[sku]) for sku, quantity in sorted(goods.items())),
        **_where_and_when(raw),
        effective_on=raw.get("effective_date"),
    )


def invoice(raw: Raw) -> Invoice:
    return Invoice(
        **_common(raw, "number"),
        customer_key=str(raw["party"]["code"] or ""),
        order_ids=_ids(raw.get("orders")),
        state=_state(INVOICE_STATES, raw),
        amount=raw["total_amount"],
        amount_due=Decimal(str(raw.get("amount_to_pay") or 0)),
        currency=raw["currency"],
        invoiced_on=raw.get("invoice_date"),
        due_on=raw.get("due_date"),
        **_where_and_when(raw),
        amount_paid=Decimal(str(raw.get("paid_amount") or 0)),
        paid_on=raw.get("paid_date"),
    )


def payment(raw: Raw) -> Payment:
    return Payment(
        **_common(raw, "number"),
        customer_key=str(raw["party"]["code"] or ""),
        customer_name=str(raw["party"]["name"] or ""),
        region=str(raw.get("region") or ""),
        invoice_id=str(raw["invoice"]["id"]),
        invoice_key=str(raw["invoice"]["number"] or ""),
        amount=raw["amount"],
        currency=raw["currency"],
        paid_on=raw["date"],
    )


def production(raw: Raw) -> Production:
    return Production(
        **_common(raw, "number"),
        sku=str(raw.get("product") or ""),
        name=str(raw.get("name") or ""),
        product_line=str(raw.get("product_line") or ""),
        quantity=Decimal(str(raw.get("quantity") or 0)),
        state=_state(PRODUCTION_STATES, raw),
        planned_on=raw.get("planned_date"),
        started_on=raw.get("effective_start_date"),
        done_on=raw.get("effective_date"),
        **_made(raw),
    )


def purchase_order(raw: Raw) -> PurchaseOrder:
    return PurchaseOrder(
        **_common(raw, "number"),
        supplier_key=str(raw["party"]["code"] or ""),
        supplier_name=str(raw["party"]["name"] or ""),
        state=_state(ORDER_STATES, raw),
        amount=raw["total_amount"],
        currency=raw["currency"],
        lines=tuple(_line(one) for one in raw.get("lines") or ()),
        ordered_on=raw.get("purchase_date"),
        planned_on=raw.get("planned_date"),
        received_on=raw.get("effective_date"),
        **_made(raw),
    )


def receivable(raw: Raw) -> Receivable:
    return Receivable(
        **_common(raw, "code"),
        customer_name=str(raw.get("name") or ""),
        balance=raw["balance"],
        overdue=Decimal(str(raw.get("overdue") or 0)),
        currency=raw["currency"],
        limit=raw.get("limit"),
        open_invoices=int(raw.get("open_invoices") or 0),
        region=str(raw.get("region") or ""),
    )


def purchase_request(raw: Raw) -> PurchaseRequest:
    return PurchaseRequest(
        **_common(raw, "number"),
        sku=str(raw.get("product") or ""),
        quantity=Decimal(str(raw["quantity"])),
        state=str(raw["state"]),
        reference=_order_number(raw) or str(raw.get("description") or ""),
        needed_on=raw.get("supply_date"),
    )


def _order_number(raw: Raw) -> str:
    """Of the order a request was made for: an order's name is "number [reference]"."""
    name = str(raw.get("origin") or "")
    return name.partition(" [")[0] if raw.get("origin_model") == "sale.sale" else name
