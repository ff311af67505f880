"""Reading the ERP, record by record kind; and its change feed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.connectors.erp_sandbox import mapping
from apps.connectors.erp_sandbox.client import client_of
from apps.connectors.erp_sandbox.config import SandboxErpConfig
from apps.integrations.canonical import Canonical
from apps.integrations.sdk import Hint, HintPage, Page, PermanentError, retry_reading

PAGE = 100
FEED_PAGE = 200


@dataclass(eq=False)
class ErpStream:
    """`what`: the ERP's word for the records; `key`: the field with their id."""

    name: str
    kind: str
    what: str
    key: str
    mapped: Callable[[Mapping[str, Any]], Canonical]

    def load(self, config: SandboxErpConfig, cursor: str) -> Page:
        """One page; the cursor is the last key of it."""
        given = {"after": cursor or None, "limit": PAGE}
        answer = retry_reading(lambda: client_of(config).call(f"{self.what}.list", given))
        rows = tuple((str(row[self.key]), row) for row in answer.get("rows") or ())
        return Page(vendor=rows, cursor=answer.get("next") or (rows[-1][0] if rows else cursor), more=bool(answer.get("next")))

    def fetch(self, config: SandboxErpConfig, external_id: str) -> Mapping[str, Any] | None:
        try:
            row: Mapping[str, Any] = retry_reading(lambda: client_of(config).call(f"{self.what}.get", {"id": external_id}))["row"]
        except PermanentError as error:
            if error.code == "NOT_FOUND":  # and not 404 alone, which something in between says, too
                return None
            raise
        return row

    def map(self, raw: Mapping[str, Any]) -> Canonical:
        return self.mapped(raw)


STREAMS = (
    ErpStream("products", "product", "items", "itemNo", mapping.product),
    ErpStream("stock", "stock", "stock", "itemNo", mapping.stock),
    ErpStream("receivables", "receivable", "balances", "partnerNo", mapping.receivable),
    ErpStream("orders", "order", "orders", "orderId", mapping.order),
    ErpStream("shipments", "shipment", "deliveries", "deliveryId", mapping.shipment),
    ErpStream("invoices", "invoice", "invoices", "invoiceId", mapping.invoice),
    ErpStream("purchase_requests", "purchase_request", "requests", "requestId", mapping.purchase_request),
    ErpStream("payments", "payment", "payments", "paymentId", mapping.payment),
    ErpStream("purchase_orders", "purchase_order", "purchases", "purchaseId", mapping.purchase_order),
    ErpStream("productions", "production", "productions", "productionId", mapping.production),
)
# the change log's word -> our stream; another word is passed on as it is and ignored by the framework
ENTITIES = {
    "item": "products",
    "stock": "stock",
    "balance": "receivables",
    "order": "orders",
    "delivery": "shipments",
    "invoice": "invoices",
    "request": "purchase_requests",
    "payment": "payments",
    "purchase": "purchase_orders",
    "production": "productions",
}
_TRANSITIONS = {("delivery", "SHIPPED"): "shipped", ("delivery", "DELIVERED"): "shipped", ("order", "CANCELLED"): "cancelled"}


def hint_of(event: Mapping[str, Any]) -> Hint:
    """One change of the log; feed and webhook tell it in the same words. Raises LookupError or ValueError for another shape."""
    entity = str(event["entity"])
    return Hint(
        event_id=str(event["id"]),
        stream=ENTITIES.get(entity, entity),
        external_id=str(event["record"]),
        transition=_TRANSITIONS.get((entity, str(event["status"])), ""),
        occurred_at=dt.datetime.fromisoformat(str(event["at"])),
        origin=str(event.get("requestKey") or ""),
        raw=dict(event),
    )


def feed(config: SandboxErpConfig, cursor: str) -> HintPage:
    """Cursor: "<epoch>:<position>". Raises GoneError when the ERP's database is another one."""
    epoch, _, position = cursor.partition(":")
    given = {"after": position, "epoch": epoch, "limit": FEED_PAGE} if cursor else {"after": "now"}
    answer = retry_reading(lambda: client_of(config).call("changes", given))
    hints = tuple(hint_of(row) for row in answer.get("rows") or ())
    return HintPage(hints=hints, cursor=f"{answer['epoch']}:{answer['next']}", more=bool(answer["more"]))
