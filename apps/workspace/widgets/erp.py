"""Widgets over the ERP's records, as far as the person may see them; what they offer to do is written to the ERP as that person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.widgets import Widget, register
from apps.records import selectors as records
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
        """rows: the first; count: of all below."""
        below = records.stock(person, below=True, size=3)
        return {"rows": below.rows, "count": below.total, **freshness(state_of("erp"), below.rows)}


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
