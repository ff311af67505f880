"""Records as facts are made of them: without a viewer, for services; and the same records for one person, by their names."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from apps.core.access import RESOURCES, Projected, plan
from apps.records import policies
from apps.records.models import Record
from apps.records.selectors.rows import raw_of


@dataclass(frozen=True)
class Measured:
    """A record as the read model has it. `data`: canonical JSON. `gone`: the source has it no longer."""

    connection: str
    system: str
    kind: str
    external_id: str
    key: str
    owner_id: uuid.UUID | None
    customer_key: str
    customer_id: str
    data: Mapping[str, Any]
    as_of: dt.datetime
    gone: bool


def _measured(rows: QuerySet[Record]) -> list[Measured]:
    return [
        Measured(row.connection, row.system, row.kind, row.external_id, row.key, row.owner_id, row.customer_key, row.customer_id, row.data, row.as_of,
                 row.deleted_at is not None)
        for row in rows
    ]  # fmt: skip


def measured(kind: str, external_ids: Iterable[str], connection: str = "") -> list[Measured]:
    """By the source's ids; those that are gone too."""
    rows = Record.objects.filter(kind=kind, external_id__in=list(external_ids))
    return _measured(rows.filter(connection=connection) if connection else rows)


def naming(kind: str, keys: Iterable[str]) -> list[Measured]:
    """By business key, as far as the source has them."""
    return _measured(Record.objects.filter(kind=kind, key__in=[key for key in keys if key], deleted_at=None))


def of_customers(keys: Iterable[str], ids: Iterable[str], except_for: Iterable[str] = ()) -> dict[tuple[str, str], list[str]]:
    """(connection, kind) -> external ids of everything that names one of these customers, by business key or by the source's id."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, values in (("customer_key", keys), ("customer_id", ids)):
        rows = Record.objects.filter(**{f"{name}__in": [value for value in values if value]}).exclude(kind__in=list(except_for))
        for connection, kind, ident in rows.values_list("connection", "kind", "external_id"):
            found.setdefault((connection, kind), []).append(ident)
    return found


def measured_of_customers(kinds: Iterable[str], keys: Iterable[str], ids: Iterable[str]) -> list[Measured]:
    """Records of these kinds that name one of these customers, by key or by id, as far as the sources have them."""
    named = Q(customer_key__in=[key for key in keys if key]) | Q(customer_id__in=[ident for ident in ids if ident])
    return _measured(Record.objects.filter(named, kind__in=list(kinds), deleted_at=None))


def dated_by_customer(kind: str, customer_keys: Iterable[str], except_states: Iterable[str]) -> dict[str, dt.datetime]:
    """Customer key -> the moment of the customer's first record of a kind, for those that have one."""
    rows = Record.objects.filter(kind=kind, customer_key__in=list(customer_keys), deleted_at=None, occurred_at__isnull=False)
    return dict(rows.exclude(state__in=list(except_states)).order_by().values_list("customer_key").annotate(Min("occurred_at")))


def follow_ups_of(deal_ids: Iterable[str]) -> dict[str, int]:
    """Deal id -> how many follow-ups name it."""
    rows = Record.objects.filter(kind="follow_up", deleted_at=None, links__kind="deal", links__target__in=list(deal_ids))
    return {str(deal): int(count) for deal, count in rows.values_list("links__target").annotate(Count("pk"))}


def orders_named(kind: str, order_ids: Iterable[str]) -> list[str]:
    """External ids of records of a kind that name one of these orders."""
    return list(Record.objects.filter(kind=kind, links__kind="order", links__target__in=list(order_ids)).values_list("external_id", flat=True).distinct())


def every(kinds: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    """(connection, kind, external id) of all records of these kinds, to read everything once."""
    return Record.objects.filter(kind__in=list(kinds)).order_by("kind", "pk").values_list("connection", "kind", "external_id").iterator(chunk_size=500)


def projected(person: Any, names: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Projected]:
    """(connection, kind, external id) -> the record as this person may see it; what may not be seen is left out. One query a kind."""
    wanted: dict[str, list[tuple[str, str]]] = {}
    for connection, kind, ident in names:
        wanted.setdefault(kind, []).append((connection, ident))
    found: dict[tuple[str, str, str], Projected] = {}
    for kind, pairs in wanted.items():
        resource = policies.RESOURCES.get(kind, "")
        rights = plan(person, "view", resource) if resource in RESOURCES else None
        if rights is None or not rights.allowed:
            continue
        rows = Record.objects.filter(rights.q("owner_id"), kind=kind, external_id__in=[ident for _c, ident in pairs]).select_related("owner")
        found |= {(row.connection, kind, row.external_id): rights.project(raw_of(row)) for row in rows}
    return found
