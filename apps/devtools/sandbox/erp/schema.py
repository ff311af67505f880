"""The ERP's vocabulary, said once: what its records and operations look like. REST, SOAP and the WSDL are made from it.

A shape is a text of "name:type" words; "?" may be missing, "*" many. Values travel as JSON values: decimals, days and moments as text.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from apps.devtools.sandbox.base.store import Refused

SIMPLE = {"string", "int", "boolean", "decimal", "date", "dateTime"}


class Field(NamedTuple):
    name: str
    type: str
    optional: bool
    many: bool


def shape(text: str) -> tuple[Field, ...]:
    """Fields of a shape."""
    found = []
    for word in text.split():
        name, _, kind = word.partition(":")
        found.append(Field(name, kind.rstrip("?*"), kind.endswith(("?", "*")), kind.endswith("*")))
    return tuple(found)


_STAMPED = "revision:int changedAt:dateTime requestKey:string"
RECORDS = {
    "Item": shape(f"itemNo:string name:string nameZh:string unit:string listPrice:decimal currency:string stocked:boolean {_STAMPED}"),
    "StockLevel": shape(f"itemNo:string name:string unit:string onHand:decimal available:decimal orderPoint:decimal? {_STAMPED}"),
    "Balance": shape(
        f"partnerNo:string partnerName:string balance:decimal overdue:decimal currency:string creditLimit:decimal? openInvoices:int {_STAMPED}"
    ),
    "OrderLine": shape("lineId:string itemNo:string name:string quantity:decimal unitPrice:decimal amount:decimal"),
    "Order": shape(
        "orderId:string orderNo:string partnerNo:string partnerName:string status:string currency:string amount:decimal termDays:int "
        "externalRef:string comment:string orderedOn:date shipOn:date? lines:OrderLine* deliveryIds:string* invoiceIds:string* "
        f"{_STAMPED}"
    ),
    "DeliveryLine": shape("itemNo:string quantity:decimal"),
    "Delivery": shape(
        "deliveryId:string deliveryNo:string orderId:string orderNo:string partnerNo:string partnerName:string status:string "
        f"plannedOn:date shippedAt:dateTime? tracking:string backorderOf:string? lines:DeliveryLine* {_STAMPED}"
    ),
    "Invoice": shape(
        "invoiceId:string invoiceNo:string? orderId:string partnerNo:string status:string amount:decimal open:decimal currency:string "
        f"invoicedOn:date? dueOn:date? {_STAMPED}"
    ),
    "PurchaseRequest": shape(f"requestId:string itemNo:string quantity:decimal status:string reference:string neededOn:date? {_STAMPED}"),
    "Payment": shape(
        "paymentId:string paymentNo:string invoiceId:string invoiceNo:string? partnerNo:string partnerName:string amount:decimal currency:string "
        f"paidOn:date {_STAMPED}"
    ),
    "PurchaseOrder": shape(
        "purchaseId:string purchaseNo:string supplierNo:string supplierName:string status:string amount:decimal currency:string lines:OrderLine* "
        f"orderedOn:date plannedOn:date receivedOn:date? createdAt:dateTime {_STAMPED}"
    ),
    "Production": shape(
        "productionId:string productionNo:string itemNo:string name:string quantity:decimal status:string plannedOn:date startedOn:date? doneOn:date? "
        f"createdAt:dateTime {_STAMPED}"
    ),
    "Change": shape(
        "id:string seq:int at:dateTime entity:string record:string number:string op:string status:string requestKey:string changedBy:string"
    ),
    "NewLine": shape("itemNo:string name:string? quantity:decimal unitPrice:decimal?"),
    "ItemQuantity": shape("itemNo:string quantity:decimal"),
}


class Operation(NamedTuple):
    """`right`: what the acting user must hold, "" = everybody signed on. `command`: has a request key and one effect."""

    name: str
    soap: str
    method: str
    path: str
    given: tuple[Field, ...]
    answer: tuple[Field, ...]
    right: str = ""
    command: bool = False


def _many(what: str, soap: str, record: str, right: str) -> Operation:
    return Operation(
        f"{what}.list",
        f"List{soap}",
        "GET",
        f"/api/{what}",
        shape("after:string? limit:int? only:string*"),
        shape(f"rows:{record}* next:string?"),
        right,
    )


def _one(what: str, record: str, right: str) -> Operation:
    return Operation(f"{what}.get", f"Get{record}", "GET", f"/api/{what}/{{id}}", shape("id:string"), shape(f"row:{record}"), right)


def _do(name: str, soap: str, path: str, given: str, answer: str, right: str, *, command: bool = True) -> Operation:
    key = "requestKey:string? " if command else ""
    return Operation(name, soap, "POST", path, shape(key + given), shape(answer), right, command)


OPERATIONS = (
    Operation(
        "info", "ServerInfo", "GET", "/api/info", (), shape("product:string version:string epoch:string company:string user:string rights:string*")
    ),
    Operation("currencies", "ListCurrencies", "GET", "/api/currencies", (), shape("currencies:string*")),
    _many("items", "Items", "Item", "stock.read"),
    _one("items", "Item", "stock.read"),
    _many("stock", "StockLevels", "StockLevel", "stock.read"),
    _one("stock", "StockLevel", "stock.read"),
    _many("balances", "Balances", "Balance", "finance.read"),
    _one("balances", "Balance", "finance.read"),
    _many("orders", "Orders", "Order", "sales.read"),
    _one("orders", "Order", "sales.read"),
    _many("deliveries", "Deliveries", "Delivery", "stock.read"),
    _one("deliveries", "Delivery", "stock.read"),
    _many("invoices", "Invoices", "Invoice", "finance.read"),
    _one("invoices", "Invoice", "finance.read"),
    _many("requests", "PurchaseRequests", "PurchaseRequest", "stock.read"),
    _one("requests", "PurchaseRequest", "stock.read"),
    _many("payments", "Payments", "Payment", "finance.read"),
    _one("payments", "Payment", "finance.read"),
    _many("purchases", "PurchaseOrders", "PurchaseOrder", "works.read"),
    _one("purchases", "PurchaseOrder", "works.read"),
    _many("productions", "Productions", "Production", "works.read"),
    _one("productions", "Production", "works.read"),
    _do(
        "orders.create",
        "CreateSalesOrder",
        "/api/orders",
        "partnerNo:string currency:string externalRef:string? termDays:int comment:string? shipOn:date? lines:NewLine*",
        "order:Order",
        "sales.write",
    ),
    _do("orders.cancel", "CancelSalesOrder", "/api/orders/{orderId}/cancel", "orderId:string reason:string?", "order:Order", "sales.write"),
    _do("orders.invoice", "PostInvoice", "/api/orders/{orderId}/invoice", "orderId:string", "invoice:Invoice", "finance.write"),
    _do(
        "requests.create",
        "CreatePurchaseRequests",
        "/api/requests",
        "reference:string? neededOn:date? lines:ItemQuantity*",
        "requests:PurchaseRequest*",
        "purchase.write",
    ),
    _do("requests.receive", "ReceivePurchase", "/api/requests/{requestId}/receive", "requestId:string", "request:PurchaseRequest", "stock.write"),
    _do(
        "deliveries.advance",
        "AdvanceDelivery",
        "/api/deliveries/{deliveryId}/advance",
        "deliveryId:string to:string tracking:string? lines:ItemQuantity*",
        "delivery:Delivery backorder:Delivery?",
        "stock.write",
    ),
    _do("invoices.pay", "PayInvoice", "/api/invoices/{invoiceId}/pay", "invoiceId:string", "invoice:Invoice", "finance.write"),
    _do("purchases.arrive", "ArrivePurchaseOrder", "/api/purchases/{purchaseId}/arrive", "purchaseId:string", "purchase:PurchaseOrder", "works.write"),
    _do(
        "productions.advance",
        "AdvanceProduction",
        "/api/productions/{productionId}/advance",
        "productionId:string to:string",
        "production:Production",
        "works.write",
    ),
    Operation(
        "changes",
        "ListChanges",
        "GET",
        "/api/changes",
        shape("after:string epoch:string? limit:int?"),
        shape("epoch:string rows:Change* next:string more:boolean"),
        "changes.read",
    ),
    _do("tickets.open", "OpenTicket", "/api/tickets", "path:string?", "url:string expiresIn:int", "", command=False),
    _do("sessions.end", "EndSessions", "/api/sessions/end", "subject:string", "ended:int", "sessions.end", command=False),
)
BY_NAME = {operation.name: operation for operation in OPERATIONS}
BY_SOAP = {operation.soap: operation for operation in OPERATIONS}


# --- what comes in --------------------------------------------------------------------------------------------------------------------


def check(fields: tuple[Field, ...], given: dict[str, Any], at: str = "") -> dict[str, Any]:
    """The values of a shape, typed (Decimal, date ...); what is missing and optional is None, many is a list. Raises Refused 400."""
    unknown = set(given) - {one.name for one in fields}
    if unknown:
        raise Refused(400, "BAD_REQUEST", f"There is no field {at}{sorted(unknown)[0]}.", at + sorted(unknown)[0])
    return {one.name: _checked(one, given.get(one.name), at + one.name) for one in fields}


def _checked(one: Field, value: Any, at: str) -> Any:
    if one.many:
        if not isinstance(value or [], list):
            raise Refused(400, "BAD_REQUEST", f"{at} is a list.", at)
        return [_value(one.type, item, f"{at}[{n}]") for n, item in enumerate(value or [])]
    if value is None or (value == "" and one.type != "string"):
        if not one.optional:
            raise Refused(400, "BAD_REQUEST", f"{at} is missing.", at)
        return None
    return _value(one.type, value, at)


def _value(kind: str, value: Any, at: str) -> Any:
    if kind not in SIMPLE:
        if not isinstance(value, dict):
            raise Refused(400, "BAD_REQUEST", f"{at} is a {kind}.", at)
        return check(RECORDS[kind], value, at + ".")
    text = str(value)
    try:
        if kind == "string":
            return text
        if kind == "int":
            return int(text)
        if kind == "boolean":
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        if kind == "decimal":
            number = Decimal(text)
            if not number.is_finite() or abs(number) > Decimal("1e12") or not re.fullmatch(r"[-+0-9.eE]+", text):
                raise InvalidOperation
            return number
        return (dt.date if kind == "date" else dt.datetime).fromisoformat(text)
    except (ValueError, KeyError, InvalidOperation):
        raise Refused(400, "BAD_REQUEST", f"{at} is not a {kind}.", at) from None
