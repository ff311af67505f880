"""From rows to what one person may see: the only way out of the read model for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.core.access import Plan, Projected, Raw, plan
from apps.records import policies
from apps.records.models import Record

PAGES = {
    "deal": "/deals/{}/", "customer": "/customers/{}/", "order": "/orders/{}/", "shipment": "/shipments/{}/", "payment": "/payments/{}/",
    "purchase_order": "/purchase-orders/{}/", "production": "/production/{}/", "case": "/service-requests/{}/",
}  # fmt: skip
SIZE = 25
LARGEST = 500
JUDGED = 2000  # rows that are looked at one by one where a masked field may not tell of itself


@dataclass(frozen=True)
class Listing:
    """One page of records as one person may see them. `as_of`: the oldest reading among them."""

    rows: list[Projected] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1
    size: int = SIZE
    as_of: dt.datetime | None = None
    note: str = ""  # why it does not stand in the order that was asked for


def present(kind: str) -> QuerySet[Record]:
    """Rows that the source still has."""
    return Record.objects.filter(kind=kind, deleted_at=None)


def raw_of(row: Record) -> Raw:
    """A row in the form that plans project: canonical fields with real numbers and moments, `id` (the source's), `system`, `as_of`, `owner`."""
    data = policies.typed(row.kind, row.data)
    data |= {
        "id": row.external_id, "kind": row.kind, "system": row.system, "connection": row.connection, "as_of": row.as_of,
        "owner_id": row.owner_id, "owner": row.owner, "deleted_at": row.deleted_at,
    }
    return Raw(policies.RESOURCES[row.kind], data, row.owner_id)


def viewing(person: Any, kind: str) -> Plan:
    """The person's plan for looking at records of a kind; NotPermitted when there is none."""
    rights = plan(person, "view", policies.RESOURCES[kind])
    rights.decision.require("")
    return rights


def listing(person: Any, kind: str, *, q: str = "", page: int = 1, size: int = SIZE, order: tuple[str, ...] = ("name", "pk"),
            extra: Q | None = None, by: Iterable[str] = ()) -> Listing:
    """Count, cut and project in this order: neither the total nor the pages tell of rows outside the plan, nor a search or a filter of a field that
    is masked, nor the order of rows whose place would tell a masked value. `by`: fields that `extra` asks for."""
    rights = viewing(person, kind)
    size, words = max(1, min(size, LARGEST)), q.lower().split()[:6]
    found: Any = present(kind).filter(rights.q("owner_id"))
    for word in words:
        found = found.filter(search__contains=word)
    if extra is not None:
        found = found.filter(extra)
    ordered = found.select_related("owner").order_by(*order)
    if not rights.reads_always({*by, *(policies.searched_fields(kind) if words else ())}):
        ordered = _judged(ordered, rights, words, set(by))
        found = ordered
    fields = policies.ordered_fields(kind, _columns(order))
    note = ""
    if not rights.reads_always(fields):
        ordered, note = _disordered(ordered, rights, fields)
    rows, total, page = _cut(ordered, found, page, size)
    shown = [rights.project(raw_of(row)) for row in rows]
    return Listing(shown, total, page, policies.pages(total, size), size, policies.oldest(row.as_of for row in rows), note)


def _cut(ordered: Any, found: Any, page: int, size: int) -> tuple[list[Record], int, int]:
    """Rows of a page, how many there are in all, and which page it is; one beyond the last is the last. A first page that is not full tells the
    total itself."""
    rows = list(ordered[:size]) if page <= 1 else []
    if page <= 1 and len(rows) < size:
        return rows, len(rows), 1
    total = len(found) if isinstance(found, list) else found.count()
    page = max(1, min(page, policies.pages(total, size)))
    return rows or list(ordered[(page - 1) * size : page * size]), total, page


def _columns(order: tuple[Any, ...]) -> list[str]:
    """The columns of an order; an expression is one of the moments or, of last contacts, nobody's secret."""
    return [one.lstrip("-") if isinstance(one, str) else "occurred_at" for one in order]


def _disordered(found: Iterable[Record], rights: Plan, fields: set[str]) -> tuple[list[Record], str]:
    """First the rows whose values this person reads, in the order asked for; then the others, by the source's ids, which tell nothing."""
    rows = list(found[:JUDGED] if isinstance(found, QuerySet) else found)
    read = {row.pk: all(rights.may_read(name, row.owner_id) for name in fields) for row in rows}
    rest = sorted((row for row in rows if not read[row.pk]), key=lambda row: row.external_id)
    note = _("Not all of it stands in order: the order would tell a value that your role does not see.") if rest else ""
    return [*(row for row in rows if read[row.pk]), *rest], note


def _judged(found: QuerySet[Record], rights: Plan, words: list[str], by: set[str]) -> list[Record]:
    """Those among the first that are still found by what this person may read of them."""
    kept = []
    for row in found[:JUDGED]:
        shown = rights.project(raw_of(row))
        text = f"{row.external_id.lower()} {policies.search_text(row.kind, shown)}"
        if all(word in text for word in words) and all(rights.may_read(name, row.owner_id) for name in by):
            kept.append(row)
    return kept


def one(person: Any, kind: str, ident: str) -> Projected | None:
    """By the source's id, else by key; None for unknown and for outside the plan alike."""
    rights = viewing(person, kind)
    visible = present(kind).filter(rights.q("owner_id")).select_related("owner")
    row = visible.filter(external_id=ident).first() or (visible.filter(key=ident).order_by("pk").first() if ident else None)
    return rights.project(raw_of(row)) if row else None


def row_of(kind: str, ident: str) -> Record | None:
    """The row itself, for services."""
    return present(kind).filter(external_id=ident).select_related("owner").first()


def page_of(kind: str, external_id: str) -> str:
    """The portal's page of a record; "" when the kind has none or the record is not known."""
    if kind not in PAGES or row_of(kind, external_id) is None:
        return ""
    return PAGES[kind].format(quote(external_id, safe=""))
