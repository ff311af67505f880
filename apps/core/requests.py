"""The request as our middlewares leave it, for type checks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class PortalRequest(HttpRequest):
    """`person`: apps.directory.models.Person of the account, or None. `htmx`: django-htmx's details, falsy for a full page."""

    person: Any
    htmx: Any
