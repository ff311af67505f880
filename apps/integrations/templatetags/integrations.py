"""Words of quarantine and connections."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def kind_name(kind: Any) -> str:
    """A kind of record in the reader's language."""
    return {
        "customer": _("Customer"), "deal": _("Deal"), "follow_up": _("Follow-up"), "product": _("Product"), "stock": _("Stock level"),
        "order": _("Order"), "shipment": _("Shipment"), "receivable": _("Receivable"), "invoice": _("Invoice"),
        "purchase_request": _("Purchase request"),
    }.get(str(kind), str(kind))  # fmt: skip


@register.filter
def item_state(state: Any) -> str:
    """Of a record in quarantine."""
    return {"OPEN": _("Open"), "RELEASED": _("Released"), "DISMISSED": _("Dismissed")}.get(str(state), str(state))


@register.filter
def item_tone(state: Any) -> str:
    """The colour of that state."""
    return {"OPEN": "danger", "RELEASED": "ok"}.get(str(state), "line")
