"""A person's own preferences."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import declare, plan, public
from apps.core.errors import InvalidInput
from apps.core.htmx import add_toast, page, wants_fragment
from apps.identity.forms import ProfileForm
from apps.identity.models import Account
from apps.identity.services import update_preferences
from apps.identity.services.locale import settle
from apps.identity.views.sign_on import safe_next

YEAR = 365 * 24 * 3600
COMMON_ZONES = (
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "UTC",
)


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


@lru_cache(maxsize=64)
def _zone_options(chosen: str) -> tuple[SafeString, SafeString]:
    """The options of the often used zones and of all others. Six hundred of them: made once a choice, since they cost more than the rest of the page."""

    def options(zones: Iterable[str]) -> SafeString:
        return format_html_join("", '<option value="{}"{}>{}</option>', ((zone, mark_safe(" selected") if zone == chosen else "", zone) for zone in zones))

    return options(COMMON_ZONES), options(zone for zone in _zones() if zone not in COMMON_ZONES)


@declare("identity.profile", "edit")
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change language, theme, density, time zone, single-key shortcuts."""
    account: Account = request.user  # type: ignore[assignment]
    form = ProfileForm(request.POST) if request.method == "POST" else None
    if form is not None:
        if form.is_valid() and not (errors := _saved(account, form)):
            settle(request, account)
            return _done(request, account)
        errors = form.errors if not form.is_valid() else errors  # type: ignore[assignment]
        return page(
            request,
            "identity/profile.html",
            _context(request, errors),
            fragment="identity/profile_form.html",
            status=422,
        )
    return page(request, "identity/profile.html", _context(request), fragment="identity/profile_form.html")


def _saved(account: Account, form: ProfileForm) -> dict[str, list[str]]:
    try:
        update_preferences(account=account, changes=form.cleaned_data)
    except InvalidInput as error:
        account.refresh_from_db()
        return dict(error.details["fields"])
    return {}


def _done(request: HttpRequest, account: Account) -> HttpResponse:
    if not wants_fragment(request):
        messages.success(request, _("Saved."))
        return _with_cookie(HttpResponseRedirect(request.path), account.language)
    response = page(request, "identity/profile.html", _context(request), fragment="identity/profile_form.html")
    # Language, theme and density dress the whole page, so it is loaded again.
    response["HX-Refresh"] = "true"
    return _with_cookie(add_toast(response, _("Saved.")), account.language)


def _context(request: HttpRequest, errors: object = None) -> dict[str, object]:
    common_zones, other_zones = _zone_options(request.user.time_zone)  # type: ignore[union-attr]
    return {
        "account": request.user,
        "errors": errors or {},
        "languages": settings.LANGUAGES,
        "themes": Account.Theme.choices,
        "densities": Account.Density.choices,
        "common_zones": common_zones,
        "other_zones": other_zones,
        "company_zone": settings.COMPANY_TIME_ZONE,
        "may_keys": plan(getattr(request, "person", None), "view", "insight.token").allowed,
    }


@public("language and theme can be switched on the sign-in page too")
@require_POST
def quick(request: HttpRequest) -> HttpResponse:
    """The top bar's switches: `theme` or `language`; kept in the account, or in a cookie when nobody is signed in."""
    changes = {name: request.POST[name] for name in ("theme", "language") if name in request.POST}
    if request.user.is_authenticated:
        update_preferences(account=request.user, changes=changes)  # type: ignore[arg-type]
    known = {code for code, _name in settings.LANGUAGES}
    language = changes.get("language", "")
    if wants_fragment(request) or request.headers.get("Accept", "").startswith("application/json"):
        response = HttpResponse(status=204)
    else:
        response = HttpResponseRedirect(safe_next(request, request.POST.get("next")))
    if changes.get("theme") in Account.Theme.values:
        response.set_cookie("atrium_theme", changes["theme"], max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return _with_cookie(response, language if language in known else "")


def _with_cookie(response: HttpResponse, language: str) -> HttpResponse:
    if language:
        translation.activate(language)
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
