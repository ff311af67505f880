"""From the ERP's records to ours. Pure; ValueError for what cannot be understood."""

from __future__ import annotations

from collections.abc import Mapping
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
ORDER_STATES = {"ENTERED": "draft", "IN_PROGRESS": "processing", "COMPLETED": "done", "CANCELLED": "cancelled"}
DELIVERY_STATES = {
    "PLANNED": "waiting",
    "RESERVED": "assigned",
    "PICKED": "picked",
    "PACKED": "packed",
    "SHIPPED": "shipped",
    "DELIVERED": "done",
    "CANCELLED": "cancelled",
}
INVOICE_STATES = {"DRAFT": "draft", "POSTED": "posted", "PAID": "paid", "CANCELLED": "cancelled"}
PURCHASE_STATES = {"ORDERED": "confirmed", "RECEIVED": "done", "CANCELLED": "cancelled"}
PRODUCTION_STATES = {"PLANNED": "waiting", "RELEASED": "assigned", "RUNNING": "running", "DONE": "done", "CANCELLED": "cancelled"}
REQUEST_STATES = {"OPEN": "open", "RECEIVED": "received", "CANCELLED": "cancelled"}


def _state(states: Mapping[str, str], raw: Raw) -> str:
    found = states.get(str(raw["status"]))
    if found is None:
        raise ValueError(f"the state {raw['status']!r} is not known")
    return found


def _common(raw: Raw, external_id: str, key: str) -> dict[str, Any]:
    return {
        "external_id": raw[external_id],
        "key": raw.get(key) or "",
        "version": str(raw["revision"]),
        "origin": raw.get("requestKey") or "",
        "updated_at": raw["changedAt"],
    }


def product(raw: Raw) -> Product:
    return Product(
        **_common(raw, "itemNo", "itemNo"),
        name=raw["name"],
        list_price=raw["listPrice"],
        currency=raw["currency"],
        unit=raw["unit"],
        stocked=raw["stocked"],
    )


def stock(raw: Raw) -> Stock:
    return Stock(
        **_common(raw, "itemNo", "itemNo"),
        name=raw["name"],
        on_hand=raw["onHand"],
        available=raw["available"],
        order_point=raw.get("orderPoint"),
        unit=raw["unit"],
    )


def receivable(raw: Raw) -> Receivable:
    return Receivable(
        **_common(raw, "partnerNo", "partnerNo"),
        customer_name=raw["partnerName"],
        balance=raw["balance"],
        overdue=raw["overdue"],
        currency=raw["currency"],
        limit=raw.get("creditLimit"),
        open_invoices=raw["openInvoices"],
    )


def _lines(raw: Raw) -> tuple[Line, ...]:
    return tuple(
        Line(
            external_id=line["lineId"],
            sku=line["itemNo"],
            name=line["name"],
            quantity=line["quantity"],
            unit_price=line["unitPrice"],
            amount=line["amount"],
        )
        for line in raw.get("lines") or ()
    )


def order(raw: Raw) -> Order:
    return Order(
        **_common(raw, "orderId", "orderNo"),
        customer_key=raw["partnerNo"],
        customer_name=raw["partnerName"],
        state=_state(ORDER_STATES, raw),
        amount=raw["amount"],
        currency=raw["currency"],
        payment_term=f"{raw['termDays']} days",
        reference=raw.get("externalRef") or "",
        comment=raw.get("comment") or "",
        lines=_lines(raw),
        ordered_on=raw["orderedOn"],
        invoice_ids=tuple(raw.get("invoiceIds") or ()),
        shipment_ids=tuple(raw.get("deliveryIds") or ()),
    )


def shipment(raw: Raw) -> Shipment:
    return Shipment(
        **_common(raw, "deliveryId", "deliveryNo"),
        order_ids=(raw["orderId"],),
        order_keys=(raw["orderNo"],),
        customer_key=raw["partnerNo"],
        customer_name=raw["partnerName"],
        state=_state(DELIVERY_STATES, raw),
        planned_on=raw["plannedOn"],
        shipped_at=raw.get("shippedAt"),
        tracking=raw.get("tracking") or "",
        lines=tuple(ShipmentLine(sku=line["itemNo"], quantity=line["quantity"]) for line in raw.get("lines") or ()),
    )


def invoice(raw: Raw) -> Invoice:
    return Invoice(
        **_common(raw, "invoiceId", "invoiceNo"),
        customer_key=raw["partnerNo"],
        order_ids=(raw["orderId"],),
        state=_state(INVOICE_STATES, raw),
        amount=raw["amount"],
        amount_due=raw["open"],
        currency=raw["currency"],
        invoiced_on=raw.get("invoicedOn"),
        due_on=raw.get("dueOn"),
    )


def purchase_request(raw: Raw) -> PurchaseRequest:
    return PurchaseRequest(
        **_common(raw, "requestId", "requestId"),
        sku=raw["itemNo"],
        quantity=raw["quantity"],
        state=_state(REQUEST_STATES, raw),
        reference=raw.get("reference") or "",
        needed_on=raw.get("neededOn"),
    )


def payment(raw: Raw) -> Payment:
    return Payment(
        **_common(raw, "paymentId", "paymentNo"),
        customer_key=raw["partnerNo"],
        customer_name=raw["partnerName"],
        invoice_id=raw["invoiceId"],
        invoice_key=raw.get("invoiceNo") or "",
        amount=raw["amount"],
        currency=raw["currency"],
        paid_on=raw["paidOn"],
    )


def purchase_order(raw: Raw) -> PurchaseOrder:
    return PurchaseOrder(
        **_common(raw, "purchaseId", "purchaseNo"),
        supplier_key=raw["supplierNo"],
        supplier_name=raw["supplierName"],
        state=_state(PURCHASE_STATES, raw),
        amount=raw["amount"],
        currency=raw["currency"],
        lines=_lines(raw),
        ordered_on=raw["orderedOn"],
        planned_on=raw["plannedOn"],
        received_on=raw.get("receivedOn"),
        created_at=raw["createdAt"],
    )


def production(raw: Raw) -> Production:
    return Production(
        **_common(raw, "productionId", "productionNo"),
        sku=raw["itemNo"],
        name=raw["name"],
        quantity=raw["quantity"],
        state=_state(PRODUCTION_STATES, raw),
        planned_on=raw["plannedOn"],
        started_on=raw.get("startedOn"),
        done_on=raw.get("doneOn"),
        created_at=raw["createdAt"],
    )
