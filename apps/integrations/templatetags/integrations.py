"""Words of quarantine and connections."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

register = template.Library()


@register.filter
def kind_name(kind: Any) -> str:
    """A kind of record in the reader's language."""
    return {
        "customer": _("Customer"), "deal": _("Deal"), "follow_up": _("Follow-up"), "product": _("Product"), "stock": _("Stock level"),
        "order": _("Order"), "shipment": _("Shipment"), "receivable": _("Receivable"), "invoice": _("Invoice"),
        "purchase_request": _("Purchase request"), "case": _("Service request"), "payment": _("Payment"),
        "purchase_order": _("Purchase order"), "production": _("Production order"),
    }.get(str(kind), str(kind))  # fmt: skip


@register.filter
def item_state(state: Any) -> str:
    """Of a record in quarantine."""
    return {"OPEN": pgettext("quarantine", "Open"), "RELEASED": _("Released"), "DISMISSED": _("Dismissed")}.get(str(state), str(state))


@register.filter
def item_tone(state: Any) -> str:
    """The colour of that state."""
    return {"OPEN": "danger", "RELEASED": "ok"}.get(str(state), "line")


@register.filter
def stream_name(stream: Any) -> str:
    """What a stream carries, in the reader's language; an unknown one by its own name."""
    return {
        "customers": _("Customers"), "deals": _("Deals"), "follow_ups": _("Follow-ups"), "products": _("Products"), "stock": _("Stock"),
        "orders": _("Orders"), "shipments": _("Shipments"), "receivables": _("Receivables"), "invoices": _("Invoices"),
        "purchase_requests": _("Purchase requests"), "cases": _("Service requests"), "payments": _("Payments"),
        "purchase_orders": _("Purchase orders"), "productions": _("Production orders"),
    }.get(str(stream), str(stream))  # fmt: skip
