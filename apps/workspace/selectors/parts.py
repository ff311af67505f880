"""Small steps that the record pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from apps.core.access import Masked, Projected, plan
from apps.core.errors import NotFound, NotPermitted
from apps.records.selectors import Listing
from apps.workspace.selectors.paging import Count, ListPage


def masked(value: Any) -> bool:
    """True for a mask."""
    return isinstance(value, Masked)


def list_page(found: Listing) -> ListPage:
    """A page out of what the records' selectors give (which turn to the last page when asked for one beyond)."""
    return ListPage(list(found.rows), found.page, Count(found.total, found.pages))


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


def quoted(ident: Any) -> str:
    """An id of an outside system as one step of a path."""
    return quote(str(ident), safe="")
