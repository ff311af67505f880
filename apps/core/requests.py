"""The request as our middlewares leave it, for type checks; the page it came from; numbers in it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


class PortalRequest(HttpRequest):
    """`person`: apps.directory.models.Person of the account, or None. `htmx`: django-htmx's details, falsy for a full page.
    `todo_count`: set by a page that has counted the to-dos already, for the badge of the frame."""

    person: Any
    htmx: Any
    todo_count: int


def page_of(request: HttpRequest) -> str:
    """Path of the page a person stands on: of a sent form the page it was on, since the form's own address is no page to come back to."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        return "/"
    parts = urlsplit(referer)
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def own_path(request: HttpRequest, value: str | None) -> str:
    """This address when it is one of the portal's own, else empty: nobody is sent elsewhere by a link to the portal."""
    return value if value and url_has_allowed_host_and_scheme(value, {request.get_host()}, require_https=request.is_secure()) else ""


def number(text: str | None, *, digits: int = 6) -> int | None:
    """A number as a URL or a form has it; None for nonsense, for other scripts' digits, and for one so long that no row has it."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= digits else None


def page_number(text: str | None) -> int:
    """The page asked for; nonsense is page 1."""
    return max(1, number(text) or 1)
