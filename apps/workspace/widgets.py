"""The home page's widgets over records of ERP and CRM, as far as the person may see them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.widgets import Widget, register
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.systems import SystemState, state_of

ROWS = 5


def _fresh(system: SystemState, rows: list[Any]) -> dict[str, Any]:
    """How old the figures are: as fresh as the last reading of the change feed, else as the oldest row."""
    oldest = min((row["as_of"] for row in rows if row.get("as_of")), default=None)
    return {"as_of": system.checked_at or oldest, "stale_after": system.stale_after}


@register
class StockAlerts(Widget):
    """Products below their order point."""

    key = "erp.stock_alerts"
    title = _("Stock alerts")
    icon = "packages"
    system = "erp"
    resource = "erp.stock"
    size = (3, 3)
    refresh = 30
    template = "workspace/widgets/stock_alerts.html"
    listens = ("record-stock",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: the first; count: of all below."""
        below = records.stock(person, below=True, size=3)
        return {"rows": below.rows, "count": below.total, **_fresh(state_of("erp"), below.rows)}


@register
class MyOrders(Widget):
    """The newest orders of customers that belong to the person; a person without any sees the newest of all."""

    key = "erp.my_orders"
    title = _("My orders")
    icon = "shopping-cart"
    system = "erp"
    resource = "erp.order"
    size = (3, 3)
    refresh = 30
    template = "workspace/widgets/my_orders.html"
    listens = ("record-order", "record-shipment")
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: newest first."""
        rows = records.orders(person, mine=True, page=1, size=ROWS).rows
        return {"rows": list(rows), **_fresh(state_of("erp"), list(rows))}


@register
class MyPipeline(Widget):
    """Open deals of the person by stage."""

    key = "crm.my_pipeline"
    title = _("My pipeline")
    icon = "target-arrow"
    system = "crm"
    resource = "crm.deal"
    size = (3, 3)
    refresh = 30
    template = "workspace/widgets/my_pipeline.html"
    listens = ("record-deal",)

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {stage, count, amount, percent}; left_out: deals in another currency than the company's."""
        deals = [d for d in records.deals(person, mine=True, page=1, size=500).rows if d.get("stage_kind") == "open"]
        stages: dict[str, dict[str, Any]] = {}
        left_out = 0
        for deal in deals:
            row = stages.setdefault(str(deal.get("stage") or "–"), {"count": 0, "amount": Decimal(0)})
            row["count"] += 1
            amount = deal.get("amount")
            if amount in (None, "") or parts.masked(amount):
                continue
            if deal.get("currency") != settings.COMPANY_CURRENCY:
                left_out += 1
                continue
            row["amount"] += Decimal(str(amount))
        most = max((row["amount"] for row in stages.values()), default=Decimal(0)) or Decimal(1)
        rows = [{"stage": stage, **row, "percent": int(100 * row["amount"] / most)} for stage, row in stages.items()]
        rows.sort(key=lambda row: -row["amount"])
        return {
            "rows": rows[:ROWS],
            "count": len(deals),
            "left_out": left_out,
            "currency": settings.COMPANY_CURRENCY,
            **_fresh(state_of("crm"), deals),
        }
