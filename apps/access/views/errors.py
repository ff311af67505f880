"""Refusals and errors, as pages, fragments or JSON. None of them shows a value, a path of ours or a stack."""

from __future__ import annotations

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.core.access import Decision
from apps.core.errors import DomainError
from apps.core.htmx import wants_fragment
from apps.core.requests import page_of


def wants_json(request: HttpRequest) -> bool:
    """Programs: everything under /api/."""
    return request.path.startswith("/api/")


def answer_json(code: str, message: Any, status: int, details: Any = None) -> JsonResponse:
    """The API's one form of failure."""
    return JsonResponse({"error": {"code": code, "message": str(message), "details": details or {}}}, status=status)


def refused(request: HttpRequest, decision: Decision, message: str = "") -> HttpResponse:
    """403 with why (group -> role -> rule) and whom to ask; the value stays unsaid."""
    text = message or _("Your roles do not include this page.")
    if wants_json(request):
        return answer_json("not_permitted", text, 403, {"chain": list(decision.chain), "owner": decision.owner})
    context = {"message": text, "chain": decision.chain, "owner": decision.owner}
    template = "access/refused_part.html" if wants_fragment(request) else "access/refused.html"
    return _page(request, template, context, 403)


def failed(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A named refusal of a service that its view let through."""
    if wants_json(request):
        return answer_json(error.code, error.message, error.status, error.details)
    if error.status == 404:
        return not_found(request)
    whole = "errors/503.html" if error.status == 503 else "errors/failed.html"
    template = "errors/failed_part.html" if wants_fragment(request) else whole
    return _page(request, template, {"message": str(error.message)}, error.status)


def away(request: HttpRequest) -> HttpResponse:
    """503: the identity provider does not answer, so only reading is allowed."""
    text = _("The sign-in service does not answer. You can go on reading; changes wait until it is back.")
    if wants_json(request):
        return answer_json("sign_on_away", text, 503)
    template = "errors/failed_part.html" if wants_fragment(request) else "errors/503.html"
    response = _page(request, template, {"message": text}, 503)
    response["Retry-After"] = "10"
    return response


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """handler403."""
    return refused(request, Decision(False))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from another site, or one that lay open too long."""
    text = _("This form was not sent from its own page, or the page is too old. Nothing was changed. Reload the page.")
    if wants_json(request):
        return answer_json("csrf_refused", text, 403)
    template = "errors/failed_part.html" if wants_fragment(request) else "errors/failed.html"
    return _page(request, template, {"message": text}, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """handler404: the same words for what does not exist and for what may not be known."""
    text = _("There is no such page or record, or you may not see it.")
    if wants_json(request):
        return answer_json("not_found", text, 404)
    template = "errors/failed_part.html" if wants_fragment(request) else "errors/404.html"
    return _page(request, template, {"message": text}, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a page that needs no database, no session and no context processor. 503 when the database is what is away."""
    if _database_is_away():
        return database_away(request)
    if wants_json(request):
        return answer_json("server_error", _("Something broke on our side. It was written down."), 500)
    return HttpResponse(render_to_string("errors/500.html"), status=500)


def _database_is_away() -> bool:
    """Whether the error that is being handled is the database's silence (or a connection that it broke)."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, OperationalError | InterfaceError):
        error = error.__cause__ or error.__context__
    return error is not None


def database_away(request: HttpRequest) -> HttpResponse:
    """503 with a way to try again: nobody is to look for a fault that is gone in a moment."""
    response: HttpResponse
    if wants_json(request):
        response = answer_json("unavailable", _("Atrium’s database does not answer; it is usually back within a minute."), 503)
    else:
        response = HttpResponse(render_to_string("errors/database_away.html", {"back": page_of(request)}), status=503)
    response["Retry-After"] = "5"
    return response


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    frame = "base.html" if getattr(request, "person", None) else "base_bare.html"
    response = render(request, template, {**context, "layout": frame, "back": page_of(request)}, status=status)
    response["Cache-Control"] = "no-store"
    return response
