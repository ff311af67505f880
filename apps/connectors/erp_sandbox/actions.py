"""What the ERP can be made to do. Each write carries its key: the ERP answers a repeat with the first answer."""

from __future__ import annotations

from apps.connectors.erp_sandbox import mapping
from apps.connectors.erp_sandbox.client import client_of, person
from apps.connectors.erp_sandbox.config import SandboxErpConfig as Config
from apps.integrations.sdk import (
    Action,
    Actor,
    CurrencyList,
    InvoicePost,
    Json,
    OrderRead,
    PermanentError,
    PurchaseRequestCreate,
    ReceivableRead,
    SaleCreate,
    SessionsEnd,
    ShipmentAdvance,
    StockRead,
    TicketOpen,
    retry_reading,
)

_PAGES = {"order": "order", "shipment": "delivery", "purchase_request": "request", "stock": "item", "product": "item"}


def sale_create(config: Config, actor: Actor, given: SaleCreate, key: str) -> Json:
    lines = [
        {"itemNo": line.sku, "name": line.name or None, "quantity": str(line.quantity), "unitPrice": str(line.unit_price)} for line in given.lines
    ]
    order = client_of(config).call(
        "orders.create",
        {
            "requestKey": key,
            "partnerNo": given.customer_key,
            "currency": given.currency,
            "externalRef": given.reference,
            "termDays": given.payment_term_days,
            "comment": given.comment or None,
            "shipOn": given.shipping_date.isoformat() if given.shipping_date else None,
            "lines": [{name: value for name, value in line.items() if value is not None} for line in lines],
        },
        on_behalf_of=person(actor),
    )["order"]
    ours = mapping.order(order)
    return {
        "order_id": ours.external_id,
        "order_no": ours.key,
        "state": ours.state,
        "amount": str(ours.amount),
        "currency": ours.currency,
        "invoice_ids": list(ours.invoice_ids),
        "shipment_ids": list(ours.shipment_ids),
    }


def invoice_post(config: Config, actor: Actor, given: InvoicePost, key: str) -> Json:
    invoice = mapping.invoice(
        client_of(config).call("orders.invoice", {"requestKey": key, "orderId": given.order_id}, on_behalf_of=person(actor))["invoice"]
    )
    return {
        "invoice_id": invoice.external_id,
        "invoice_no": invoice.key,
        "state": invoice.state,
        "amount": str(invoice.amount),
        "currency": invoice.currency,
    }


def purchase_request_create(config: Config, actor: Actor, given: PurchaseRequestCreate, key: str) -> Json:
    answer = client_of(config).call(
        "requests.create",
        {
            "requestKey": key,
            "reference": given.order_no,
            "neededOn": given.needed_on.isoformat() if given.needed_on else None,
            "lines": [{"itemNo": line.sku, "quantity": str(line.quantity)} for line in given.lines],
        },
        on_behalf_of=person(actor),
    )
    return {"request_ids": [str(one["requestId"]) for one in answer.get("requests") or ()], "reference": given.order_no}


def shipment_advance(config: Config, actor: Actor, given: ShipmentAdvance, key: str) -> Json:
    """`backorder_id`: the shipment of what stayed, "" when all left."""
    answer = client_of(config).call(
        "deliveries.advance",
        {
            "requestKey": key,
            "deliveryId": given.shipment_id,
            "to": given.to,
            "lines": [{"itemNo": sku, "quantity": str(quantity)} for sku, quantity in sorted(given.quantities.items())],
        },
        on_behalf_of=person(actor),
    )
    shipment = mapping.shipment(answer["delivery"])
    rest = answer.get("backorder")
    return {
        "shipment_id": shipment.external_id,
        "state": shipment.state,
        "number": shipment.key,
        "backorder_id": str(rest["deliveryId"]) if rest else "",
    }


def order_read(config: Config, actor: Actor, given: OrderRead, key: str) -> Json:
    client, who = client_of(config), person(actor)
    row = retry_reading(lambda: client.call("orders.get", {"id": given.order_id}, on_behalf_of=who))["row"]
    shipments = client.call("deliveries.list", {"only": row["deliveryIds"]}, on_behalf_of=who).get("rows") if row.get("deliveryIds") else ()
    invoices = client.call("invoices.list", {"only": row["invoiceIds"]}, on_behalf_of=who).get("rows") if row.get("invoiceIds") else ()
    return {
        "order": mapping.order(row).model_dump(mode="json"),
        "shipments": [mapping.shipment(one).model_dump(mode="json") for one in shipments or ()],
        "invoices": [mapping.invoice(one).model_dump(mode="json") for one in invoices or ()],
    }


def stock_read(config: Config, actor: Actor, given: StockRead, key: str) -> Json:
    """Services and codes the ERP does not know are left out."""
    if not given.skus:
        return {"stock": {}}
    rows = (
        retry_reading(lambda: client_of(config).call("stock.list", {"only": sorted(set(given.skus))}, on_behalf_of=person(actor))).get("rows") or ()
    )
    return {"stock": {row["itemNo"]: {"on_hand": row["onHand"], "available": row["available"], "order_point": row.get("orderPoint")} for row in rows}}


def receivable_read(config: Config, actor: Actor, given: ReceivableRead, key: str) -> Json:
    row = retry_reading(lambda: client_of(config).call("balances.get", {"id": given.customer_key}, on_behalf_of=person(actor)))["row"]
    return mapping.receivable(row).model_dump(mode="json")


def currencies_read(config: Config, actor: Actor, given: CurrencyList, key: str) -> Json:
    return {"currencies": list(retry_reading(lambda: client_of(config).call("currencies", {})).get("currencies") or ())}


def ticket_open(config: Config, actor: Actor, given: TicketOpen, key: str) -> Json:
    """For a person only: the service account has no screens."""
    if not person(actor):
        raise PermanentError("Only a person can open the ERP's own screens.", system="ERP", code="person_needed")
    path = f"/#{_PAGES[given.kind]}-{given.external_id}" if given.kind in _PAGES and given.external_id else "/"
    answer = client_of(config).call("tickets.open", {"path": path}, on_behalf_of=person(actor))
    return {"url": answer["url"], "expires_in": answer["expiresIn"]}


def sessions_end(config: Config, actor: Actor, given: SessionsEnd, key: str) -> Json:
    return {"ended": client_of(config).call("sessions.end", {"subject": given.subject})["ended"]}


ACTIONS = (
    Action("sale.create", SaleCreate, sale_create, "Create a sales order"),
    Action("invoice.post", InvoicePost, invoice_post, "Post the order's invoice"),
    Action("purchase_request.create", PurchaseRequestCreate, purchase_request_create, "Request a purchase"),
    Action("shipment.advance", ShipmentAdvance, shipment_advance, "Advance a shipment"),
    Action("order.read", OrderRead, order_read, "Read an order", writes=False),
    Action("stock.read", StockRead, stock_read, "Read stock", writes=False),
    Action("receivable.read", ReceivableRead, receivable_read, "Read a receivable", writes=False),
    Action("currencies.read", CurrencyList, currencies_read, "Read the currencies", writes=False),
    Action("ticket.open", TicketOpen, ticket_open, "Open the ERP's own screen"),
    Action("sessions.end", SessionsEnd, sessions_end, "End a person's sessions"),
)
