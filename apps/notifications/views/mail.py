"""The page a mail's link leads to: the card, and the decision. Opening it decides nothing, whoever or whatever opens it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError
from apps.core.http import OutsideError
from apps.core.requests import PortalRequest
from apps.notifications import selectors
from apps.notifications.services import deciding, links

PAGE = "notifications/mail_decide.html"


@declare("notifications.notification", "view")
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: PortalRequest, token: str) -> HttpResponse:
    """GET shows, POST decides: both only for the person the mail was sent to, signed in. `?seen=`: a newer version that person has seen."""
    now = clock.now()
    try:
        asked = deciding.asked_by_mail(token=token, person=request.person, now=now)
    except links.UnableToFollow as error:
        return render(request, PAGE, {"refused": str(error), "why": error.details["why"]}, status=error.status)
    version = str(request.POST.get("version") or request.GET.get("seen") or asked.version)
    if request.method != "POST":
        return _page(request, asked, version)
    outcome = request.POST.get("outcome", "")
    try:
        deciding.decide(notification=asked.notification, person=request.person, outcome=outcome, comment=request.POST.get("comment", ""),
                        version=version, acknowledged=request.POST.getlist("acknowledge"), channel="email", now=now)
    except (DomainError, OutsideError) as error:
        return _page(request, asked, version, error)
    return HttpResponseRedirect(request.path)


def _page(request: PortalRequest, asked: deciding.Asked, version: str, error: Exception | None = None) -> HttpResponse:
    context: dict[str, Any] = {"item": selectors.rendered(asked.notification, request.person), "version": version, "token_path": request.path,
                               "comment": request.POST.get("comment", ""), "mailed_at": asked.sent_at, "undone": asked.undone}
    if error is not None:
        details = getattr(error, "details", {})
        context |= {"message": str(error), "fields": details.get("fields", {})}
    if asked.is_open:
        try:
            context["card"] = deciding.card(notification=asked.notification, person=request.person, now=clock.now(), since=version)
        except (DomainError, OutsideError) as failed:
            context["card_error"] = str(failed) or _("A system does not answer.")
    return render(request, PAGE, context, status=getattr(error, "status", 503) if error is not None else 200)
