"""Sales orders with their shipments and invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.business import selectors as business
from apps.core.access import Projected, plan
from apps.core.templatetags.atrium import quantity
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.paging import ListPage

LEFT_THE_HOUSE = ("shipped", "done")


def listed(person: Any, *, q: str, number: int) -> ListPage:
    """A page of orders, newest first."""
    return parts.list_page(records.orders(person, q=q, page=number))


def found(person: Any, order_id: str) -> Projected:
    """The order, or NotFound."""
    return parts.one(records.order(person, order_id))


def sheet(person: Any, order_id: str) -> dict[str, Any]:
    """Everything of the record page."""
    order = found(person, order_id)
    shipments = parts.related(person, "erp.shipment", lambda: records.shipments(person, order_id=order_id))
    invoices = parts.related(person, "erp.invoice", lambda: records.invoices(person, order_id=order_id))
    return {
        "order": order,
        "number": order.get("key") or order["id"],
        "shipments": shipments,
        "shipped_parts": shipped_words(order, shipments or []),
        "invoices": invoices,
        "invoice_chain": plan(person, "view", "erp.invoice").decision.chain,
        **_deal_of(person, order),
        "customer_url": _customer_url(person, order),
    }


def shipped_words(order: Projected, shipments: list[Projected]) -> str:
    """'12 of 20 pieces have left the house' while an order ships in parts; else nothing."""
    lines = order.get("lines") or ()
    if parts.masked(lines) or not shipments:
        return ""
    ordered = sum((Decimal(str(line.get("quantity") or 0)) for line in lines), Decimal(0))
    gone = sum(
        (Decimal(str(line.get("quantity") or 0)) for s in shipments if s.get("state") in LEFT_THE_HOUSE for line in s.get("lines") or ()),
        Decimal(0),
    )  # fmt: skip
    if not gone or gone >= ordered:
        return ""
    return _("%(gone)s of %(ordered)s pieces have left the house.") % {
        "gone": quantity(gone),
        "ordered": quantity(ordered),
    }


def _deal_of(person: Any, order: Projected) -> dict[str, Any]:
    """The deal this order came from, linked as far as the person may follow."""
    loop = business.loop_of_order(str(order["id"]))
    deal_id = loop.deal_id if loop else str(order.get("reference") or "")
    if not deal_id:
        return {}
    deal = records.raw("deal", external_id=deal_id)
    sees_deal = deal is not None and plan(person, "view", "crm.deal").matches(deal.owner_id)
    sees_case = loop is not None and plan(person, "view", "workflows.instance").allowed
    return {
        "deal_url": f"/deals/{parts.quoted(deal_id)}/" if sees_deal else "",
        "deal_name": deal.data.get("name", deal_id) if deal is not None and sees_deal else deal_id,
        "loop_url": f"/loop/{parts.quoted(loop.business_key)}/" if loop is not None and sees_case else "",
    }


def _customer_url(person: Any, order: Projected) -> str:
    customer = records.raw("customer", key=str(order.get("customer_key") or "")) if order.get("customer_key") else None
    if customer is None or not plan(person, "view", "crm.customer").matches(customer.owner_id):
        return ""
    return f"/customers/{parts.quoted(customer.data['external_id'])}/"
