"""Keys for programs, on the profile."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare, plan
from apps.core.errors import DomainError, InvalidInput
from apps.core.requests import PortalRequest, number
from apps.insight.policies import tokens as policies
from apps.insight.selectors import tokens as selectors
from apps.insight.services import tokens as services

DAYS = ((30, gettext_lazy("30 days")), (90, gettext_lazy("90 days")), (365, gettext_lazy("a year")))


@declare("insight.token", "view")
@require_GET
def keys(request: PortalRequest) -> HttpResponse:
    """What there is, and a form for a new one."""
    return _page(request)


@declare("insight.token", "create")
@require_POST
def key_make(request: PortalRequest) -> HttpResponse:
    """A new key; its secret stands on this answer alone."""
    scopes, days = request.POST.getlist("scopes"), number(request.POST.get("days", "")) or 0
    try:
        _row, secret = services.make_token(person=request.person, name=request.POST.get("name", "")[:200], scopes=scopes, days=days, now=clock.now())
    except InvalidInput as error:
        return _page(request, error=error)
    return _page(request, secret=secret)


@declare("insight.token", "view")
@require_POST
def key_revoke(request: PortalRequest, token_id: uuid.UUID) -> HttpResponse:
    try:
        services.revoke_token(person=request.person, token_id=token_id, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error), extra_tags="danger")
    else:
        messages.success(request, _("The key opens nothing any more."), extra_tags="ok")
    return HttpResponseRedirect("/profile/keys/")


def _page(request: PortalRequest, *, secret: str = "", error: InvalidInput | None = None) -> HttpResponse:
    now = clock.now()
    rows = [(row, policies.state(expires_at=row.expires_at, revoked_at=row.revoked_at, now=now), [policies.SCOPES[one] for one in row.scopes])
            for row in selectors.tokens_of(request.person)]  # fmt: skip
    typed = request.POST if error else {}
    context = {
        "rows": rows, "secret": secret, "errors": error.details["fields"] if error else {}, "scopes": policies.SCOPES.items(), "days": DAYS,
        "typed_name": typed.get("name", ""), "typed_scopes": request.POST.getlist("scopes") if error else ["figures"], "base": settings.PORTAL_URL,
        "may_make": plan(request.person, "create", "insight.token").allowed,
    }  # fmt: skip
    response = render(request, "insight/keys.html", context, status=error.status if error else 200)
    response["Cache-Control"] = "no-store"
    return response
