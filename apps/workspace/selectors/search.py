"""One search over customers, deals, orders, shipments, products, people, cases, visits, announcements and pages, each with this person's rights.

A slip of the finger still finds; a field that is masked for the person neither matches nor shows.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.business import selectors as business
from apps.core import matching
from apps.core.access import Masked, Projected, plan
from apps.core.templatetags.atrium import moment, money
from apps.directory import selectors as directory
from apps.records import selectors as records
from apps.workflows import selectors as workflows
from apps.workspace.selectors import documents, navigation, parts

HITS = 8
QUICK = 4  # of each group in the palette
LONGEST = 100


@dataclass(frozen=True)
class Hit:
    title: str
    url: str
    meta: str = ""
    kind: str = ""
    state: str = ""


@dataclass(frozen=True)
class Hits:
    key: str
    label: str
    system: str
    hits: list[Hit]


def search(person: Any, q: str, now: Any, *, size: int = HITS) -> list[Hits]:
    """Groups with at least one hit, the group with the best match first."""
    q = q.strip()[:LONGEST]
    if not matching.words(q):
        return []
    found = [*_records(person, q, size), *_documents(person, q, now, size), _people(q, size), _pages(person, q, size)]
    with_hits = [(best, group) for best, group in found if group.hits]
    return [group for _best, group in sorted(with_hits, key=lambda pair: -pair[0])]


Group = tuple[float, Hits]


def _records(person: Any, q: str, size: int) -> list[Group]:
    shown: dict[str, tuple[str, str, Callable[[Projected], Hit]]] = {
        "customer": (_("Customers"), "crm", _customer), "deal": (_("Deals"), "crm", _deal), "order": (_("Orders"), "erp", _order),
        "shipment": (_("Shipments"), "erp", _shipment), "stock": (_("Stock"), "erp", _stock),
        **{kind.kind: (str(kind.title), kind.system, functools.partial(_document, kind)) for kind in documents.KINDS.values()},
    }  # fmt: skip
    found = records.find(person, q, size=size)
    return [
        (found[kind][0][0], Hits("service_request" if kind == "case" else kind, label, system, [show(row) for _value, row in found[kind]]))
        for kind, (label, system, show) in shown.items()
        if found.get(kind)
    ]


def _customer(row: Projected) -> Hit:
    return Hit(str(row.get("name", "")), f"/customers/{parts.quoted(row['id'])}/", f"{row.get('key', '')} {row.get('city', '')}".strip())


def _deal(row: Projected) -> Hit:
    meta = f"{row.get('customer_name', '')} · {money(row.get('amount'), str(row.get('currency', '')))}"
    return Hit(str(row.get("name", "")), f"/deals/{parts.quoted(row['id'])}/", meta, "deal", str(row.get("stage_kind", "")))


def _order(row: Projected) -> Hit:
    meta = f"{row.get('customer_name', '')} · {money(row.get('amount'), str(row.get('currency', '')))}"
    title = str(row.get("key") or row["id"])
    return Hit(title, f"/orders/{parts.quoted(row['id'])}/", meta, "order", str(row.get("state", "")))


def _shipment(row: Projected) -> Hit:
    title = str(row.get("key") or row["id"])
    meta = str(row.get("customer_name", ""))
    return Hit(title, f"/shipments/{parts.quoted(row['id'])}/", meta, "shipment", str(row.get("state", "")))


def _stock(row: Projected) -> Hit:
    return Hit(f"{row.get('key', '')} {row.get('name', '')}", f"/stock/?q={parts.quoted(row.get('key', ''))}")


def _document(kind: documents.Kind, row: Projected) -> Hit:
    meta = " · ".join(_plain(row.get(name)) for name in ("customer_name", "supplier_name", "sku", "invoice_key") if row.get(name))
    return Hit(documents.name_of(kind, row), f"{kind.url}{parts.quoted(row['id'])}/", meta, kind.kind, _plain(row.get("state", "")))


def _documents(person: Any, q: str, now: Any, size: int) -> list[Group]:
    """The newest of OA's own: what lies further back is found from its customer."""
    groups = []
    if plan(person, "view", "business.visit").allowed:
        rows = business.visits(person, now=now, size=200).rows
        visits = ((" ".join(_plain(row.get(name, "")) for name in ("number", "customer", "purpose", "place")), row) for row in rows)
        groups.append(_best("visit", _("Visits"), q, visits, size, _visit))
    if plan(person, "view", "business.announcement").allowed:
        news = ((f"{one.row.title} {one.row.title_zh}", one) for one in business.announcements(person, now=now, size=200).rows)
        groups.append(_best("announcement", _("Announcements"), q, news, size, lambda one: Hit(
            one.title, f"/announcements/{one.row.pk}/", moment(one.row.visible_from))))  # fmt: skip
    if plan(person, "view", "workflows.instance").allowed:
        cases = ((f"{label} {_plain(title)}", (key, title, label)) for key, title, label in workflows.cases_of(person, size=200))
        groups.append(_best("case", _("Cases"), q, cases, size, lambda case: Hit(str(case[1]), f"/loop/{parts.quoted(case[0])}/", case[2])))
    return groups


def _visit(row: Projected) -> Hit:
    begins = row.get("starts_at")
    meta = " · ".join(str(part) for part in (row.get("customer", ""), moment(begins) if isinstance(begins, dt.datetime) else "") if str(part))
    return Hit(f"{row.get('number', '')} {row.get('purpose', '')}".strip() or _("Visit"), f"/visits/{row['id']}/", meta)


def _plain(value: Any) -> str:
    """A masked value has no words."""
    return "" if isinstance(value, Masked) else str(value)


def _best(key: str, label: str, q: str, rows: Iterable[tuple[str, Any]], size: int, show: Callable[[Any], Hit], system: str = "oa") -> Group:
    scored = [(matching.score(q, text), row) for text, row in rows]
    found = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:size]
    return (found[0][0] if found else 0.0), Hits(key, label, system, [show(row) for _value, row in found])


def _people(q: str, size: int) -> Group:
    """Colleagues by name or login; what everybody in the company may know of them."""
    language = get_language() or "en"

    def show(person: Any) -> Hit:
        unit = person.org_unit.display(language) if person.org_unit else ""
        return Hit(person.display(language), "", " · ".join(text for text in (person.display_title(language), unit) if text))

    names = ((f"{name} {name_zh} {login}", pk) for pk, name, name_zh, login in directory.names())
    best, found = _best("person", _("People"), q, names, size, lambda pk: Hit("", str(pk)))
    known = directory.people_by_id(hit.url for hit in found.hits)
    order = {hit.url: at for at, hit in enumerate(found.hits)}
    people = sorted(known.values(), key=lambda one: order[str(one.pk)])
    return best, Hits("person", found.label, "oa", [show(one) for one in people])


def _pages(person: Any, q: str, size: int) -> Group:
    """Pages of the rail and beginnings, by the words of the reader's language."""
    places = [(str(item.label), Hit(item.label, item.url, _("Page"))) for group in navigation.groups(person, "") for item in group.items]
    begin = [(f"{one.title} {one.words}", Hit(str(one.title), one.url, _("Start something"))) for one in workflows.startables(person)]
    return _best("page", _("Pages"), q, [*places, *begin], size, lambda hit: hit)
