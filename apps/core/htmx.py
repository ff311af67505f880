"""One URL, page or fragment; toasts out of band; forms that fail answer 422."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def wants_fragment(request: HttpRequest) -> bool:
    """True for an htmx request that is not a boosted navigation or a history restore."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page(request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, fragment: str | None = None,
         status: int = 200) -> HttpResponse:
    """Render `template` as a full page, or only `fragment` (its own template file) when htmx asks for the part."""
    chosen = fragment if fragment and wants_fragment(request) else template
    response = render(request, chosen, dict(context or {}), status=status)
    response["Vary"] = "HX-Request"
    return response


def add_toast(response: HttpResponse, text: Any, *, tone: str = "ok") -> HttpResponse:
    """Append an out-of-band toast (component file components/toast.html; tone ok | warn | danger | info)."""
    response.write(render_to_string("components/toast_oob.html", {"text": str(text), "tone": tone}))
    return response


def trigger(response: HttpResponse, name: str, detail: Mapping[str, Any] | None = None) -> HttpResponse:
    """Tell the page that something happened (HX-Trigger)."""
    response["HX-Trigger"] = json.dumps({name: dict(detail or {})})
    return response
