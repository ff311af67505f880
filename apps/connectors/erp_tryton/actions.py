"""What Tryton can be made to do. Each write is a command of portal_bridge with its key in the transaction of the effect."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from apps.connectors.erp_tryton import mapping
from apps.connectors.erp_tryton.client import SYSTEM, client_of
from apps.connectors.erp_tryton.config import TrytonConfig as Config
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
    SaleFind,
    SessionsEnd,
    ShipmentAdvance,
    StockRead,
    TicketOpen,
    retry_reading,
)

_MODELS = {
    "order": "sale.sale",
    "shipment": "stock.shipment.out",
    "invoice": "account.invoice",
    "purchase_request": "purchase.request",
    "product": "product.product",
    "stock": "product.product",
}


def _id(text: str) -> int:
    """The ERP's ids are numbers. Raises PermanentError: another text names nothing there."""
    if not (text.isascii() and text.isdigit()):
        raise PermanentError("there is no such record", system=SYSTEM, status=404, code="not_found")
    return int(text)


def sale_create(config: Config, actor: Actor, given: SaleCreate, key: str) -> Json:
    payload: Json = {
        "party": given.customer_key,
        "currency": given.currency,
        "reference": given.reference,
        "payment_term": {"days": given.payment_term_days},
        "comment": given.comment,
        "until": "processing",
        "lines": [{"product": line.sku, "quantity": str(line.quantity), "unit_price": str(line.unit_price)} for line in given.lines],
    }
    if given.shipping_date:
        payload["shipping_date"] = given.shipping_date.isoformat()
    sale = client_of(config).command("sale.create", payload, key=key, actor=actor)
    return {
        "order_id": str(sale["id"]),
        "order_no": str(sale["number"]),
        "state": mapping.ORDER_STATES[sale["state"]],
        "amount": str(sale["total_amount"]),
        "currency": sale["currency"],
        "invoice_ids": [str(one["id"]) for one in sale["invoices"]],
        "shipment_ids": [str(one["id"]) for one in sale["shipments"]],
    }


def sale_find(config: Config, actor: Actor, given: SaleFind, key: str) -> Json:
    sale = client_of(config).result_of(given.key, actor=actor)
    return {"order_id": str(sale["id"]) if sale else ""}


def invoice_post(config: Config, actor: Actor, given: InvoicePost, key: str) -> Json:
    """The order's one invoice; one that is posted already is the result."""
    invoice = client_of(config).command("invoice.post", {"sale": _id(given.order_id)}, key=key, actor=actor)
    return {
        "invoice_id": str(invoice["id"]),
        "invoice_no": str(invoice["number"]),
        "state": invoice["state"],
        "amount": str(invoice["total_amount"]),
        "currency": str(invoice.get("currency") or ""),
    }


def purchase_request_create(config: Config, actor: Actor, given: PurchaseRequestCreate, key: str) -> Json:
    payload: Json = {"lines": [{"product": line.sku, "quantity": str(line.quantity)} for line in given.lines]}
    if given.order_no:
        payload["sale"] = given.order_no
    if given.needed_on:
        payload["needed_on"] = given.needed_on.isoformat()
    answer = client_of(config).command("purchase_request.create", payload, key=key, actor=actor)
    return {"request_ids": [str(one["id"]) for one in answer["requests"]], "reference": str(answer.get("reference") or "")}


def shipment_advance(config: Config, actor: Actor, given: ShipmentAdvance, key: str) -> Json:
    payload: Json = {"id": _id(given.shipment_id), "to": given.to}
    if given.quantities:
        payload["quantities"] = {sku: str(quantity) for sku, quantity in given.quantities.items()}
    shipment = client_of(config).command("shipment.advance", payload, key=key, actor=actor)
    return {"shipment_id": str(shipment["id"]), "state": mapping.SHIPMENT_STATES[shipment["state"]], "number": str(shipment["number"])}


def order_read(config: Config, actor: Actor, given: OrderRead, key: str) -> Json:
    client = client_of(config)
    rows = retry_reading(lambda: client.rows("order", ids=(given.order_id,), actor=actor))["rows"]
    if not rows:
        raise PermanentError("there is no such order", system=SYSTEM, status=404, code="not_found")
    shipments = [str(one["id"]) for one in rows[0].get("shipments") or ()]
    invoices = [str(one["id"]) for one in rows[0].get("invoices") or ()]
    return {
        "order": mapping.order(rows[0]).model_dump(mode="json"),
        "shipments": [mapping.shipment(one).model_dump(mode="json") for one in client.rows("shipment", ids=shipments)["rows"]] if shipments else [],
        "invoices": [mapping.invoice(one).model_dump(mode="json") for one in client.rows("invoice", ids=invoices)["rows"]] if invoices else [],
    }


def stock_read(config: Config, actor: Actor, given: StockRead, key: str) -> Json:
    """Services and codes the ERP does not know are left out."""
    if not given.skus:
        return {"stock": {}}
    rows = retry_reading(lambda: client_of(config).rows("stock", codes=given.skus, actor=actor))["rows"]
    found = [mapping.stock(row) for row in rows]
    return {
        "stock": {
            one.key: {
                "on_hand": str(one.on_hand),
                "available": str(one.available),
                "order_point": str(one.order_point) if one.order_point is not None else None,
            }
            for one in found
        }
    }


def receivable_read(config: Config, actor: Actor, given: ReceivableRead, key: str) -> Json:
    rows = retry_reading(lambda: client_of(config).rows("receivable", codes=(given.customer_key,), actor=actor))["rows"]
    if not rows:
        raise PermanentError("there is no such customer", system=SYSTEM, status=404, code="not_found")
    return mapping.receivable(rows[0]).model_dump(mode="json")


def currencies_read(config: Config, actor: Actor, given: CurrencyList, key: str) -> Json:
    """Those the orders can be in: the ERP keeps more for exchange rates, but its price lists know the company's alone; the order checks again."""
    rows = retry_reading(lambda: client_of(config).rows("currency"))["rows"]
    return {"currencies": sorted(str(row["code"]) for row in rows)}


def ticket_open(config: Config, actor: Actor, given: TicketOpen, key: str) -> Json:
    """A one-time link into the web client for the person whose token acts; the service account has no screens."""
    if not actor.token:
        raise PermanentError("only a person can open the ERP's screens", system=SYSTEM, code="no_person")
    model = _MODELS.get(given.kind, "")
    path = f"model/{model}/{given.external_id}" if model and given.external_id else ""
    answer = client_of(config).post("ticket", {"path": path}, actor=actor)
    parts = urlsplit(config.web_url or config.base_url)
    return {"url": f"{parts.scheme}://{parts.netloc}{answer['url']}", "expires_in": answer["expires_in"]}


def sessions_end(config: Config, actor: Actor, given: SessionsEnd, key: str) -> Json:
    return {"ended": int(client_of(config).post("sessions/end", {"sub": given.subject})["ended"])}


ACTIONS: tuple[Action[Config, Any], ...] = (
    Action("sale.create", SaleCreate, sale_create, label="Write a sales order"),
    Action("sale.find", SaleFind, sale_find, label="Find the order of a key", writes=False),
    Action("invoice.post", InvoicePost, invoice_post, label="Post the order's invoice"),
    Action("purchase_request.create", PurchaseRequestCreate, purchase_request_create, label="Request a purchase"),
    Action("shipment.advance", ShipmentAdvance, shipment_advance, label="Move a delivery on"),
    Action("order.read", OrderRead, order_read, label="Read an order", writes=False),
    Action("stock.read", StockRead, stock_read, label="Read stock", writes=False),
    Action("receivable.read", ReceivableRead, receivable_read, label="Read what a customer owes", writes=False),
    Action("currencies.read", CurrencyList, currencies_read, label="Read currencies", writes=False),
    Action("ticket.open", TicketOpen, ticket_open, label="Open the ERP's own screen"),
    Action("sessions.end", SessionsEnd, sessions_end, label="End a person's sessions"),
)
