"""Reading connections, their streams and runs, and quarantine."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet

from apps.core.access import Projected, Raw, plan
from apps.directory import selectors as directory
from apps.integrations.models import Connection, InboundMessage, QuarantineItem, StreamState, SyncRun


def connection(system: str) -> Connection | None:
    """The connection of "erp" or "crm"; None while it is not connected."""
    return Connection.objects.filter(key=system).first()


def connections() -> QuerySet[Connection]:
    """All connections by key, with `open_items` (records in quarantine)."""
    return Connection.objects.annotate(open_items=Count("quarantine", filter=Q(quarantine__state=QuarantineItem.State.OPEN)))


def connected_ids() -> set[str]:
    """Ids of the connectors that some connection uses."""
    return set(Connection.objects.values_list("connector_id", flat=True))


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
    found = QuarantineItem.objects.select_related("connection", "owner", "closed_by").filter(rights.q("owner_id"))
    if state:
        found = found.filter(state=state)
    if system:
        found = found.filter(connection__key=system)
    return found.order_by("-created_at", "pk")


@dataclass(frozen=True)
class ItemPage:
    """One page of quarantine, in the shape of Django's paginator that templates know."""

    object_list: list[Projected]
    number: int
    paginator: Any
    has_next: bool
    has_previous: bool
    next_page_number: int
    previous_page_number: int


def quarantine_page(person: Any, *, state: str = "OPEN", number: int = 1, size: int = 25) -> ItemPage:
    """Items as this person may see them."""
    rights = plan(person, "view", "integrations.quarantine")
    page = Paginator(quarantine(person, state=state), size).get_page(number)
    return ItemPage(
        [rights.project(_raw(item)) for item in page.object_list], page.number, page.paginator, page.has_next(), page.has_previous(),
        page.number + 1, page.number - 1,
    )  # fmt: skip


def quarantine_counts(person: Any) -> dict[str, int]:
    """State -> how many items of it this person may see."""
    found = quarantine(person, state="").order_by().values_list("state").annotate(Count("id"))
    return {str(state): int(count) for state, count in found}


def quarantine_item(person: Any, item_id: uuid.UUID | str) -> Projected | None:
    """One item, or None: unknown and not visible answer alike."""
    item = quarantine(person, state="").filter(pk=item_id).first()
    return plan(person, "view", "integrations.quarantine").project(_raw(item)) if item else None


def _raw(item: QuarantineItem) -> Raw:
    """Never the vendor record itself: it may hold what this viewer may not see."""
    data = {
        "id": item.pk, "kind": item.kind, "system": item.connection.key, "connection": item.connection.key, "external_id": item.external_id,
        "key": item.key, "url": item.url, "owner_id": item.owner_id, "as_of": item.updated_at, "name": item.name, "owner": item.owner,
        "owner_email": item.owner_email, "state": item.state, "problems": item.problems, "tries": item.tries, "created_at": item.created_at,
        "closed_at": item.closed_at, "reason": item.reason, "closed_by": item.closed_by,
    }  # fmt: skip
    return Raw("integrations.quarantine", data, item.owner_id)


@dataclass(frozen=True)
class ConnectionSheet:
    """What the page shows of a connection. `waiting`: hints to be read and hints that wait for a cure. `steward`: None where nobody in the
    directory has that login."""

    row: Connection
    streams: list[StreamState]
    runs: list[SyncRun]
    waiting: dict[str, int]
    loading: bool
    steward: Any = None


def connection_sheets() -> list[ConnectionSheet]:
    """Every connection with everything that belongs to it."""
    rows = list(connections())
    stewards = directory.people_by_login(row.steward for row in rows)
    return [_sheet(row, stewards.get(row.steward)) for row in rows]


def _sheet(row: Connection, steward: Any) -> ConnectionSheet:
    latest = runs(row, limit=5)
    loading = any(run.finished_at is None for run in latest if run.kind != SyncRun.Kind.INCREMENTAL)
    return ConnectionSheet(row, list(streams(row)), latest, waiting(row), loading, steward)


def open_item_of(system: str, kind: str, external_id: str) -> QuarantineItem | None:
    """The open item of one record: pages of the record say so. The caller has shown that the viewer may see the record."""
    return QuarantineItem.objects.filter(connection__key=system, kind=kind, external_id=external_id, state=QuarantineItem.State.OPEN).first()


def connector_id(connection_key: str) -> str:
    """The connector of a connection, or ""."""
    return Connection.objects.filter(key=connection_key).values_list("connector_id", flat=True).first() or ""


def quarantined() -> list[tuple[str, str, str]]:
    """(id, the owner's address, system) of every open item."""
    rows = QuarantineItem.objects.filter(state=QuarantineItem.State.OPEN).values_list("pk", "owner_email", "connection__key")
    return [(str(item), email, system) for item, email, system in rows]


def steward_login(system: str) -> str:
    """Who answers for records of this system that nobody else owns."""
    return Connection.objects.filter(key=system).values_list("steward", flat=True).first() or ""


def held_ids(connection_key: str, kind: str) -> list[str]:
    """External ids of this kind that are in quarantine now."""
    found = QuarantineItem.objects.filter(connection__key=connection_key, kind=kind, state=QuarantineItem.State.OPEN)
    return list(found.values_list("external_id", flat=True))


def last_answers() -> dict[str, dt.datetime]:
    """System -> when it last answered; systems that never did are left out."""
    return {key: at for key, at in Connection.objects.values_list("key", "last_ok_at") if at is not None}


def open_items_of(connection_key: str, kind: str, external_ids: Iterable[str]) -> dict[str, QuarantineItem]:
    """External id -> its open item, for services that must leave out what was not taken."""
    found = QuarantineItem.objects.filter(connection__key=connection_key, kind=kind, external_id__in=list(external_ids), state=QuarantineItem.State.OPEN)
    return {item.external_id: item for item in found}


def message(connection_key: str, message_id: int) -> InboundMessage | None:
    """One hint of a connection, without its content."""
    return InboundMessage.objects.filter(connection__key=connection_key, pk=message_id).defer("raw").first()


def latest_messages(subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], InboundMessage]:
    """(connection, external id) -> the latest hint about it: the message that a record came by."""
    wanted = set(subjects)
    found = InboundMessage.objects.filter(external_id__in={ident for _key, ident in wanted}).select_related("connection").order_by("received_at", "pk")
    return {(row.connection.key, row.external_id): row for row in found.defer("raw") if (row.connection.key, row.external_id) in wanted}
