"""Reading connections, their streams and runs, and quarantine."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.core.access import plan
from apps.integrations.models import Connection, InboundMessage, QuarantineItem, StreamState, SyncRun


def connection(system: str) -> Connection | None:
    """The connection of "erp" or "crm"; None while it is not connected."""
    return Connection.objects.filter(key=system).first()


def connections() -> QuerySet[Connection]:
    """All connections by key, with `open_items` (records in quarantine)."""
    return Connection.objects.annotate(open_items=Count("quarantine", filter=Q(quarantine__state=QuarantineItem.State.OPEN)))


def streams(of: Connection) -> QuerySet[StreamState]:
    """How far each stream was read."""
    return StreamState.objects.filter(connection=of).order_by("stream")


def runs(of: Connection, limit: int = 10) -> list[SyncRun]:
    """The latest runs, newest first."""
    return list(SyncRun.objects.filter(connection=of).order_by("-started_at")[:limit])


def waiting(of: Connection) -> dict[str, int]:
    """How many hints are still to be read, and how many wait for a cure."""
    counts = dict(
        InboundMessage.objects.filter(connection=of, state__in=(InboundMessage.State.PENDING, InboundMessage.State.HELD))
        .values_list("state").annotate(Count("id"))
    )  # fmt: skip
    return {"pending": counts.get("PENDING", 0), "held": counts.get("HELD", 0)}


def messages(of: Connection, limit: int = 20) -> list[InboundMessage]:
    """The latest hints, newest first."""
    return list(InboundMessage.objects.filter(connection=of).defer("raw").order_by("-received_at", "-pk")[:limit])


def quarantine(person: Any, *, state: str = "OPEN", system: str = "") -> QuerySet[QuarantineItem]:
    """Items this person may see, newest first."""
    rights = plan(person, "view", "integrations.quarantine")
    found = QuarantineItem.objects.select_related("connection", "owner").filter(rights.q("owner_id"))
    if state:
        found = found.filter(state=state)
    if system:
        found = found.filter(connection__key=system)
    return found.order_by("-created_at", "pk")


def quarantine_item(person: Any, item_id: uuid.UUID | str) -> QuarantineItem | None:
    """One item, or None: unknown and not visible answer alike."""
    try:
        return quarantine(person, state="").filter(pk=item_id).first()
    except (ValueError, TypeError):
        return None


def open_item_of(system: str, kind: str, external_id: str) -> QuarantineItem | None:
    """The open item of one record: pages of the record say so. The caller has shown that the viewer may see the record."""
    return QuarantineItem.objects.filter(connection__key=system, kind=kind, external_id=external_id, state=QuarantineItem.State.OPEN).first()


def steward_login(system: str) -> str:
    """Who answers for records of this system that nobody else owns."""
    return Connection.objects.filter(key=system).values_list("steward", flat=True).first() or ""


def held_ids(connection_key: str, kind: str) -> list[str]:
    """External ids of this kind that are in quarantine now."""
    found = QuarantineItem.objects.filter(connection__key=connection_key, kind=kind, state=QuarantineItem.State.OPEN)
    return list(found.values_list("external_id", flat=True))
