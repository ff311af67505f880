"""Widgets that ask a system now: figures of this moment for what a person starred. Read behind the page; nobody waits for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.access import Projected, Raw, plan
from apps.core.errors import SystemUnavailable
from apps.core.widgets import Widget, register
from apps.integrations import services as integrations
from apps.records import selectors as records
from apps.workspace.selectors import pins

ROWS = 6


def _answer(system: str, reads: list[integrations.LiveRead], now: dt.datetime) -> list[Any]:
    """All answers, or SystemUnavailable: half a widget would be taken for a whole one."""
    answers = integrations.read_all_live(reads=reads, now=now)
    missing = next((answer for answer in answers if not answer.ok), None)
    if missing is not None:
        raise SystemUnavailable(missing.error)
    return answers


def _starred(person: Any, kind: str) -> list[Projected]:
    return list(records.some(person, {kind: pins.starred_ids(person, kind)[:ROWS]}).values())


def _projected(person: Any, resource: str, known: Projected, live: dict[str, Any]) -> Projected:
    """The record as it is known, with the figures of this moment, through the person's rights."""
    raw = records.raw(resource.partition(".")[2], external_id=str(known["id"]))
    if raw is None:
        return known
    return plan(person, "view", resource).project(Raw(resource, {**raw.data, **live}, raw.owner_id))


def _numbers(found: Any, names: Iterable[str]) -> dict[str, Decimal | None]:
    return {name: Decimal(str(found[name])) if found.get(name) not in (None, "") else None for name in names if name in found}


@register
class WatchedStock(Widget):
    """Stock of starred products, asked now."""

    key = "erp.watched_stock"
    title = _("Watched stock, live")
    about = _("Products that you starred, with what the ERP has at this moment.")
    icon = "packages"
    system = outside = "erp"
    resource = "erp.stock"
    size = (4, 3)
    refresh = 30
    flush = True
    listens = ("record-stock",)
    template = "workspace/widgets/watched_stock.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        known = _starred(person, "stock")
        if not known:
            return {"rows": [], "as_of": now}
        skus = [str(row.get("key") or row["id"]) for row in known]
        [answer] = _answer("erp", [integrations.LiveRead("erp", action="stock.read", data={"skus": skus})], now)
        figures = (answer.data or {}).get("stock") or {}
        rows = [_projected(person, "erp.stock", row, _numbers(figures.get(sku) or {}, ("on_hand", "available", "order_point")))
                for sku, row in zip(skus, known, strict=True)]
        return {"rows": sorted(rows, key=lambda row: str(row.get("key"))), "as_of": now}


class _Watched(Widget):
    """Starred records of a kind, each read from its system now."""

    kind = ""
    stream = ""

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        known = _starred(person, self.kind)
        if not known:
            return {"rows": [], "as_of": now}
        reads = [integrations.LiveRead(self.outside, stream=self.stream, external_id=str(row["id"])) for row in known]
        answers = _answer(self.outside, reads, now)
        rows = [_projected(person, self.resource, row, answer.data) for row, answer in zip(known, answers, strict=True) if answer.data]
        return {"rows": sorted(rows, key=lambda row: str(row.get("name") or row.get("key"))), "as_of": now}


@register
class WatchedDeals(_Watched):
    """Starred deals, asked now."""

    key = "crm.watched_deals"
    title = _("Watched deals, live")
    about = _("Deals that you starred, as the CRM has them at this moment.")
    icon = "target-arrow"
    system = outside = "crm"
    resource = "crm.deal"
    kind, stream = "deal", "deals"
    size = (4, 3)
    refresh = 30
    flush = True
    listens = ("record-deal",)
    template = "workspace/widgets/watched_deals.html"


@register
class WatchedOrders(_Watched):
    """Starred orders, asked now."""

    key = "erp.watched_orders"
    title = _("Watched orders, live")
    about = _("Orders that you starred, as the ERP has them at this moment.")
    icon = "shopping-cart"
    system = outside = "erp"
    resource = "erp.order"
    kind, stream = "order", "orders"
    size = (4, 3)
    refresh = 30
    flush = True
    listens = ("record-order", "record-shipment")
    template = "workspace/widgets/watched_orders.html"
