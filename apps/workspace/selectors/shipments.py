"""Delivery notes: what has to leave the house, and the next step of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from apps.core.access import Projected, plan
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.paging import ListPage

OPEN = ("waiting", "assigned", "picked", "packed")


@dataclass(frozen=True)
class NextStep:
    """What the warehouse does next. `partial`: quantities may be lowered at this step."""

    to: str
    label: str
    hint: str
    icon: str
    partial: bool = False


def listed(person: Any, *, q: str, number: int, state: str) -> ListPage:
    """A page of shipments; state "open" or "gone" or "" for all."""
    return parts.list_page(records.shipments(person, q=q, page=number, state=state))


def found(person: Any, shipment_id: str) -> Projected:
    """The shipment, or NotFound."""
    return parts.one(records.shipment(person, shipment_id))


def next_step(state: str) -> NextStep | None:
    """From a state to the one button."""
    if state == "waiting":
        return NextStep("assigned", _("Reserve the goods"), _("The ERP looks for the goods in stock."), "package")
    if state in ("assigned", "picked", "packed"):
        return NextStep("done", _("Ship"), _("The goods leave the house: the seller and the CRM learn it at once."),
                        "truck-delivery", partial=True)  # fmt: skip
    return None


def sheet(person: Any, shipment_id: str) -> dict[str, Any]:
    """Everything of the record page."""
    shipment = found(person, shipment_id)
    sees_orders = plan(person, "view", "erp.order").allowed
    links = [
        {"key": key, "url": f"/orders/{parts.quoted(ident)}/" if sees_orders else ""}
        for ident, key in zip(shipment.get("order_ids") or (), shipment.get("order_keys") or (), strict=False)
    ]
    others: list[Projected] = []
    for ident in shipment.get("order_ids") or ():
        others += parts.related(person, "erp.shipment", partial(records.shipments, person, order_id=ident)) or []
    return {
        "shipment": shipment,
        "number": shipment.get("key") or shipment["id"],
        "order_links": links,
        "other_shipments": [other for other in others if str(other["id"]) != str(shipment["id"])],
        "next_step": next_step(str(shipment.get("state", ""))),
        "may_advance": plan(person, "advance", "erp.shipment").matches(shipment.get("owner_id")),
    }
