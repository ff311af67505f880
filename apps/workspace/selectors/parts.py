"""Small steps that the record pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from apps.core.access import Masked, Projected, plan
from apps.core.errors import NotFound, NotPermitted
from apps.integrations import selectors as integrations
from apps.records.selectors import Listing
from apps.workspace.selectors.paging import Count, ListPage


def masked(value: Any) -> bool:
    """True for a mask."""
    return isinstance(value, Masked)


def list_page(found: Listing) -> ListPage:
    """A page out of what the records' selectors give (which turn to the last page when asked for one beyond)."""
    return ListPage(list(found.rows), found.page, Count(found.total, found.pages), found.note)


def one(record: Projected | None) -> Projected:
    """The record, or NotFound."""
    if record is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    return record


def related(person: Any, resource: str, read: Callable[[], Any]) -> list[Projected] | None:
    """Related records; None when this person may see none of that kind."""
    if not plan(person, "view", resource).allowed:
        return None
    try:
        return list(read().rows)
    except NotPermitted:
        return None


def held_back(person: Any, system: str, kind: str, external_id: str) -> str:
    """Where the newest version of a record waits for a cure, when it could not be taken; "" when all is well or not for this person."""
    if not plan(person, "view", "integrations.quarantine").allowed:
        return ""
    item = integrations.open_item_of(system, kind, external_id)
    seen = item is not None and integrations.quarantine_item(person, item.pk) is not None
    return f"/quarantine/{item.pk}/" if item is not None and seen else ""


def quoted(ident: Any) -> str:
    """An id of an outside system as one step of a path."""
    return quote(str(ident), safe="")
