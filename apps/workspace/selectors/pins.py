"""Starred records and those opened lately, as their person may see them now."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from apps.core.access import Projected, plan
from apps.core.errors import NotFound
from apps.records import selectors as records
from apps.records.events import RESOURCES
from apps.workspace.models import Pinned

KINDS = {"customer": records.customer, "deal": records.deal, "order": records.order, "shipment": records.shipment, "stock": records.stock_of,
         "payment": records.payment, "purchase_order": records.purchase_order, "production": records.production, "case": records.case}  # fmt: skip
URLS = {"stock": "/stock/?q={}"} | records.PAGES
MOST = 8


def require_seen(person: Any, kind: str, external_id: str) -> Projected:
    """The record. Raises NotFound for one that is not there or not for this person."""
    found = KINDS[kind](person, external_id) if kind in KINDS and plan(person, "view", RESOURCES[kind]).allowed else None
    if found is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    return found


def is_starred(person: Any, kind: str, external_id: str) -> bool:
    return Pinned.objects.filter(person=person.pk, star=True, kind=kind, external_id=external_id).exists()


def starred_ids(person: Any, kind: str) -> list[str]:
    """External ids of a kind, the latest first."""
    return list(Pinned.objects.filter(person=person.pk, star=True, kind=kind).order_by("-at", "pk").values_list("external_id", flat=True))


def kept(person: Any, *, star: bool, most: int = MOST) -> list[dict[str, Any]]:
    """[{"kind", "id", "label", "record", "url", "at"}], the latest first. What the person may not see now, or what is gone, is left out and comes back by
    itself."""
    pins = list(Pinned.objects.filter(person=person.pk, star=star).order_by("-at", "pk"))
    wanted: dict[str, list[str]] = {}
    for pin in pins:
        if pin.kind in KINDS:
            wanted.setdefault(pin.kind, []).append(pin.external_id)
    found = records.some(person, wanted)
    shown = [pin for pin in pins if (pin.kind, pin.external_id) in found][:most]
    return [_row(pin, found[pin.kind, pin.external_id]) for pin in shown]


def _row(pin: Pinned, record: Projected) -> dict[str, Any]:
    label = str(record.get("name") or record.get("key") or pin.external_id)
    return {"kind": pin.kind, "id": pin.external_id, "label": label, "record": record, "at": pin.at,
            "url": URLS[pin.kind].format(quote(pin.external_id, safe=""))}
