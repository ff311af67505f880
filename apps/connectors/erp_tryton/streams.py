"""Reading Tryton, record by record kind; and portal_bridge's feed, which follows the order of commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.connectors.erp_tryton import mapping
from apps.connectors.erp_tryton.client import client_of
from apps.connectors.erp_tryton.config import TrytonConfig
from apps.integrations.canonical import Canonical
from apps.integrations.sdk import Hint, HintPage, Page, retry_reading

PAGE = 100
FEED_PAGE = 100


@dataclass(eq=False)
class TrytonStream:
    """`what`: the kind of /portal/read."""

    name: str
    kind: str
    what: str
    mapped: Callable[[Mapping[str, Any]], Canonical]

    def load(self, config: TrytonConfig, cursor: str) -> Page:
        answer = retry_reading(lambda: client_of(config).rows(self.what, after=cursor, limit=PAGE))
        rows = tuple((str(row["id"]), row) for row in answer["rows"])
        return Page(vendor=rows, cursor=str(answer["next"] or (rows[-1][0] if rows else cursor)), more=bool(answer["next"]))

    def fetch(self, config: TrytonConfig, external_id: str) -> Mapping[str, Any] | None:
        rows = retry_reading(lambda: client_of(config).rows(self.what, ids=(external_id,)))["rows"]
        return rows[0] if rows else None

    def map(self, raw: Mapping[str, Any]) -> Canonical:
        return self.mapped(raw)


STREAMS = (
    TrytonStream("products", "product", "product", mapping.product),
    TrytonStream("stock", "stock", "stock", mapping.stock),
    TrytonStream("receivables", "receivable", "receivable", mapping.receivable),
    TrytonStream("orders", "order", "order", mapping.order),
    TrytonStream("shipments", "shipment", "shipment", mapping.shipment),
    TrytonStream("invoices", "invoice", "invoice", mapping.invoice),
    TrytonStream("purchase_requests", "purchase_request", "purchase_request", mapping.purchase_request),
    TrytonStream("payments", "payment", "payment", mapping.payment),
    TrytonStream("purchase_orders", "purchase_order", "purchase_order", mapping.purchase_order),
    TrytonStream("productions", "production", "production", mapping.production),
)
MODELS = {
    "sale.sale": ("orders",),
    "stock.shipment.out": ("shipments",),
    "account.invoice": ("invoices",),
    "account.invoice-account.move.line": ("payments",),
    "purchase.request": ("purchase_requests",),
    "purchase.purchase": ("purchase_orders",),
    "production": ("productions",),
    "party.party": ("receivables",),
    "product.product": ("products", "stock"),
}


def hints_of(event: Mapping[str, Any], epoch: str) -> tuple[Hint, ...]:
    """One change may concern two streams: a stock move tells the product. Another model is passed on as it is and ignored by the framework.
    Raises LookupError or ValueError for another shape."""
    model, names = str(event["model"]), set(event.get("names") or ())
    streams = MODELS.get(model, (model,))
    if model == "product.product" and names == {"stock"}:
        streams = ("stock",)
    state = str(event.get("state") or "")
    transition = "deleted" if event["mode"] == "delete" else "cancelled" if state == "cancelled" else ""
    return tuple(
        Hint(
            event_id=f"{epoch}:{event['id']}",
            stream=stream,
            external_id=str(event["record"]),
            transition=transition,
            occurred_at=dt.datetime.fromisoformat(str(event["at"])),
            origin=str(event.get("command") or ""),
            raw=dict(event),
        )
        for stream in streams
    )


def feed(config: TrytonConfig, cursor: str) -> HintPage:
    """Cursor: "<epoch>:<id>"; "" begins at the end. Raises GoneError after a restore or reset of the ERP's database."""
    if not cursor:
        answer = retry_reading(lambda: client_of(config).get("events", [("since", 0), ("limit", 1)]))
        return HintPage(hints=(), cursor=f"{answer['epoch']}:{answer['last']}", more=False)
    epoch, _, position = cursor.rpartition(":")
    answer = retry_reading(lambda: client_of(config).get("events", [("since", position), ("limit", FEED_PAGE), ("epoch", epoch)]))
    hints = tuple(hint for event in answer["events"] for hint in hints_of(event, str(answer["epoch"])))
    return HintPage(hints=hints, cursor=f"{answer['epoch']}:{answer['next']}", more=bool(answer["more"]))
