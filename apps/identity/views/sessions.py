"""Where one is signed in, and through what."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.htmx import add_toast, page, wants_fragment
from apps.identity import registry, selectors
from apps.identity.services import digest_of, end_own


def sessions_of(request: HttpRequest) -> list[dict[str, Any]]:
    """Where the account of this request is signed in, the newest first."""
    here = request.session.session_key
    return [{"name": digest_of(row.pk), "opened_at": row.opened_at, "expires_at": row.expires_at, "via": row.via, "here": row.pk == here}
            for row in selectors.open_sessions(request.user)]  # type: ignore[arg-type]


@declare("identity.profile", "view")
@never_cache
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """The card, or a page with it alone."""
    return page(request, "identity/sessions.html", _context(request), fragment="identity/sessions_card.html")


@declare("identity.profile", "edit")
@never_cache
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End one (`name`): its pages close at once. The own one is left by signing out."""
    ended = end_own(account=request.user, name=request.POST.get("name", ""), now=clock.now())  # type: ignore[arg-type]
    words, tone = (_("Signed out there."), "ok") if ended else (_("That session is over already."), "info")
    if wants_fragment(request):
        return add_toast(render(request, "identity/sessions_card.html", _context(request)), words, tone=tone)
    messages.info(request, words)
    return HttpResponseRedirect("/profile/")


def _context(request: HttpRequest) -> dict[str, Any]:
    found = sessions_of(request)
    for one in found:
        one["through"] = registry.name_of(one["via"]) if one["via"] else ""
    return {"sessions": found, "by_chat": any(one["here"] and one["via"] for one in found), "company_account": bool(settings.OIDC_ISSUER)}
