"""Records without a viewer, for services and the engine: what comes out may not be shown."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from apps.core.access import Raw
from apps.records import policies
from apps.records.models import Record
from apps.records.selectors.rows import present


def _raw(row: Record) -> Raw:
    """`data` is the canonical JSON: numbers and moments as text."""
    return Raw(policies.RESOURCES[row.kind], {**row.data, "id": row.external_id, "as_of": row.as_of.isoformat()}, row.owner_id)


def _row(kind: str, external_id: str, key: str) -> Record | None:
    if external_id:
        return present(kind).filter(external_id=external_id).first()
    return present(kind).filter(key=key).order_by("pk").first() if key else None


def raw(kind: str, *, external_id: str = "", key: str = "") -> Raw | None:
    """One record by the source's id or by its business key; None when it is unknown or gone."""
    row = _row(kind, external_id, key)
    return _raw(row) if row else None


def as_of(kind: str, *, external_id: str = "", key: str = "") -> dt.datetime | None:
    """When that record was last read."""
    row = _row(kind, external_id, key)
    return row.as_of if row else None


def raw_order_of(*, reference: str) -> Raw | None:
    """The order that names this deal."""
    row = present("order").filter(reference=reference).order_by("pk").first() if reference else None
    return _raw(row) if row else None


def raw_shipments_of(*, order_id: str = "", order_no: str = "") -> list[Raw]:
    """Delivery notes of one order, by number."""
    wanted = Q(pk=None)
    if order_id:
        wanted |= Q(links__kind="order", links__target=order_id)
    if order_no:
        wanted |= Q(search__contains=order_no.lower())
    rows = present("shipment").filter(wanted).distinct().order_by("key", "external_id")
    return [_raw(row) for row in rows
            if (order_id and order_id in map(str, row.data.get("order_ids") or ())) or (order_no and order_no in (row.data.get("order_keys") or ()))]


def latest_follow_up(*, customer_id: str = "", deal_id: str = "") -> Raw | None:
    """The newest follow-up of the deal or of its customer."""
    wanted = Q(pk=None)
    if customer_id:
        wanted |= Q(customer_id=customer_id)
    if deal_id:
        wanted |= Q(links__kind="deal", links__target=deal_id)
    row = present("follow_up").filter(wanted).order_by("-occurred_at", "pk").first()
    return _raw(row) if row else None


def raw_invoices_of(*, order_id: str) -> list[Raw]:
    """Invoices of one order."""
    return [_raw(row) for row in present("invoice").filter(links__kind="order", links__target=order_id).order_by("key", "external_id")]
