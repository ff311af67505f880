"""Widgets over the ERP's records, as far as the person may see them; what they offer to do is written to the ERP as that person."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.access import plan
from apps.core.widgets import Widget, register
from apps.records import selectors as records
from apps.workspace.selectors.shipments import next_step
from apps.workspace.selectors.systems import freshness, state_of

ROWS = 5


@register
class StockAlerts(Widget):
    """Products below their order point."""

    key = "erp.stock_alerts"
    title = _("Stock alerts")
    about = _("Products below their order point; order them here.")
    icon = "packages"
    system = "erp"
    resource = "erp.stock"
    size = (4, 3)
    refresh = 30
    template = "workspace/widgets/stock_alerts.html"
    listens = ("record-stock",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {stock, missing}, the first; count: of all below; may_order."""
        below = records.stock(person, below=True, size=ROWS)
        rows = [{"stock": row, "missing": _missing(row)} for row in below.rows]
        return {"rows": rows, "count": below.total,
                "may_order": plan(person, "create", "erp.purchase_request").allowed, **freshness(state_of("erp"), below.rows)}


def _missing(row: Any) -> Decimal | None:
    """What would bring it back to its order point; None when a figure is masked or missing."""
    point, available = row.get("order_point"), row.get("available")
    return point - available if isinstance(point, Decimal) and isinstance(available, Decimal) else None


@register
class MyOrders(Widget):
    """The newest orders of customers that belong to the person; a person without any sees the newest of all."""

    key = "erp.my_orders"
    title = _("My orders")
    about = _("The newest orders of your customers and how far they are.")
    icon = "shopping-cart"
    system = "erp"
    resource = "erp.order"
    size = (4, 3)
    refresh = 30
    template = "workspace/widgets/my_orders.html"
    listens = ("record-order", "record-shipment")
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: newest first."""
        rows = records.orders(person, mine=True, page=1, size=ROWS).rows
        return {"rows": list(rows), **freshness(state_of("erp"), list(rows))}


@register
class ToShip(Widget):
    """What has to leave the house, with its next step."""

    key = "erp.to_ship"
    title = _("To ship")
    about = _("Delivery notes that wait for the warehouse; take them one step on here.")
    icon = "truck-delivery"
    system = "erp"
    resource = "erp.shipment"
    action = "advance"
    size = (4, 3)
    refresh = 30
    template = "workspace/widgets/to_ship.html"
    listens = ("record-shipment",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {shipment, step}; count: of all that wait."""
        found = records.shipments(person, state="open", size=ROWS)
        may = plan(person, "advance", "erp.shipment")
        rows = [{"shipment": row, "step": next_step(str(row.get("state", ""))) if may.matches(row.get("owner_id")) else None} for row in found.rows]
        return {"rows": rows, "count": found.total, **freshness(state_of("erp"), found.rows)}


@register
class Overdue(Widget):
    """Customers with something past its due date; their seller can be reminded."""

    key = "erp.overdue"
    title = _("Overdue receivables")
    about = _("What customers owe past its due date; remind the seller to collect it.")
    icon = "cash"
    system = "erp"
    resource = "erp.receivable"
    size = (4, 3)
    refresh = 60
    template = "workspace/widgets/overdue.html"
    listens = ("record-receivable", "record-invoice")
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: largest first; count: of all; may_remind."""
        found = records.receivables(person, overdue=True, size=ROWS)
        return {"rows": found.rows, "count": found.total, "may_remind": plan(person, "remind", "erp.receivable").allowed,
                **freshness(state_of("erp"), found.rows)}


@register
class Purchases(Widget):
    """What was asked to be bought."""

    key = "erp.purchases"
    title = _("Purchase requests")
    about = _("What was asked to be bought, and for which order.")
    icon = "shopping-bag"
    system = "erp"
    resource = "erp.purchase_request"
    size = (4, 3)
    refresh = 60
    template = "workspace/widgets/purchases.html"
    listens = ("record-purchase_request",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        found = records.purchase_requests(person, size=ROWS)
        return {"rows": found.rows, "count": found.total, **freshness(state_of("erp"), found.rows)}
